import os from 'node:os';
import { FAULT_KINDS, type FaultKind } from '../../dev/simulator/faults/index';
import type {
  FaultOptions,
  InjectedFault,
  Repository,
} from '../../dev/simulator/index';
import { until } from '../support/until';
import {
  component,
  holdAnswer,
  MINUTE,
  type Reading,
  startReading,
  startSimulator,
} from '../content/support';

// Whatever the service answers: nothing of it is taken for content, and only
// its own word that a file is gone is taken for that.

const REPOSITORY = 'https://dev.azure.com/contoso/Payments/_git/api';
const FILE = `${REPOSITORY}?path=/catalog-info.yaml`;
const GLOB = `${REPOSITORY}?path=/**/catalog-info.yaml`;

/** The pauses that throttling brings go by so many times as fast. */
const SPEED = 200;

/** Faults after which the last good content is served: the service cannot answer now. */
const TRANSIENT: ReadonlySet<string> = new Set([
  'throttled',
  'throttled-bare',
  'throttled-403',
  'server-error',
  'bad-gateway',
  'unavailable',
  'empty-200',
  'reset-before-headers',
  'close-before-headers',
  'reset-mid-body',
  'hang-mid-body',
  'hang',
  'truncate',
  'short-body',
  'short-chunked',
  'corrupt-gzip',
  'truncated-gzip',
  'drip',
  'dns-failure',
  'broken JSON',
]);
const ERRORS: Record<string, string> = {
  'sign-in-203': 'AuthenticationError',
  'sign-in-302': 'AuthenticationError',
  'sign-in-200': 'AuthenticationError',
  unauthorized: 'AuthenticationError',
  forbidden: 'NotAllowedError',
  'conditional-access': 'NotAllowedError',
  'organization-not-found': 'NotAllowedError',
  'redirect to another host': 'NotAllowedError',
  'huge-body': 'InputError',
};

const MORE: Record<string, FaultOptions> = {
  'redirect to another host': {
    response: {
      status: 302,
      headers: { Location: 'https://elsewhere.example/catalog-info.yaml' },
    },
  },
  'broken JSON': {
    response: {
      status: 200,
      headers: { 'Content-Type': 'application/json' },
      body: Buffer.from('{"objectId":'),
    },
  },
};

let world: Awaited<ReturnType<typeof startSimulator>>;
let api: Repository;
let reading: Reading;

beforeAll(async () => {
  world = await startSimulator();
  const contoso = world.simulator.addOrganization('contoso');
  contoso.grant('alice');
  api = contoso.addProject('Payments').addRepository('api', {
    files: { '/catalog-info.yaml': component('api') },
  });
});
afterAll(() => world.close());
beforeEach(() => {
  reading = startReading(world.simulator, {
    speed: SPEED,
    timeouts: {
      deadlineMs: 2_000 * SPEED,
      headersMs: 1_500 * SPEED,
      bodyMs: 1_000 * SPEED,
    },
  });
});
afterEach(async () => {
  world.simulator.faults.removeAll();
  await reading.close();
});

function inject(name: string): InjectedFault {
  return world.simulator.inject(
    MORE[name] ?? { fault: name as FaultKind, bytes: 300 * 1024 * 1024 },
  );
}

/** What came of a read: the content, that there is nothing, or the error's name. */
async function outcome(
  read: () => Promise<string | undefined>,
): Promise<string> {
  try {
    return (await read()) ?? 'nothing';
  } catch (error) {
    return (error as Error).name;
  }
}

const search = (etag?: string) => () =>
  reading.reader.search(FILE, { etag }).then(async ({ files }) => {
    return files[0] && (await files[0].content()).toString();
  });
const searchGlob = () =>
  reading.reader.search(GLOB).then(async ({ files }) => {
    return files[0] && (await files[0].content()).toString();
  });
const readUrl = () =>
  reading.reader
    .readUrl(FILE)
    .then(async response => (await response.buffer()).toString());
const readTree = () =>
  reading.reader.readTree(REPOSITORY).then(async tree => {
    const [file] = await tree.files();
    return file && (await file.content()).toString();
  });

describe.each([...FAULT_KINDS, ...Object.keys(MORE)])('the fault %s', name => {
  const expected = TRANSIENT.has(name)
    ? 'ServiceUnavailableError'
    : ERRORS[name];

  it('is an error to every read where nothing was read before', async () => {
    const fault = inject(name);
    const outcomes = await Promise.all([
      outcome(search()),
      outcome(readUrl),
      outcome(searchGlob),
      outcome(readTree),
    ]);
    expect(outcomes).toEqual([expected, expected, expected, expected]);
    expect(fault.hits).toBeGreaterThan(0);
  });

  it('changes nothing that was read before, and ends with the fault', async () => {
    const good = component('api');
    const { etag } = await reading.reader.search(FILE);
    expect(await outcome(readUrl)).toBe(good);
    reading.pass(91 * MINUTE);

    const fault = inject(name);
    const served = TRANSIENT.has(name);
    const [conditional, unconditional] = await Promise.all([
      outcome(search(etag)),
      outcome(readUrl),
    ]);
    const outcomes = { conditional, unconditional };
    expect(outcomes).toEqual(
      served
        ? { conditional: 'NotModifiedError', unconditional: good }
        : { conditional: expected, unconditional: expected },
    );
    expect(
      reading.logs.filter(
        ({ level, message }) =>
          level === 'warn' && message.includes('cannot answer at the moment'),
      ),
    ).toHaveLength(served ? 1 : 0);
    fault.remove();

    const { commitId } = api.push({
      files: { '/catalog-info.yaml': component('api', name) },
    });
    reading.content.invalidate(api.id);
    await until('the new content', async () => {
      return (await outcome(readUrl)) === component('api', name);
    });
    expect(commitId).toBe(api.branch('main')!.id);
    api.push({ files: { '/catalog-info.yaml': good } });
  });
});

describe('the last good content', () => {
  it('is served for six hours at most', async () => {
    await reading.reader.readUrl(FILE);
    const fault = inject('unavailable');
    reading.pass(5 * 60 * MINUTE);
    expect(await outcome(readUrl)).toBe(component('api'));
    reading.pass(2 * 60 * MINUTE);
    expect(await outcome(readUrl)).toBe('ServiceUnavailableError');
    fault.remove();
  });

  it('is not served to a denied credential, unless the service was throttling', async () => {
    await reading.reader.readUrl(FILE);
    reading.pass(91 * MINUTE);
    const denied = inject('unauthorized');
    expect(await outcome(readUrl)).toBe('AuthenticationError');
    denied.remove();

    await reading.reader.readUrl(FILE);
    reading.pass(91 * MINUTE);
    let first = true;
    const fault = world.simulator.inject({
      response: () => {
        const answer = first
          ? { status: 429, headers: { 'Content-Type': 'text/plain' }, body: '' }
          : { status: 401 };
        first = false;
        return answer;
      },
    });
    expect(await outcome(readUrl)).toBe(component('api'));
    fault.remove();
  });

  it.each(['unauthorized', 'forbidden', 'organization-not-found'])(
    'is not served once it was denied (%s), even if the service then cannot answer',
    async name => {
      await reading.reader.readUrl(FILE);
      reading.pass(91 * MINUTE);
      const denied = inject(name);
      expect(await outcome(readUrl)).toBe(ERRORS[name]);
      denied.remove();
      const fault = inject('unavailable');
      expect(await outcome(readUrl)).toBe('ServiceUnavailableError');
      fault.remove();
      expect(await outcome(readUrl)).toBe(component('api'));
    },
  );

  it('is asked for by placeholders again once another plugin was denied it', async () => {
    const { reader, interactiveReader } = reading;
    await reader.readUrl(FILE);
    const denied = inject('forbidden');
    const other = () => interactiveReader.readUrl(FILE).then(() => 'content');
    expect(await outcome(other)).toBe('NotAllowedError');
    expect(await outcome(readUrl)).toBe('NotAllowedError');
    denied.remove();
  });

  it('is not brought back, when the file is gone, by an answer that was asked for before', async () => {
    const { etag } = await reading.reader.search(FILE);
    reading.content.invalidate(api.id);
    const { fault: slow, release } = holdAnswer(world.simulator);
    const first = outcome(readUrl);
    await until('the request', () => slow.hits === 1);
    api.push({ files: { '/catalog-info.yaml': null } });
    expect(await outcome(search(etag))).toBe('nothing');
    release();
    expect(await first).toBe(component('api'));
    expect(await outcome(readUrl)).toBe('NotFoundError');
    api.push({ files: { '/catalog-info.yaml': component('api') } });
  });
});

it('where the disk takes no file, a glob of many files is read one by one', async () => {
  const paths = Array.from(
    { length: 30 },
    (_, i) => `/s${i}/catalog-info.yaml`,
  );
  world.simulator
    .organization('contoso')
    .project('Payments')
    .addRepository('many', {
      files: Object.fromEntries(
        paths.map(path => [path, component(path.slice(1, 4))]),
      ),
    });
  const folder = jest.spyOn(os, 'tmpdir').mockReturnValue('/no/such/folder');
  try {
    const { files } = await reading.reader.search(
      'https://dev.azure.com/contoso/Payments/_git/many?path=/**/catalog-info.yaml',
    );
    const contents = await Promise.all(files.map(file => file.content()));
    expect(contents).toHaveLength(30);
    expect(contents.every(it => it.includes('kind: Component'))).toBe(true);
  } finally {
    folder.mockRestore();
  }
});
