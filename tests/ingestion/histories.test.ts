import fc from 'fast-check';
import { TABLES } from '../../src/ledger/rows';
import { until } from '../support/until';
import {
  FAIR,
  Model,
  truthOf,
  type Conditions,
  type Held,
  type ModelWorld,
} from './model';

/** Few enough that names meet in several repositories. */
const IDS = [
  'contoso/r1',
  'contoso/r2',
  'contoso/r3',
  'fabrikam/r1',
  'fabrikam/r2',
] as const;
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'] as const;

const held: fc.Arbitrary<Held> = fc.record({
  names: fc.option(fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 3 })),
  revision: fc.nat({ max: 3 }),
  state: fc.oneof(
    { weight: 6, arbitrary: fc.constant('listed' as const) },
    { weight: 1, arbitrary: fc.constant('disabled' as const) },
    { weight: 1, arbitrary: fc.constant('deleted' as const) },
  ),
});
const world = fc.record({
  'contoso/r1': held,
  'contoso/r2': held,
  'contoso/r3': held,
  'fabrikam/r1': held,
  'fabrikam/r2': held,
});
const some = fc.subarray([...IDS]);
const conditions: fc.Arbitrary<Conditions> = fc.record({
  listFails: fc.boolean(),
  hidden: some,
  unknown: some,
  failingMutation: fc.option(fc.nat({ max: 3 }), { nil: undefined }),
});
/** Now and then two replicas at the same time. */
const replicas = fc.oneof(
  { weight: 5, arbitrary: fc.constant(1) },
  { weight: 1, arbitrary: fc.constant(2) },
);
const history = fc.array(fc.record({ world, conditions, replicas }), {
  maxLength: 5,
});

const NO_GUARD = { maxPercentage: 100, maxConfirmedPercentage: 100 };
const NOTHING_GOES = {
  maxPercentage: 0,
  maxConfirmedPercentage: 0,
  minimum: 0,
};

/** Each deselects everything, or everything of an organization. */
const MISTAKES = [
  { project: 'x' },
  { repository: 'x' },
  { path: ['/x.yaml'] },
  { path: ['/x/**/*.yaml'] },
  { branch: 'mian' },
  { organizations: ['contoso'] },
  { organizations: ['fabrikam'] },
  { exclude: { repository: 'r*' } },
];
/** Among the mistakes: that one was corrected. */
const CORRECTED = {};

function worldOf(names: Record<(typeof IDS)[number], string[] | null>) {
  return Object.fromEntries(
    IDS.map(key => [key, { names: names[key], revision: 0, state: 'listed' }]),
  ) as Record<(typeof IDS)[number], Held>;
}

/** Of five entities of contoso fabrikam gives four as well. */
const SHARED = worldOf({
  'contoso/r1': ['a', 'b', 'c'],
  'contoso/r2': ['d', 'e'],
  'contoso/r3': null,
  'fabrikam/r1': ['a', 'b', 'c'],
  'fabrikam/r2': ['d'],
});
/** Four of five are of a repository that fabrikam lists too. */
const NOT_READ_AGAIN = worldOf({
  'contoso/r1': ['a', 'b', 'c', 'd'],
  'contoso/r2': null,
  'contoso/r3': ['e'],
  'fabrikam/r1': null,
  'fabrikam/r2': null,
});
/** One of six is of a repository of its own: few enough for the guard. */
const ONE_OF_SIX = worldOf({
  'contoso/r1': ['a', 'b', 'c', 'd', 'e'],
  'contoso/r2': null,
  'contoso/r3': ['f'],
  'fabrikam/r1': null,
  'fabrikam/r2': null,
});
const FABRIKAM_HIDDEN: Conditions = {
  ...FAIR,
  hidden: ['fabrikam/r1', 'fabrikam/r2'],
};

/** The same world, with every repository there. */
function listed(all: ModelWorld): ModelWorld {
  return Object.fromEntries(
    Object.entries(all).map(([key, it]) => [key, { ...it, state: 'listed' }]),
  );
}

async function withModel(
  removals: Parameters<typeof Model.open>[0],
  play: (model: Model) => Promise<void>,
): Promise<void> {
  const model = await Model.open(removals);
  try {
    await play(model);
  } finally {
    await model.destroy();
  }
}

/** Every entity that the world gives is in the catalog, as one of those who give it has it now. */
function expectAllOf(truth: ReadonlyMap<string, string[]>, model: Model): void {
  for (const [reference, titles] of truth) {
    expect(titles).toContain(model.catalog.entities.get(reference)?.title);
  }
}

describe('after any history of refreshes, the catalog', () => {
  it('has every entity as long as nothing is known to be gone', async () => {
    await fc.assert(
      fc.asyncProperty(
        world,
        fc.array(fc.tuple(conditions, replicas), { maxLength: 6 }),
        async (initial, refreshes) => {
          // The guard lets everything through here: it is not what this is about.
          await withModel({ ...NO_GUARD, confirmations: 100 }, async model => {
            model.world = initial;
            await model.refresh(FAIR);
            for (const [condition, count] of refreshes) {
              await model.refresh(condition, count);
            }
            expect(model.catalog.removals).toEqual([]);
            expectAllOf(truthOf(initial), model);
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('has every entity when lists show nothing at all, however often', async () => {
    await fc.assert(
      fc.asyncProperty(
        world,
        fc.array(fc.tuple(conditions, fc.boolean(), replicas), {
          maxLength: 6,
        }),
        async (initial, refreshes) => {
          await withModel({ ...NO_GUARD, confirmations: 1 }, async model => {
            model.world = initial;
            await model.refresh(FAIR);
            for (const [condition, showsNothing, count] of refreshes) {
              const hidden = showsNothing ? IDS : [];
              await model.refresh({ ...condition, hidden }, count);
            }
            expect(model.catalog.removals).toEqual([]);
            expectAllOf(truthOf(initial), model);
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('has what is in the repositories after one undisturbed refresh', async () => {
    await fc.assert(
      fc.asyncProperty(history, world, async (before, final) => {
        await withModel({ ...NO_GUARD, confirmations: 1 }, async model => {
          for (const step of before) {
            model.world = step.world;
            await model.refresh(step.conditions, step.replicas);
          }
          model.world = final;
          await model.refresh(FAIR);
          const truth = truthOf(final);
          expect([...model.catalog.entities.keys()].sort()).toEqual(
            [...truth.keys()].sort(),
          );
          expectAllOf(truth, model);
        });
      }),
      { numRuns: 40 },
    );
  });

  it('loses with the same refresh what files of two organizations gave and neither gives any more', async () => {
    const nothing = worldOf({
      'contoso/r1': null,
      'contoso/r2': null,
      'contoso/r3': null,
      'fabrikam/r1': null,
      'fabrikam/r2': null,
    });
    const d = { ...nothing['contoso/r2'], names: ['d'] };
    // The organization of one that is disabled has more to write down, and is later.
    for (const late of ['contoso/r1', 'fabrikam/r2'] as const) {
      await withModel(NO_GUARD, async model => {
        model.world = { ...nothing, 'contoso/r2': d, 'fabrikam/r1': d };
        await model.refresh(FAIR);
        expect([...model.catalog.entities.keys()]).toEqual([
          'component:default/d',
        ]);
        const disabled = { ...nothing[late], state: 'disabled' as const };
        model.world = { ...nothing, [late]: disabled };
        await model.refresh(FAIR);
        expect([...model.catalog.entities.keys()]).toEqual([]);
      });
    }
  });

  it('has every entity whatever mistake is made in the configuration, and however few they are', async () => {
    await fc.assert(
      fc.asyncProperty(
        world,
        fc.array(
          fc.tuple(
            fc.constantFrom(...MISTAKES, CORRECTED),
            conditions,
            replicas,
          ),
          { minLength: 1, maxLength: 4 },
        ),
        async (initial, mistakes) => {
          const removals = { confirmations: 100 };
          await withModel(removals, async model => {
            model.world = listed(initial);
            await model.refresh(FAIR);
            for (const [mistake, condition, count] of mistakes) {
              model.configure({ removals, ...mistake });
              await model.refresh(condition, count);
            }
            expect(model.catalog.removals).toEqual([]);
            model.configure({ removals });
            await model.refresh(FAIR);
            expect(model.catalog.removals).toEqual([]);
            expectAllOf(truthOf(model.world), model);
            expect(model.reports.at(-1)?.outcome).toBe('complete');
          });
        },
      ),
      {
        numRuns: 40,
        examples: [
          ...MISTAKES.map(
            (mistake): [typeof SHARED, Array<[object, Conditions, number]>] => [
              SHARED,
              [[mistake, FABRIKAM_HIDDEN, 1]],
            ],
          ),
          [
            NOT_READ_AGAIN,
            [
              [
                { organizations: ['fabrikam'] },
                { ...FAIR, unknown: ['fabrikam/r1'] },
                1,
              ],
            ],
          ],
          [
            ONE_OF_SIX,
            [
              [{ project: 'x' }, FAIR, 1],
              [CORRECTED, { ...FAIR, hidden: ['contoso/r3'] }, 1],
            ],
          ],
        ],
      },
    );
  });

  it('has every entity of repositories that were gone and are back, though they cannot be read', async () => {
    await fc.assert(
      fc.asyncProperty(
        world,
        fc.subarray([...IDS]),
        fc.constantFrom('disabled' as const, 'deleted' as const),
        some,
        async (initial, away, state, unknown) => {
          await withModel(NOTHING_GOES, async model => {
            model.world = listed(initial);
            await model.refresh(FAIR);
            model.world = Object.fromEntries(
              Object.entries(model.world).map(([key, it]) => [
                key,
                away.some(id => id === key) ? { ...it, state } : it,
              ]),
            );
            await model.refresh(FAIR);
            model.world = listed(initial);
            model.configure({ removals: NO_GUARD });
            await model.refresh({ ...FAIR, unknown });
            expect(model.catalog.removals).toEqual([]);
            expectAllOf(truthOf(model.world), model);
          });
        },
      ),
      { numRuns: 25 },
    );
  });

  it('has an entity that moves, to another organization or within one, at every moment', async () => {
    await fc.assert(
      fc.asyncProperty(
        world,
        world,
        fc.array(fc.constantFrom(0, 0, 5, 40, 300), { maxLength: 20 }),
        async (initial, final, delays) => {
          await withModel({ ...NO_GUARD, confirmations: 1 }, async model => {
            model.world = listed(initial);
            await model.refresh(FAIR);
            model.world = listed(final);
            model.delays = delays;
            await model.refresh(FAIR);
            const truth = truthOf(model.world);
            expect(model.catalog.removals.filter(it => truth.has(it))).toEqual(
              [],
            );
            expectAllOf(truth, model);
          });
        },
      ),
      { numRuns: 25 },
    );
  });

  it('has an entity that moves to an organization that answers late', async () => {
    await withModel({ confirmations: 1 }, async model => {
      const names = ['b', 'c', 'd'];
      const held = { revision: 0, state: 'listed' as const };
      model.world = {
        'contoso/r1': { ...held, names: ['a'] },
        'contoso/r2': { ...held, names },
        'fabrikam/r1': { ...held, names: ['e'] },
      };
      await model.refresh(FAIR);
      model.world = {
        ...model.world,
        'contoso/r1': { ...held, names: [] },
        'fabrikam/r1': { ...held, names: ['e', 'a'] },
      };
      let goOn: () => void = () => {};
      model.heldUp.set('fabrikam/r1', new Promise(resolve => (goOn = resolve)));
      const refreshing = model.refresh(FAIR);
      await until(
        'the one organization to be read',
        async () =>
          model.catalog.removals.length > 0 ||
          (await model.marked()).includes('component:default/a'),
      );
      await model.queried(1_000);
      goOn();
      await refreshing;
      expect(model.catalog.removals).toEqual([]);
      expect(model.catalog.entities.get('component:default/a')?.title).toBe(
        'fabrikam/r1 at 0',
      );
    });
  });

  it('holds the world as it is though throttling ends every refresh early', async () => {
    await fc.assert(
      fc.asyncProperty(world, world, async (initial, final) => {
        await withModel({ ...NO_GUARD, confirmations: 1 }, async model => {
          model.world = initial;
          await model.refresh(FAIR);
          const last = 'contoso/r3';
          model.world = { ...final, [last]: initial[last] };
          for (let i = 0; i < 3; i++) {
            await model.refresh({ ...FAIR, throttled: [last] });
          }
          const truth = truthOf(model.world);
          expect([...model.catalog.entities.keys()].sort()).toEqual(
            [...truth.keys()].sort(),
          );
          expectAllOf(truth, model);
        });
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['throttling ended the refresh', { throttled: ['/other.yaml'] }],
    ['the refresh was aborted', { abortedAt: '/other.yaml' }],
  ])('has what was read of a repository before %s', async (_what, change) => {
    const model = await Model.open({}, ['/catalog-info.yaml', '/other.yaml']);
    try {
      model.world = {
        'contoso/r1': { names: ['a'], revision: 1, state: 'listed' },
      };
      await model.refresh({ ...FAIR, ...change });
      expect([...model.catalog.entities.keys()]).toEqual([
        'component:default/a',
      ]);
    } finally {
      await model.destroy();
    }
  });

  it('has every addition and change though the guard holds all removals back', async () => {
    await fc.assert(
      fc.asyncProperty(history, world, async (before, final) => {
        await withModel({ ...NOTHING_GOES, confirmations: 1 }, async model => {
          for (const step of before) {
            model.world = step.world;
            await model.refresh(step.conditions, step.replicas);
          }
          model.world = final;
          await model.refresh(FAIR);
          expect(model.catalog.removals).toEqual([]);
          expectAllOf(truthOf(final), model);
        });
      }),
      { numRuns: 40 },
    );
  });
});

it('a set of removals that was allowed goes once: the second time the same code does not do', async () => {
  await withModel({}, async model => {
    model.world = {
      'contoso/r1': { names: ['a', 'b'], revision: 1, state: 'listed' },
      'contoso/r2': { names: ['c'], revision: 1, state: 'listed' },
    };
    const all = ['a', 'b', 'c'].map(name => `component:default/${name}`);
    const held = () => [...model.catalog.entities.keys()].sort();
    const code = () => {
      const [first] = model.reports.at(-1)?.organizations ?? [];
      return first?.removals.heldBack[0]?.code;
    };
    const exclude = { repository: 'r1' };
    await model.refresh(FAIR);
    model.configure({ exclude });
    await model.refresh(FAIR);
    expect(held()).toEqual(all);
    const allow = code() ?? '';

    model.configure({ exclude, removals: { allow } });
    await model.refresh(FAIR);
    expect(held()).toEqual(all.slice(2));
    model.configure({ removals: { allow } });
    await model.refresh(FAIR);
    expect(held()).toEqual(all);

    model.configure({ exclude, removals: { allow } });
    await model.refresh(FAIR);
    expect(held()).toEqual(all);
    expect(code()).not.toBe(allow);
    model.configure({ exclude, removals: { allow: code() ?? '' } });
    await model.refresh(FAIR);
    expect(held()).toEqual(all.slice(2));
  });
});

it('what the configuration leaves out goes within the limit of the guard though a repository that cannot be read has rejected documents', async () => {
  const removals = { maxPercentage: 50 };
  await withModel(removals, async model => {
    model.world = {
      'contoso/r1': { names: ['a'], revision: 1, state: 'listed' },
      'contoso/r2': { names: ['b', '['], revision: 1, state: 'listed' },
      'contoso/r3': { names: ['c'], revision: 1, state: 'listed' },
    };
    await model.refresh(FAIR);
    expect(model.catalog.entities.size).toBe(4);
    model.configure({ removals, exclude: { repository: 'r1' } });
    await model.refresh({ ...FAIR, unknown: ['contoso/r2'] });
    expect(model.catalog.removals).toEqual(['component:default/a']);
  });
});

it('the report of a refresh that was aborted says that it failed, and when', async () => {
  const model = await Model.open({});
  try {
    await model.refresh({ ...FAIR, abortedAt: 'start' });
    expect(model.reports).toMatchObject([
      { outcome: 'failed', endedAt: expect.any(Number) as number },
    ]);
  } finally {
    await model.destroy();
  }
});

it('a refresh whose database fails says what the database says, and not the whole statement', async () => {
  await withModel({}, async model => {
    model.world = {
      'contoso/r1': { names: ['a'], revision: 1, state: 'listed' },
    };
    await model.refresh(FAIR);
    await model.knex.schema.renameTable(TABLES.descriptors, 'elsewhere');
    await model.refresh(FAIR);
    const problems = model.reports.at(-1)?.organizations[0]?.problems;
    expect(problems).toEqual([
      'dev.azure.com/contoso: no such table: azure_devops_descriptors',
    ]);
  });
});

it('the report of a refresh has a thousand of the entities that several files give, however many there are', async () => {
  await withModel({}, async model => {
    const names = Array.from({ length: 1_001 }, (_, i) => `c${i}`);
    model.world = {
      'contoso/r1': { names, revision: 1, state: 'listed' },
      'contoso/r2': { names, revision: 1, state: 'listed' },
    };
    await model.refresh(FAIR);
    expect(model.catalog.entities.size).toBe(1_001);
    expect(model.reports.at(-1)?.duplicates).toHaveLength(1_000);
  });
});
