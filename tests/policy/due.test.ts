import fc from 'fast-check';
import { dueBecauseOf, type Place } from '../../src/policy/due';

const branch = fc.constantFrom(undefined, 'main', 'next');
const place: fc.Arbitrary<Place> = fc.record({
  provider: fc.constantFrom('a', 'b'),
  organization: fc.constantFrom('o', 'p'),
  projectId: fc.constantFrom('p', 'q'),
  branch,
  isKnown: fc.boolean(),
  isUnselected: fc.boolean(),
});
const event = fc.record({
  repositoryId: fc.constantFrom(undefined, 'r'),
  branches: fc.option(fc.subarray(['main', 'next', 'topic']), {
    nil: undefined,
  }),
});

describe('a place that an event names', () => {
  it('is due unless it is known that another branch is read, or that the configuration leaves out what the ledger does not have', () => {
    fc.assert(
      fc.property(event, place, (announced, it) => {
        const isOther =
          announced.branches !== undefined &&
          it.branch !== undefined &&
          !announced.branches.includes(it.branch);
        const due = dueBecauseOf(announced, [it]);
        expect(due).toEqual(
          isOther || (it.isUnselected && !it.isKnown)
            ? []
            : [
                {
                  provider: it.provider,
                  organization: it.organization,
                  projectId: it.projectId,
                  repositoryId: announced.repositoryId ?? '',
                },
              ],
        );
      }),
    );
  });

  it('is due whatever other places there are', () => {
    fc.assert(
      fc.property(event, fc.array(place), (announced, places) => {
        expect(dueBecauseOf(announced, places)).toEqual(
          places.flatMap(it => dueBecauseOf(announced, [it])),
        );
      }),
    );
  });
});
