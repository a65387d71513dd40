import fc from 'fast-check';
import { editDistance, nearest } from '../src/nearest';

describe('the distance of two words', () => {
  it.each([
    ['', '', 0],
    ['abc', 'abc', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['organisation', 'organization', 1],
    ['repositories', 'repository', 3],
  ])('from %j to %j is %d letters', (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance);
  });

  it('is symmetric, zero for equal words only, and no longer by a detour', () => {
    const word = fc.string({
      unit: fc.constantFrom('a', 'b', 'c'),
      maxLength: 8,
    });
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, c)).toBeLessThanOrEqual(
          editDistance(a, b) + editDistance(b, c),
        );
      }),
    );
  });
});

describe('the key that a message proposes', () => {
  it('is looked for at once, however long the word is', () => {
    const names = Array.from({ length: 100 }, (_, i) => `organization-${i}`);
    expect(nearest('x'.repeat(1_000_000), names)).toBeUndefined();
  });

  it('has a letter of the word, so that no short word is near to every other', () => {
    expect(nearest('db', ['ui', 'of'])).toBeUndefined();
    expect(nearest('aip', ['web', 'api'])).toBe('api');
  });

  it('is one of those with the least distance, if that is small', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 9 });
    fc.assert(
      fc.property(word, fc.array(word), (it, names) => {
        const found = nearest(it, names);
        const distances = names.map(name => editDistance(it, name));
        const least = Math.min(...distances);
        const isNear =
          least <=
          Math.min(Math.max(2, Math.floor(it.length / 3)), it.length - 1);
        expect(found).toBe(
          isNear ? names[distances.indexOf(least)] : undefined,
        );
      }),
    );
  });

  const keys = ['organization', 'organizations', 'project', 'path', 'branch'];

  it.each([
    ['organisation', 'organization'],
    ['organisations', 'organizations'],
    ['Projects', 'project'],
    ['PATH', 'path'],
    ['brnach', 'branch'],
    ['paht', 'path'],
    ['org', undefined],
    ['visibility', undefined],
  ])('for %s is %s', (word, expected) => {
    expect(nearest(word, keys)).toBe(expected);
  });
});
