import { randomUUID } from 'node:crypto';
import { EventListener } from '../../src/events/listener';
import { TOPIC } from '../../src/events/notification';
import { DueRepositories, HOLD_MS } from '../../src/ledger/due';
import { TABLES } from '../../src/ledger/rows';
import { DATABASES } from '../support/databases';
import { openLedger, ORGANIZATION, present, probe } from '../ledger/support';
import { LIFECYCLE_FORMS, PUSH_FORMS, pushTo } from './payloads';

const KNOWN = '278d5cd2-584d-4b63-824a-2ba458937249';
const NEW = '278d5cd2-584d-4b63-824a-2ba458937250';
const UNSELECTED = '278d5cd2-584d-4b63-824a-2ba458937251';
const PROJECT = '6ce954b1-ce1f-45d1-b94d-e6bf2464ba2c';
const PROVIDER = 'AzureDevOpsEntityProvider:test';

describe.each(DATABASES)('events, with the ledger on %s', kind => {
  let opened: Awaited<ReturnType<typeof openLedger>>;
  beforeAll(async () => {
    opened = await openLedger(kind);
    const { ledger } = opened;
    await ledger.recordProbes(
      [
        probe(KNOWN, [present(['api'])], {
          startTicket: 0,
          projectId: PROJECT,
        }),
      ],
      1,
    );
  });
  beforeEach(async () => {
    await opened.knex(TABLES.due).delete();
  });
  afterAll(() => opened.destroy());

  function listen({ branch }: { branch?: string } = {}) {
    const due = new DueRepositories(opened.knex, 'me');
    const woken: string[] = [];
    const warnings: string[] = [];
    const debug: string[] = [];
    const outcomes: string[] = [];
    const invalidated: string[] = [];
    const logger = {
      debug: (message: string) => void debug.push(message),
      info() {},
      error() {},
      warn: (message: string) => void warnings.push(message),
      child: () => logger,
    };
    let now = 0;
    const listener = new EventListener({
      due,
      providers: new Map([
        [
          PROVIDER,
          {
            branch,
            isUnselected: (_organization, id) => id === UNSELECTED,
            wake: () => void woken.push(PROVIDER),
          },
        ],
      ]),
      invalidate: id => void invalidated.push(id),
      onTaken: (event, outcome) => void outcomes.push(`${event} ${outcome}`),
      logger,
      now: () => now,
    });
    return {
      due,
      woken,
      warnings,
      debug,
      outcomes,
      invalidated,
      deliver: (eventPayload: unknown, topic = TOPIC) =>
        listener.onEvent({ topic, eventPayload }),
      pass: (milliseconds: number) => (now += milliseconds),
      taken: () => due.take(PROVIDER, ORGANIZATION, 100),
    };
  }

  it.each([...PUSH_FORMS, ...LIFECYCLE_FORMS])(
    'make the repository due: $eventType $form',
    async ({ payload }) => {
      const { deliver, taken, woken } = listen();
      await deliver(payload({ repositoryId: KNOWN, projectId: PROJECT }));
      const [it] = await taken();
      expect(it).toMatchObject({ organization: ORGANIZATION });
      expect([KNOWN, '']).toContain(it?.repositoryId);
      expect(woken).toEqual([PROVIDER]);
    },
  );

  it('make a repository due that is new in a known project', async () => {
    const { deliver, taken } = listen();
    await deliver(pushTo('main', { repositoryId: NEW, projectId: PROJECT }));
    expect(await taken()).toMatchObject([
      { repositoryId: NEW, projectId: PROJECT },
    ]);
  });

  it.each([
    [
      'a push to another branch',
      pushTo('wip', { repositoryId: KNOWN, projectId: PROJECT }),
    ],
    [
      'a repository that is not selected',
      pushTo('main', { repositoryId: UNSELECTED, projectId: PROJECT }),
    ],
    [
      'a project that is not known',
      pushTo('main', { repositoryId: NEW, projectId: NEW }),
    ],
    ['a work item', { eventType: 'workitem.updated', resource: { id: 5 } }],
    ['nothing', null],
  ])('make nothing due for %s', async (_what, payload) => {
    const { deliver, taken, woken, warnings } = listen();
    await deliver(payload);
    expect(await taken()).toEqual([]);
    expect(woken).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it('make a repository due by a push to whichever branch while its last look failed: it may read another by now', async () => {
    const { ledger } = opened;
    await ledger.recordProbes(
      [
        probe(KNOWN, [], {
          startTicket: await ledger.currentTicket(),
          projectId: PROJECT,
          unknown: '503 of a test',
        }),
      ],
      2,
    );
    const { deliver, taken } = listen();
    await deliver(pushTo('wip', { repositoryId: KNOWN, projectId: PROJECT }));
    expect(await taken()).toMatchObject([{ repositoryId: KNOWN }]);
    await ledger.recordProbes(
      [
        probe(KNOWN, [], {
          startTicket: await ledger.currentTicket(),
          projectId: PROJECT,
        }),
      ],
      3,
    );
  });

  it('make a repository due by a push to the branch that the configuration names, and by no other', async () => {
    const { deliver, taken } = listen({ branch: 'next' });
    await deliver(pushTo('main', { repositoryId: KNOWN, projectId: PROJECT }));
    await deliver(pushTo('main', { repositoryId: NEW, projectId: PROJECT }));
    expect(await taken()).toEqual([]);
    await deliver(pushTo('next', { repositoryId: KNOWN, projectId: PROJECT }));
    await deliver(pushTo('next', { repositoryId: NEW, projectId: PROJECT }));
    expect((await taken()).map(it => it.repositoryId).sort()).toEqual([
      KNOWN,
      NEW,
    ]);
  });

  it('that come under two topics count once', async () => {
    const { deliver, taken, outcomes } = listen();
    const payload = pushTo('main', { repositoryId: KNOWN, projectId: PROJECT });
    await deliver(payload, TOPIC);
    await deliver(payload, `${TOPIC}.git.push`);
    expect(await taken()).toMatchObject([{ version: 1 }]);
    expect(outcomes).toEqual(['git.push due']);
  });

  it('of one repository are one thing to do, which comes up again if one comes while it is done', async () => {
    const { deliver, taken, due } = listen();
    const push = () =>
      deliver(pushTo('main', { repositoryId: KNOWN, projectId: PROJECT }));
    for (let i = 0; i < 20; i++) {
      await push();
    }
    const first = await taken();
    expect(first).toHaveLength(1);
    await push();
    await due.done(first);
    const second = await taken();
    expect(second).toHaveLength(1);
    await due.done(second);
    expect(await taken()).toEqual([]);
  });

  it('that come at once are written down together: fifty at once cost no more statements than three', async () => {
    const { deliver, taken } = listen();
    const statements = async (events: number) => {
      let count = 0;
      const note = () => (count += 1);
      opened.knex.on('query', note);
      await Promise.all(
        Array.from({ length: events }, (_, i) =>
          deliver(
            pushTo(i % 2 === 0 ? 'main' : 'wip', {
              repositoryId: KNOWN,
              projectId: PROJECT,
            }),
          ),
        ),
      );
      opened.knex.removeListener('query', note);
      return count;
    };
    // Who has them, what is due and announced, and that something came.
    const few = kind === 'postgres' ? 3 : 4;
    expect(await statements(3)).toBe(few);
    expect(await statements(50)).toBe(few);
    expect(await taken()).toMatchObject([{ repositoryId: KNOWN }]);
  });

  it('of a known repository are one thing to do, whatever project they say that it is in', async () => {
    const { deliver, taken } = listen();
    for (let i = 10; i < 30; i++) {
      const projectId = `${i}${NEW.slice(2)}`;
      await deliver(pushTo('main', { repositoryId: KNOWN, projectId }));
    }
    expect(await taken()).toMatchObject([
      { repositoryId: KNOWN, projectId: PROJECT },
    ]);
    expect(
      await opened.knex(TABLES.projectEvents).distinct().pluck('project_id'),
    ).toEqual([PROJECT]);
  });

  it('of the same repositories that two processes take at once, in another order each, are all written down', async () => {
    const things = Array.from({ length: 300 }, (_, i) => ({
      provider: PROVIDER,
      organization: ORGANIZATION,
      projectId: PROJECT,
      repositoryId: `${i + 100}${NEW.slice(3)}`,
    }));
    const orders = [things, [...things].reverse()];
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        orders.map(async (order, i) => {
          await new DueRepositories(opened.knex, `process ${i}`).add(order);
        }),
      );
    }
    expect(await opened.knex(TABLES.due)).toHaveLength(things.length);
  });

  it('that a process took and did not live to look at are for another', async () => {
    const { deliver } = listen();
    await deliver(pushTo('main', { repositoryId: KNOWN, projectId: PROJECT }));
    const other = new DueRepositories(opened.knex, 'other');
    expect(await other.take(PROVIDER, ORGANIZATION, 9)).toEqual([]);
    await opened.knex(TABLES.due).decrement('until', HOLD_MS + 1_000);
    expect(await other.organizations(PROVIDER)).toEqual([ORGANIZATION]);
    expect(await other.take(PROVIDER, ORGANIZATION, 9)).toHaveLength(1);
    const third = new DueRepositories(opened.knex, 'third');
    expect(await third.take(PROVIDER, ORGANIZATION, 9)).toEqual([]);
  });

  it('end what is cached of the repository, whoever has it', async () => {
    const { deliver, invalidated } = listen();
    await deliver(pushTo('wip', { repositoryId: NEW, projectId: NEW }));
    expect(invalidated).toEqual([NEW]);
  });

  it('that concern nothing that is known cost one line a minute at level debug, with how many more came', async () => {
    const { deliver, debug, outcomes, pass } = listen();
    const pushOf = (id: string) =>
      deliver(pushTo('main', { repositoryId: id, projectId: id }));
    for (let i = 0; i < 20; i++) {
      await pushOf(randomUUID());
    }
    expect(debug).toHaveLength(1);
    pass(61_000);
    await pushOf(NEW);
    expect(debug).toHaveLength(2);
    expect(debug[1]).toBe(
      `git.push of repository ${NEW} concerns nothing that is known (and 19 more since the last such line)`,
    );
    await deliver(pushTo('wip', { repositoryId: KNOWN, projectId: PROJECT }));
    expect(debug[2]).toBe(
      `git.push of repository ${KNOWN} concerns nothing that is selected`,
    );
    expect(outcomes).toEqual(Array(22).fill('git.push irrelevant'));
  });

  it('that the database does not take at first, as when a connection is cut, are taken all the same', async () => {
    const { deliver, taken, warnings, outcomes } = listen();
    let failures = 0;
    const failOnce = ({ sql }: { sql: string }) => {
      if (failures === 0 && sql.includes(TABLES.due)) {
        failures += 1;
        throw new Error('Connection terminated unexpectedly');
      }
    };
    opened.knex.on('query', failOnce);
    try {
      await deliver(
        pushTo('main', { repositoryId: KNOWN, projectId: PROJECT }),
      );
    } finally {
      opened.knex.removeListener('query', failOnce);
    }
    expect(failures).toBe(1);
    expect(await taken()).toMatchObject([{ repositoryId: KNOWN }]);
    expect(warnings).toEqual([]);
    expect(outcomes).toEqual(['git.push due']);
  });

  it('that the database does not take cost a warning a minute, and nothing else', async () => {
    const { deliver, warnings, outcomes, pass } = listen();
    const push = () =>
      deliver(pushTo('main', { repositoryId: KNOWN, projectId: PROJECT }));
    await opened.knex.schema.renameTable(TABLES.due, 'elsewhere');
    try {
      await push();
      await push();
      await push();
      expect(warnings).toHaveLength(1);
      pass(61_000);
      await push();
    } finally {
      await opened.knex.schema.renameTable('elsewhere', TABLES.due);
    }
    expect(outcomes).toEqual(Array(4).fill('git.push failed'));
    expect(warnings).toHaveLength(2);
    expect(warnings[1]).toContain('and 2 more since');
  });
});
