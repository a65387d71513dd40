import fc from 'fast-check';
import { minimatch } from 'minimatch';
import { type Glob, readGlob } from '../../src/config/glob';

function globOf(...args: Parameters<typeof readGlob>): Glob {
  const glob = readGlob(...args);
  if (typeof glob === 'string') {
    throw new Error(`${args[0]} should be ${glob}`);
  }
  return glob;
}

describe('a glob', () => {
  const name = fc.string({
    unit: fc.constantFrom(...'abAB.-_1()'),
    minLength: 1,
    maxLength: 6,
  });
  const path = fc.array(
    fc.oneof({ weight: 9, arbitrary: name }, fc.constant('')),
    {
      minLength: 1,
      maxLength: 5,
    },
  );
  const piece = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...'abAB.-_1') },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        '*',
        '?',
        '[ab]',
        '[!a]',
        '[a-b]',
        '[^.]',
        '[._]',
        '[',
        '{a,b}',
        '{a,*b}',
      ),
    },
  );
  const part = fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .array(piece, { minLength: 1, maxLength: 5 })
        .map(pieces => pieces.join('')),
    },
    { weight: 1, arbitrary: fc.constantFrom('**', '*', '*.b') },
  );
  const isOrdinary = (names: string[]) =>
    names.every(it => !/^\.{1,2}$/.test(it)) &&
    names[0] !== '' &&
    names.at(-1) !== '';

  it('matches what minimatch matches, with names that begin with a dot and without', () => {
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 5 }),
        path,
        fc.boolean(),
        (parts, names, dot) => {
          fc.pre(isOrdinary(names) && isOrdinary(parts));
          const pattern = parts.join('/');
          const text = names.join('/');
          fc.pre((pattern.match(/\{/g) ?? []).length <= 6);
          expect([
            pattern,
            text,
            globOf(pattern, { dot, noext: true }).matches(text),
          ]).toEqual([
            pattern,
            text,
            minimatch(text, pattern, {
              dot,
              noext: true,
              nocomment: true,
              nonegate: true,
            }),
          ]);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it.each([
    ['/*-*-*-*-*.yaml', `/${'-'.repeat(250)}`],
    [`/${'*a'.repeat(200)}b`, `/${'a'.repeat(4_000)}`],
    [`/${'*'.repeat(500)}b`, `/${'a'.repeat(4_000)}`],
    [`${'/**/a*a'.repeat(100)}/b`, '/aaaaaa'.repeat(500)],
    [`${'/**'.repeat(200)}/b`, '/a'.repeat(2_000)],
    [`/${'?*'.repeat(300)}b`, `/${'a'.repeat(4_000)}`],
    [`/${'[ab]*'.repeat(190)}c`, `/${'ab'.repeat(1_000)}`],
  ])('is done with %s in steps that can be counted', (pattern, text) => {
    // A matcher that backtracks does not come to an end here.
    expect(globOf(pattern, { dot: true }).matches(text)).toBe(false);
  });

  it.each([
    ['{a,b}'.repeat(12), 'at most 100 alternatives'],
    ['{1..100000}', 'at most 100 alternatives'],
    [
      `${'{'.repeat(400)}a,b${'}'.repeat(400)}${'{a,b}'.repeat(30)}`,
      '100 alternatives',
    ],
    ['a'.repeat(1_001), 'at most 1000 characters'],
    ['+(a|b)*', 'without parentheses'],
  ])('%s is too much', (pattern, expected) => {
    expect(readGlob(pattern)).toContain(expected);
  });
});
