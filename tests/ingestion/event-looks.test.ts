import fc from 'fast-check';
import { FAIR, Model, truthOf, type Held } from './model';

const NO_GUARD = { maxPercentage: 100, maxConfirmedPercentage: 100 };
const INTERLEAVINGS = process.env['LONG_TESTS'] ? 1_000 : 40;

const held: fc.Arbitrary<Held> = fc.record({
  names: fc.option(fc.uniqueArray(fc.constantFrom('a', 'b'), { maxLength: 2 })),
  revision: fc.nat({ max: 3 }),
  name: fc.constantFrom('former', 'latter'),
  state: fc.oneof(
    { weight: 4, arbitrary: fc.constant('listed' as const) },
    { weight: 1, arbitrary: fc.constant('disabled' as const) },
    { weight: 1, arbitrary: fc.constant('deleted' as const) },
  ),
});
const some: Held = {
  names: ['z'],
  revision: 0,
  state: 'listed',
  name: 'other',
};

describe('an event that one replica looks at while another refreshes the same repository', () => {
  it(`brings the content that it announced, and the refresh never brings back what was there before: ${INTERLEAVINGS} interleavings`, async () => {
    let model: Model | undefined;
    await fc.assert(
      fc.asyncProperty(
        held,
        held,
        held,
        fc.array(fc.constantFrom(0, 0, 5, 40, 300), {
          minLength: 4,
          maxLength: 10,
        }),
        fc.nat({ max: 40 }),
        async (known, before, after, delays, startsAt) => {
          model = await Model.open({ ...NO_GUARD, confirmations: 1 });
          try {
            const others = { 'contoso/r2': some };
            // Of what is new to the ledger and gone before it is read nothing is written down that could be newer.
            const isKnown = after.state !== 'listed';
            model.world = {
              ...others,
              'contoso/r1': isKnown ? { ...known, state: 'listed' } : known,
            };
            await model.refresh(FAIR);
            model.world = { ...others, 'contoso/r1': before };
            model.delays = delays;
            const refreshing = model.refresh(FAIR);
            await model.queried(startsAt);
            model.world = { ...others, 'contoso/r1': after };
            await Promise.all([refreshing, model.look(['contoso/r1'])]);
            expect(contentOf(model)).toEqual(expected(model.world));
          } finally {
            await model.destroy();
          }
        },
      ),
      { numRuns: INTERLEAVINGS },
    );
  });
});

/** By reference, the title, and the name of the repository that its location has. */
function contentOf({ catalog }: Model) {
  return Object.fromEntries(
    [...catalog.entities]
      .map(([reference, { title, location }]) => [
        reference,
        [title, /_git\/([^?]*)/.exec(location)?.[1]],
      ])
      .sort(),
  );
}

function expected(world: Model['world']) {
  return Object.fromEntries(
    [...truthOf(world)]
      .map(([reference, [title = '']]) => [
        reference,
        [title, world[title.split(' ')[0] ?? '']?.name],
      ])
      .sort(),
  );
}
