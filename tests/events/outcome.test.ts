import fc from 'fast-check';
import { TOPIC } from '../../src/events/notification';
import {
  FAIR,
  Model,
  PROJECT_ID,
  truthOf,
  type Held,
  type ModelWorld,
} from '../ingestion/model';
import { ALL_FORMS, PUSH_FORMS, type PayloadForm } from './payloads';

const NO_GUARD = { maxPercentage: 100, maxConfirmedPercentage: 100 };
const RUNS = process.env['LONG_TESTS'] ? 300 : 15;

const id = (n: number) => `278d5cd2-584d-4b63-824a-2ba45893724${n}`;
/** The second has the id of the first, as where a collection was cloned. */
const KEYS = [
  `contoso/${id(1)}`,
  `fabrikam/${id(1)}`,
  `contoso/${id(2)}`,
  `contoso/${id(3)}`,
];
/** By these the project is known in both organizations. */
const ANCHORS: ModelWorld = {
  [`contoso/${id(8)}`]: { names: ['y'], revision: 0, state: 'listed' },
  [`fabrikam/${id(9)}`]: { names: ['z'], revision: 0, state: 'listed' },
};

const held: fc.Arbitrary<Held> = fc.record({
  names: fc.option(
    fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 }),
  ),
  revision: fc.nat({ max: 3 }),
  state: fc.constantFrom('listed', 'listed', 'disabled', 'deleted'),
});
const world = fc.tuple(...KEYS.map(() => held)).map((all): ModelWorld => ({
  ...ANCHORS,
  ...Object.fromEntries(KEYS.map((key, i) => [key, all[i] as Held])),
}));

const formsOf = (...types: string[]) =>
  ALL_FORMS.filter(({ eventType }) => types.includes(eventType));

/** The forms in which the service may report that a repository became what it is. */
function formsFor(before: Held, after: Held): readonly PayloadForm[] {
  if (after.state === 'deleted') {
    return formsOf('git.repo.deleted');
  }
  if (before.state === 'deleted') {
    return formsOf('git.repo.created', 'git.repo.forked');
  }
  return before.state === after.state
    ? [...PUSH_FORMS, ...formsOf('git.repo.renamed')]
    : formsOf('git.repo.statuschanged');
}

/** Delivers events of changes that have happened, and waits until all that was due has been looked at. */
async function deliver(
  model: Model,
  payloads: ReadonlyArray<{ topic: string; eventPayload: unknown }>,
) {
  const { listener, close } = model.listen();
  try {
    for (const params of payloads) {
      await listener.onEvent(params);
    }
    await model.lookedAtAll();
  } finally {
    await close();
  }
}

/** What the catalog holds, and what it should hold. */
function contents(model: Model) {
  const truth = truthOf(model.world);
  const found = [...model.catalog.entities].map(
    ([reference, { title }]) => [reference, title] as const,
  );
  return {
    references: found.map(([reference]) => reference).sort(),
    expected: [...truth.keys()].sort(),
    wrong: found.filter(([ref, title]) => !truth.get(ref)?.includes(title)),
  };
}

function expectTheTruth(model: Model) {
  const { references, expected, wrong } = contents(model);
  expect(references).toEqual(expected);
  expect(wrong).toEqual([]);
}

describe('events end in the catalog that a refresh would end in', () => {
  it.each(ALL_FORMS)(
    'with one of them: $eventType $form',
    async ({ eventType, payload }) => {
      const model = await Model.open(NO_GUARD);
      try {
        const key = `contoso/${id(1)}`;
        const state: Partial<Held> =
          eventType === 'git.repo.deleted'
            ? { state: 'deleted' }
            : eventType === 'git.repo.statuschanged'
              ? { state: 'disabled' }
              : {};
        const isNew = ['git.repo.created', 'git.repo.forked'].includes(
          eventType,
        );
        const before: Held = { names: ['a'], revision: 0, state: 'listed' };
        model.world = isNew ? ANCHORS : { ...ANCHORS, [key]: before };
        await model.refresh(FAIR);
        model.world = {
          ...ANCHORS,
          [key]: { ...before, names: ['b'], revision: 1, ...state },
        };
        await deliver(model, [
          {
            topic: TOPIC,
            eventPayload: payload({
              repositoryId: id(1),
              projectId: PROJECT_ID,
            }),
          },
        ]);
        expectTheTruth(model);
      } finally {
        await model.destroy();
      }
    },
  );

  it('with any of them, doubled, in any order and in any form', async () => {
    await fc.assert(
      fc.asyncProperty(
        world,
        world,
        fc.infiniteStream(fc.nat()),
        async (before, after, numbers) => {
          const pick = () => numbers.next().value as number;
          const model = await Model.open(NO_GUARD);
          try {
            model.world = before;
            await model.refresh(FAIR);
            model.world = after;
            const events = KEYS.flatMap(key => {
              const forms = formsFor(before[key] as Held, after[key] as Held);
              const repositoryId = key.split('/')[1] ?? '';
              return Array.from({ length: 1 + (pick() % 3) }, () => {
                const form = forms[pick() % forms.length] as PayloadForm;
                return {
                  order: pick(),
                  topic: pick() % 2 ? TOPIC : `${TOPIC}.${form.eventType}`,
                  eventPayload: form.payload({
                    repositoryId,
                    projectId: PROJECT_ID,
                  }),
                };
              });
            });
            await deliver(
              model,
              events.sort((a, b) => a.order - b.order),
            );
            expectTheTruth(model);
          } finally {
            await model.destroy();
          }
        },
      ),
      { numRuns: RUNS },
    );
  });
});
