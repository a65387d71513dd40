import { FAULT_KINDS, type FaultKind } from '../faults';
import type { Simulator } from '../simulator';
import { Arguments, ControlError } from './arguments';
import type { Operation } from './operation';

/** Faults, and what was asked. */
export const TRAFFIC_OPERATIONS: Readonly<Record<string, Operation>> = {
  inject: {
    takes: [
      'match',
      'times',
      'skip',
      'response',
      'fault',
      'headers',
      'delayMs',
      'bytes',
      'intervalMs',
    ],
    run: (simulator, args) => ({ id: inject(simulator, args) }),
  },
  faults: {
    takes: [],
    run: simulator =>
      simulator.faults.list().map(({ id, hits }) => ({ id, hits })),
  },
  removeFault: {
    takes: ['id'],
    run: (simulator, args) => {
      const id = args.optionalNumber('id') ?? 0;
      if (!simulator.faults.remove(id)) {
        throw new ControlError(`There is no fault ${id}`);
      }
    },
  },
  removeFaults: { takes: [], run: simulator => simulator.faults.removeAll() },
  resetConnections: {
    takes: [],
    run: simulator => simulator.resetConnections(),
  },
  requests: {
    takes: [
      'endpoint',
      'identity',
      'organization',
      'method',
      'host',
      'status',
      'limit',
    ],
    run: (simulator, args) =>
      simulator.requests
        .list(filterOf(args))
        .slice(-(args.optionalNumber('limit') ?? 100)),
  },
  countRequests: {
    takes: ['endpoint', 'identity', 'organization', 'method', 'host', 'status'],
    run: (simulator, args) => {
      const filter = filterOf(args);
      return {
        count: simulator.requests.count(filter),
        bytes: simulator.requests.bytes(filter),
      };
    },
  },
  totals: { takes: [], run: simulator => simulator.requests.totals() },
  resetRequests: { takes: [], run: simulator => simulator.requests.reset() },
};

const MATCH_KEYS = [
  'method',
  'host',
  'door',
  'organization',
  'project',
  'repository',
  'endpoint',
  'identity',
  'pathname',
  'search',
  'probability',
  'every',
] as const;
const RESPONSE_KEYS = ['status', 'headers', 'body', 'json'] as const;

function inject(simulator: Simulator, args: Arguments): number {
  const match = new Arguments(args.optionalRecord('match') ?? {}, MATCH_KEYS);
  const response = args.optionalRecord('response');
  const fault = simulator.inject({
    match: {
      method: match.optionalText('method'),
      host: match.optionalMatch('host'),
      door: match.optionalChoice('door', ['cloud', 'server', 'metadata']),
      organization: match.optionalMatch('organization'),
      project: match.optionalMatch('project'),
      repository: match.optionalMatch('repository'),
      endpoint: match.optionalMatch('endpoint'),
      identity: match.optionalMatch('identity'),
      pathname: match.optionalRegExp('pathname'),
      search: match.optionalRegExp('search'),
      probability: match.optionalNumber('probability'),
      every: match.optionalNumber('every'),
    },
    times: args.optionalNumber('times'),
    skip: args.optionalNumber('skip'),
    response: response && responseOf(new Arguments(response, RESPONSE_KEYS)),
    fault: args.optionalChoice('fault', FAULT_KINDS as readonly FaultKind[]),
    headers: textsOf(args.optionalRecord('headers')),
    delayMs: args.optionalNumber('delayMs'),
    bytes: args.optionalNumber('bytes'),
    intervalMs: args.optionalNumber('intervalMs'),
  });
  return fault.id;
}

function responseOf(args: Arguments) {
  return {
    status: args.optionalNumber('status') ?? 200,
    headers: textsOf(args.optionalRecord('headers')),
    body: args.optionalText('body') ?? args.optionalRecord('json'),
  };
}

function textsOf(
  record: Record<string, unknown> | undefined,
): Record<string, string> | undefined {
  return (
    record &&
    Object.fromEntries(
      Object.entries(record).map(([name, value]) => [name, String(value)]),
    )
  );
}

function filterOf(args: Arguments) {
  return {
    endpoint: args.optionalText('endpoint'),
    identity: args.optionalText('identity'),
    organization: args.optionalText('organization'),
    method: args.optionalText('method'),
    host: args.optionalText('host'),
    status: args.optionalNumber('status'),
  };
}
