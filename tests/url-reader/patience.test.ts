import type { InjectedFault } from '../../dev/simulator/index';
import { until } from '../support/until';
import {
  MINUTE,
  type Reading,
  startReading,
  startSimulator,
} from '../content/support';

// Requests that are not answered, or not soon: what those who wait get, and
// what becomes of the requests.

const NAMES = ['a', 'b', 'c', 'd'];
/** Not UTF-8, so that the content is read as a blob. */
const binary = (text: string) => Buffer.from([0xff, ...Buffer.from(text)]);
const urlOf = (name: string) =>
  `https://dev.azure.com/contoso/Payments/_git/${name}?path=/logo.png`;

let world: Awaited<ReturnType<typeof startSimulator>>;
let reading: Reading;
let tokens: Promise<void>;

beforeAll(async () => {
  world = await startSimulator();
  const contoso = world.simulator.addOrganization('contoso');
  contoso.grant('alice');
  const payments = contoso.addProject('Payments');
  for (const name of NAMES) {
    payments.addRepository(name, { files: { '/logo.png': binary('before') } });
  }
});
afterAll(() => world.close());
beforeEach(() => {
  tokens = Promise.resolve();
});
afterEach(async () => {
  for (const name of NAMES) {
    repository(name).push({ files: { '/logo.png': binary('before') } });
  }
  world.simulator.faults.removeAll();
  await reading.close();
});

function repository(name: string) {
  return world.simulator.organizations
    .find('contoso', 'cloud')!
    .project('Payments')
    .repository(name);
}

async function read(name: string): Promise<string> {
  const response = await reading.reader.readUrl(urlOf(name));
  return (await response.buffer()).subarray(1).toString();
}

const readAll = () => Promise.all(NAMES.map(name => read(name)));

function hang(...endpoint: string[]): InjectedFault {
  return world.simulator.inject({ match: { endpoint }, fault: 'hang' });
}

describe('a read that Azure DevOps does not answer', () => {
  /** Longer than the connection of a busy machine takes, and shorter than any deadline of a request. */
  const withLastGoodMs = 500;

  it.each<[string, () => unknown]>([
    ['a token', () => (tokens = new Promise(() => {}))],
    ['the names of repositories', () => hang('repository', 'repositories')],
    ['the object id of a file', () => hang('items')],
    ['the content of a file', () => hang('blobs')],
    ['anything', () => hang('repository', 'repositories', 'items', 'blobs')],
  ])(
    'gives the last good content when patience ends, while %s does not come',
    async (_what, stop) => {
      reading = startReading(world.simulator, {
        patience: { withLastGoodMs, withoutMs: 60_000 },
        beforeToken: () => tokens,
      });
      const before = await readAll();
      for (const name of NAMES) {
        repository(name).push({ files: { '/logo.png': binary('after') } });
      }
      // Longer than names, files and contents are fresh.
      reading.pass(91 * MINUTE);
      stop();

      expect(await readAll()).toEqual(before);
      // Nor does the next read wait for the answer that does not come.
      for (const content of await readAll()) {
        expect(['before', 'after']).toContain(content);
      }
    },
  );
});

describe('a request that several readers wait for', () => {
  /** Longer than a busy machine takes for what is to happen before it ends. */
  const patience = { withLastGoodMs: 1_000, withoutMs: 60_000 };

  /** Starts with the content of the first read in memory, and holds back the requests after it. */
  async function start() {
    reading = startReading(world.simulator, { patience });
    await read('a');
    repository('a').push({ files: { '/logo.png': binary('after') } });
    let release = () => {};
    const held = new Promise<void>(resolve => {
      release = resolve;
    });
    const arrived: Array<AbortSignal | undefined> = [];
    world.simulator.inject({
      match: { endpoint: 'items' },
      response: async ({ signal }, proceed) => {
        arrived.push(signal);
        await held;
        return proceed();
      },
    });
    return { arrived, release };
  }

  /** A read that asks, whatever is fresh. */
  async function ask(signal?: AbortSignal): Promise<string> {
    const { interactiveReader } = reading;
    const response = await interactiveReader.readUrl(urlOf('a'), { signal });
    return (await response.buffer()).subarray(1).toString();
  }

  it('is aborted when the last of them gives up, also if the patience of another had ended before', async () => {
    const { arrived, release } = await start();
    expect(await ask()).toBe('before');
    await until('the request', () => arrived.length > 0);
    const abort = new AbortController();
    const second = ask(abort.signal);
    // So that it waits for the request as well.
    await new Promise(resolve => setImmediate(resolve));
    abort.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');

    await until('the request to be aborted', () => arrived[0]?.aborted);
    expect(arrived).toHaveLength(1);
    release();
  });

  it('goes on when one of them gives up', async () => {
    const { arrived, release } = await start();
    reading.content.invalidate(repository('a').id);
    const abort = new AbortController();
    const first = ask(abort.signal);
    const second = ask();
    await until('the request', () => arrived.length > 0);
    abort.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    expect(arrived[0]!.aborted).toBe(false);
    release();
    await second;
    expect(arrived).toHaveLength(1);
  });

  it('goes on when their patience ends, and its answer is there for the next read', async () => {
    const { arrived, release } = await start();
    expect(await ask()).toBe('before');
    release();
    await until('the answer', async () => (await read('a')) === 'after');
    expect(arrived).toHaveLength(1);
  });

  it('is not repeated by each of them when it fails', async () => {
    reading = startReading(world.simulator);
    await read('a');
    const fault = world.simulator.inject({
      match: { endpoint: 'items' },
      fault: 'forbidden',
    });
    const reads = Array.from({ length: 20 }, () => ask());
    const outcomes = await Promise.allSettled(reads);
    expect(outcomes.map(({ status }) => status)).toEqual(
      reads.map(() => 'rejected'),
    );
    expect(fault.hits).toBe(1);
  });
});

describe('a reader that is closed with the backend', () => {
  const unavailable = { name: 'ServiceUnavailableError' };

  it('fails every read as unavailable', async () => {
    reading = startReading(world.simulator);
    await read('a');
    await reading.close();
    for (const url of [
      urlOf('a'),
      urlOf('b'),
      urlOf('a').replace('contoso', 'another'),
    ]) {
      const { reader, interactiveReader } = reading;
      await expect(reader.readUrl(url)).rejects.toMatchObject(unavailable);
      await expect(reader.search(url)).rejects.toMatchObject(unavailable);
      await expect(interactiveReader.readTree(url)).rejects.toMatchObject(
        unavailable,
      );
    }
  });

  it('fails the reads that are waiting as unavailable', async () => {
    reading = startReading(world.simulator);
    const fault = hang('items');
    const result = expect(read('a')).rejects.toMatchObject(unavailable);
    await until('the request', () => fault.hits > 0);
    await reading.close();
    await result;
  });
});
