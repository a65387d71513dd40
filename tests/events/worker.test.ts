import { DueWorker } from '../../src/events/worker';
import type { ConnectedProvider } from '../../src/ingestion/provider';
import { DueRepositories, HOLD_MS } from '../../src/ledger/due';
import { TABLES } from '../../src/ledger/rows';
import { openLedger, ORGANIZATION } from '../ledger/support';
import { DATABASES } from '../support/databases';
import { recordingLogger, type LogLine } from '../support/logs';
import { until } from '../support/until';

const PROVIDER = 'test';

describe.each(DATABASES)('what events made due, on %s,', database => {
  let opened: Awaited<ReturnType<typeof openLedger>>;
  beforeAll(async () => {
    opened = await openLedger(database);
  });
  beforeEach(async () => {
    await opened.knex(TABLES.due).delete();
  });
  afterAll(() => opened.destroy());

  function process(
    holder: string,
    lookAt: ConnectedProvider['lookAtDue'],
    rest = async (_ms: number): Promise<void> => {},
  ) {
    const logs: LogLine[] = [];
    const due = new DueRepositories(opened.knex, holder);
    let now = 0;
    const worker = new DueWorker({
      provider: PROVIDER,
      due,
      lookAt,
      logger: recordingLogger(logs),
      now: () => now,
      rest,
    });
    const announce = async (...ids: string[]) => {
      await due.add(
        ids.map(repositoryId => ({
          provider: PROVIDER,
          organization: ORGANIZATION,
          projectId: 'p',
          repositoryId,
        })),
      );
      worker.wake(ORGANIZATION);
    };
    return {
      due,
      worker,
      logs,
      announce,
      pass: (milliseconds: number) => (now += milliseconds),
    };
  }

  const rows = async (): Promise<unknown[]> => await opened.knex(TABLES.due);

  it('and could not be looked at is warned of once a minute, with a cause and how often', async () => {
    let looks = 0;
    const { worker, logs, announce, pass } = process(
      'me',
      async (_organization, taken) => {
        looks += 1;
        return { failed: taken, reasons: taken.map(() => '503 of a test') };
      },
    );
    for (let minute = 0; minute < 2; minute++) {
      for (let event = 0; event < 5; event++) {
        await announce('r1', 'r2');
        await until('the look', () => looks === minute * 5 + event + 1);
      }
      pass(60_000);
    }
    await worker.close();
    const warnings = logs.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^test: 2 of the .*: 503 of a test$/),
      expect.stringMatching(
        /503 of a test \(and 4 more since the last such line\)$/,
      ),
    ]);
  });

  it('is looked at with a rest three times as long as the last look, a second at most, and what is announced meanwhile is one look', async () => {
    const looked: string[][] = [];
    const rests: Array<{ ms: number; end: () => void }> = [];
    const { worker, announce, pass } = process(
      'me',
      async (_organization, taken) => {
        looked.push(taken.map(({ repositoryId }) => repositoryId).sort());
        pass(looked.length === 1 ? 300 : 5_000);
        return { failed: [], reasons: [] };
      },
      async ms => await new Promise<void>(end => rests.push({ ms, end })),
    );
    await announce('r1');
    await until('a rest', () => rests.length === 1);
    await announce('r2');
    await announce('r1', 'r2');
    await announce('r3');
    expect(looked).toEqual([['r1']]);
    rests[0]?.end();
    await until('a rest', () => rests.length === 2);
    expect(looked).toEqual([['r1'], ['r1', 'r2', 'r3']]);
    expect(rests.map(({ ms }) => ms)).toEqual([900, 1_000]);
    rests[1]?.end();
    await worker.close();
  });

  it('is looked at in the order in which it was announced first, however often the rest is announced again', async () => {
    const { due, worker, announce } = process('me', async () => {
      throw new Error('It does not look');
    });
    // It only writes down what is announced.
    await worker.close();
    for (const [id, ageMs] of Object.entries({ r1: 0, r3: 2_000, r2: 1_000 })) {
      await announce(id);
      await opened
        .knex(TABLES.due)
        .where({ repository_id: id })
        .decrement('since', ageMs);
    }
    await announce('r1', 'r2');
    const idsOf = async (limit: number) =>
      (await due.take(PROVIDER, ORGANIZATION, limit)).map(
        ({ repositoryId }) => repositoryId,
      );
    expect(await idsOf(50)).toEqual(['r3', 'r2', 'r1']);
    expect(await idsOf(1)).toEqual(['r3']);
  });

  it('is tried again for ten minutes by the clock of the database, however wrong that of the process is', async () => {
    let looks = 0;
    const { worker, announce, pass } = process('me', async (_key, taken) => {
      looks += 1;
      return { failed: taken, reasons: [] };
    });
    pass(Date.now() + 86_400_000);
    await announce('r1');
    await until('the look', async () => {
      const held = await opened.knex(TABLES.due).where({ holder: 'me' });
      return looks === 1 && held.length === 0;
    });
    expect(await rows()).toHaveLength(1);

    await opened
      .knex(TABLES.due)
      .decrement('since', 600_001)
      .update({ until: 0 });
    worker.wake(ORGANIZATION);
    await until('the end', async () => (await rows()).length === 0);
    expect(looks).toBe(2);
    await worker.close();
  });

  it('is left to the others at once by a process that stops, and when its lease ends by one that is killed', async () => {
    const looked: string[] = [];
    const killed = process('killed', async () => {
      throw new Error('It is not woken');
    });
    const stopped = process(
      'stopped',
      async (_organization, _taken, signal) => {
        await new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason)),
        );
        return { failed: [], reasons: [] };
      },
    );
    const other = process('other', async (_organization, taken) => {
      looked.push(...taken.map(({ repositoryId }) => repositoryId));
      return { failed: [], reasons: [] };
    });
    await killed.due.add([
      {
        provider: PROVIDER,
        organization: ORGANIZATION,
        projectId: 'p',
        repositoryId: 'of the killed',
      },
    ]);
    await stopped.announce('of the stopped');
    await stopped.worker.close();
    await stopped.due.release();
    other.worker.wake(ORGANIZATION);
    await until('the look', async () => (await rows()).length === 1);
    expect(looked).toEqual(['of the stopped']);

    await opened.knex(TABLES.due).decrement('until', HOLD_MS + 1);
    other.worker.wake(ORGANIZATION);
    await until('the look', async () => (await rows()).length === 0);
    expect(looked).toEqual(['of the stopped', 'of the killed']);
    await other.worker.close();
  });
});
