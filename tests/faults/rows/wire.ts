import type { FaultKind } from '../../../dev/simulator';
import { accelerated } from '../stage/clock';
import { outage, type Phase } from '../stage/outage';
import type { Row } from '../stage/row';
import {
  endAllFaults,
  everywhereThenOnFiles,
  oneAfterTheOther,
} from './credentials';

/** Pauses and deadlines are minutes long. */
const FACTOR = { pauses: 600, deadlines: 60 };
/** Each costs its deadline several times, so only one is struck. */
const ONE = 'repository-003';

const EXPECTED =
  'All unknown: nothing goes, the error names the cause, the next refresh is whole.';

function broken(
  fault: FaultKind,
  name: string,
  injected: string,
  failsWith: RegExp,
): Row {
  return outage({
    group: 3,
    name,
    injected: `${injected} of everything; then of the files alone`,
    expected: EXPECTED,
    settings: () => accelerated(FACTOR.pauses, { deadlines: 'real' }),
    during: everywhereThenOnFiles(fault, failsWith),
    end: endAllFaults,
  });
}

function endless(
  fault: FaultKind,
  name: string,
  injected: string,
  failsWith: RegExp,
): Row {
  return outage({
    group: 3,
    name,
    injected: `${injected} of the list; then of one file`,
    expected: EXPECTED,
    settings: () => accelerated(FACTOR.deadlines, { deadlines: 'accelerated' }),
    during: onListThenOnOne(fault, failsWith),
    end: endAllFaults,
  });
}

function onListThenOnOne(
  fault: FaultKind,
  failsWith: RegExp,
): readonly Phase[] {
  return oneAfterTheOther(fault, failsWith, [
    { endpoint: 'repositories' },
    { endpoint: 'items', repository: ONE },
  ]);
}

/** Group 3: the service or the network fails. */
export const WIRE_ROWS: readonly Row[] = [
  broken('server-error', '500', 'a 500 in place', /contoso.*500/s),
  broken('unavailable', '503 HTML', 'a 503 page in place', /contoso.*503/s),
  broken('empty-200', 'empty 200', 'a 200 without a body in place', /contoso/),
  broken(
    'reset-before-headers',
    'reset before headers',
    'the connection reset instead of an answer, in place',
    /contoso/,
  ),
  broken(
    'reset-mid-body',
    'reset mid-body',
    'the connection reset in the middle of the answer, in place',
    /contoso/,
  ),
  broken(
    'truncate',
    'truncated JSON',
    'the first half of the answer, as if it were the whole, in place',
    /contoso/,
  ),
  broken(
    'short-body',
    'short body',
    'fewer bytes than Content-Length says, in place',
    /contoso/,
  ),
  broken(
    'corrupt-gzip',
    'corrupt gzip',
    'damaged compressed bytes in place',
    /contoso/,
  ),
  endless(
    'drip',
    'a body that drips for ever',
    'a byte now and then, for ever, in place',
    /contoso/,
  ),
  endless(
    'hang',
    'a request that hangs',
    'no answer at all, the connection open, in place',
    /contoso/,
  ),
  endless(
    'hang-mid-body',
    'an answer that hangs mid-body',
    'half of the answer, then nothing, in place',
    /contoso/,
  ),
  outage({
    group: 3,
    name: 'DNS failure',
    injected: 'the name dev.azure.com cannot be resolved; open tunnels are cut',
    expected: 'Nothing goes; the error names every organization.',
    strikes: 'all',
    settings: () => accelerated(FACTOR.pauses, { deadlines: 'real' }),
    during: [
      {
        begin(stage) {
          stage.simulator.inject({ fault: 'dns-failure' });
          stage.simulator.resetConnections();
        },
        refreshes: 2,
        failsWith: /contoso.*fabrikam.*tailspin|dev\.azure\.com/s,
      },
    ],
    end: endAllFaults,
  }),
  outage({
    group: 3,
    name: 'a body of 2 GB',
    injected: '2 GB in place of the list; then of one file',
    expected: 'It is not read to the end: unknown, an error, nothing goes.',
    during: onListThenOnOne('huge-body', /contoso/),
    end: endAllFaults,
  }),
];
