import fc from 'fast-check';
import { chooseOwner, type Claimant } from '../../src/policy/owner';

const claimant = fc.record({
  organization: fc.constantFrom('o1', 'o2'),
  repositoryId: fc.constantFrom('r1', 'r2', 'r3', 'r4'),
  path: fc.constant('/catalog-info.yaml'),
  target: fc.constantFrom('https://a', 'https://b', 'https://c', 'https://d'),
  removal: fc.constantFrom(
    undefined,
    'confirmed' as const,
    'inferred' as const,
  ),
});
const claimants = fc.uniqueArray(claimant, {
  selector: c => `${c.organization} ${c.repositoryId}`,
  maxLength: 4,
});

describe('the owner of an entity reference', () => {
  it('stays the same until its file is confirmed gone', () => {
    fc.assert(
      fc.property(claimants, fc.nat(), (claims, pick) => {
        const incumbent = claims[pick % Math.max(1, claims.length)];
        fc.pre(incumbent !== undefined && incumbent.removal !== 'confirmed');
        expect(chooseOwner(claims, incumbent)).toBe(incumbent);
      }),
    );
  });

  it('does not depend on the order of the claims', () => {
    fc.assert(
      fc.property(claimants, claims => {
        expect(chooseOwner([...claims].reverse(), undefined)).toBe(
          chooseOwner(claims, undefined),
        );
      }),
    );
  });

  it('is one of the descriptors that give it, whenever any does', () => {
    fc.assert(
      fc.property(claimants, claims => {
        expect(chooseOwner(claims, undefined) === undefined).toBe(
          claims.length === 0,
        );
      }),
    );
  });

  it('changes to a descriptor that still gives it when the former is confirmed gone', () => {
    const gone: Claimant = {
      organization: 'o1',
      repositoryId: 'r1',
      path: '/a',
      target: 'https://a',
      removal: 'confirmed',
    };
    const live: Claimant = {
      organization: 'o1',
      repositoryId: 'r2',
      path: '/b',
      target: 'https://b',
    };
    expect(chooseOwner([gone, live], gone)).toBe(live);
    expect(chooseOwner([gone], gone)).toBe(gone);
  });
});
