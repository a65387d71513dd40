import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { JsonCopier } from '../../src/descriptors/json';

const AMPLE = 1_000_000;

/** Values as the two YAML parsers give them. */
const values = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.constantFrom(
      null,
      true,
      false,
      undefined,
      -0,
      new Map([[1, 2]]),
      new Set([1]),
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'a')),
      tie('value'),
      { maxKeys: 4 },
    ),
  ),
})).value;

describe('a copy as JSON', () => {
  it('is what JSON makes of the value', () => {
    fc.assert(
      fc.property(values, value => {
        const result = new JsonCopier(AMPLE).copy(value);
        const text = JSON.stringify(value) ?? 'null';
        const expected = { outcome: 'json', value: JSON.parse(text) };
        // Jest's own comparison stumbles over keys such as `constructor`.
        expect(isDeepStrictEqual(result, expected)).toBe(true);
        expect(JSON.stringify(result.outcome === 'json' && result.value)).toBe(
          text,
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it('spells out what is shared, up to its limit', () => {
    const shared = { x: 'y'.repeat(100) };
    const copier = new JsonCopier(10_000);
    expect(copier.copy([shared, shared])).toEqual({
      outcome: 'json',
      value: [shared, shared],
    });
    expect(copier.copy(Array(100).fill(shared))).toEqual({
      outcome: 'problem',
      problem: 'too-large',
    });
    expect(copier.copy('what follows')).toEqual({
      outcome: 'problem',
      problem: 'too-large',
    });
  });

  it('is rejected where the value contains itself', () => {
    const value: { self?: unknown } = {};
    value.self = [{ deeper: value }];
    expect(new JsonCopier(AMPLE).copy(value)).toEqual({
      outcome: 'problem',
      problem: 'circular',
    });
  });

  it('is rejected where the value is too deep for what walks it recursively', () => {
    const nested = (depth: number) =>
      Array.from({ length: depth }).reduce<unknown>(inner => [inner], 1);
    expect(new JsonCopier(AMPLE).copy(nested(500)).outcome).toBe('json');
    expect(new JsonCopier(AMPLE).copy(nested(501))).toEqual({
      outcome: 'problem',
      problem: 'too-deep',
    });
  });
});
