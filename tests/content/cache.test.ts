import fc from 'fast-check';
import { LeastRecentlyUsed } from '../../src/content/cache';

describe('a cache of what was used last', () => {
  it('drops what was not used for longest', () => {
    const cache = new LeastRecentlyUsed<string>(4);
    for (const key of ['a', 'b', 'c', 'd']) cache.set(key, key);
    cache.get('a');
    cache.set('e', 'e');
    expect([...cache.entries()].map(([key]) => key)).toEqual([
      'c',
      'd',
      'a',
      'e',
    ]);
  });

  it('does not keep one thing at the cost of everything else', () => {
    const cache = new LeastRecentlyUsed<string>(100, text => text.length);
    cache.set('small', 'x'.repeat(20));
    cache.set('large', 'x'.repeat(26));
    expect(cache.get('large')).toBeUndefined();
    expect(cache.get('small')).toBeDefined();
    // Nor does it go on giving what it was told is outdated.
    cache.set('small', 'x'.repeat(26));
    expect(cache.get('small')).toBeUndefined();
  });

  it('never weighs more than its limit, and always knows what it weighs', () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      weight: fc.nat(40),
      remove: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step), steps => {
        const cache = new LeastRecentlyUsed<number>(100, weight => weight);
        for (const { key, weight, remove } of steps) {
          if (remove) cache.delete(key);
          else cache.set(key, weight);
          const kept = [...cache.entries()].map(([, value]) => value);
          const total = kept.reduce((a, b) => a + b, 0);
          expect(cache.weight).toBe(total);
          expect(total).toBeLessThanOrEqual(100);
          expect(cache.get(key)).toBe(
            remove || weight > 25 ? undefined : weight,
          );
        }
      }),
    );
  });
});
