import fc from 'fast-check';
import type { PathObservation } from '../../src/policy/model';
import { absent, openLedger, ORGANIZATION, present, probe } from './support';

/** What a repository holds: the components of its one descriptor, or no descriptor. */
const truth = fc.option(
  fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 }),
);
const repositories = ['r1', 'r2', 'r3'] as const;
const world = fc.record({ r1: truth, r2: truth, r3: truth });
type World = Record<(typeof repositories)[number], string[] | null>;

/** One thing that happens: a look at a repository, of which an answer comes, or none. */
const event = fc.record({
  repository: fc.constantFrom(...repositories),
  /** How many events ago the probe began: its ticket is as old. */
  lag: fc.nat({ max: 3 }),
  world,
  unknown: fc.boolean(),
});

function observe(repository: string, names: string[] | null): PathObservation {
  return names ? present(names, { repository }) : absent();
}

function refsOf(state: World): string[] {
  return [...new Set(Object.values(state).flatMap(names => names ?? []))]
    .map(name => `component:default/${name}`)
    .sort();
}

describe('after any history of probes, the ledger', () => {
  let opened: Awaited<ReturnType<typeof openLedger>>;
  beforeAll(async () => {
    opened = await openLedger('sqlite');
  });
  afterAll(async () => {
    await opened.destroy();
  });
  beforeEach(clear);

  async function clear() {
    for (const table of [
      'references',
      'claims',
      'descriptors',
      'repositories',
    ]) {
      await opened.knex(`azure_devops_${table}`).delete();
    }
  }

  async function owned(): Promise<string[]> {
    const rows: Array<{ entity_ref: string }> = await opened
      .knex('azure_devops_references')
      .whereNotNull('repository_id')
      .orderBy('entity_ref');
    return rows.map(row => row.entity_ref);
  }

  async function look(
    repository: string,
    paths: PathObservation[],
    startTicket: number,
    unknown?: string,
  ) {
    return await opened.ledger.recordProbes(
      [probe(repository, paths, { startTicket, unknown })],
      1,
    );
  }

  async function releaseAll() {
    await opened.ledger
      .removalsIn(ORGANIZATION)
      .deleteApproved(await opened.ledger.removalsIn(ORGANIZATION).proposals());
  }

  it('still has every entity when probes ended unknown', async () => {
    await fc.assert(
      fc.asyncProperty(
        world,
        fc.array(fc.constantFrom(...repositories), { maxLength: 8 }),
        async (initial, unknowns) => {
          await clear();
          for (const repository of repositories) {
            const ticket = await opened.ledger.currentTicket();
            await look(
              repository,
              [observe(repository, initial[repository])],
              ticket,
            );
          }
          for (const repository of unknowns) {
            const ticket = await opened.ledger.currentTicket();
            await look(repository, [], ticket, 'HTTP 503');
            await releaseAll();
          }
          expect(await owned()).toEqual(refsOf(initial));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('has what the last undisputed probe saw, whatever was written before, late or twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 12 }),
        world,
        async (events, final) => {
          await clear();
          const tickets: number[] = [];
          for (const { repository, lag, world: seen, unknown } of events) {
            tickets.push(await opened.ledger.currentTicket());
            const ticket = tickets[Math.max(0, tickets.length - 1 - lag)] ?? 0;
            const paths = unknown
              ? []
              : [observe(repository, seen[repository])];
            await look(
              repository,
              paths,
              ticket,
              unknown ? 'reset' : undefined,
            );
            await look(
              repository,
              paths,
              ticket,
              unknown ? 'reset' : undefined,
            );
          }
          for (const repository of repositories) {
            const ticket = await opened.ledger.currentTicket();
            const { repeat } = await look(
              repository,
              [observe(repository, final[repository])],
              ticket,
            );
            expect(repeat).toEqual([]);
          }
          await releaseAll();
          expect(await owned()).toEqual(refsOf(final));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('keeps what a newer probe saw when an older one that disagrees is written after it', async () => {
    await fc.assert(
      fc.asyncProperty(world, world, async (older, newer) => {
        await clear();
        const before = await opened.ledger.currentTicket();
        await look('r1', [observe('r1', newer.r1)], before);
        await look('r1', [observe('r1', older.r1)], before);
        await releaseAll();
        expect(await owned()).toEqual(refsOf({ ...newer, r2: null, r3: null }));
      }),
      { numRuns: 100 },
    );
  });
});
