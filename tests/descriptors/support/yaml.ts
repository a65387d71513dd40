import fc from 'fast-check';

/** What YAML is made of, and what its parsers disagree about. */
const TOKENS = [
  ...['a', 'b', 'key', 'a b', 'x#y', 'a:b', "it's", 'é', '😀', '1', '1.50'],
  ...[
    '0o7',
    '0x1F',
    '1e3',
    '1e400',
    '.inf',
    '.nan',
    '~',
    'null',
    'true',
    'yes',
  ],
  ...['- ', '-', ': ', ':', ' : ', '? ', '?', ', ', ',', '<<: ', '__proto__: '],
  ...['\n', '\n', '\n', '\n  ', '\n  ', '\n    ', '\n\n', '\r\n', '\r', '\t'],
  ...[
    ' ',
    '  ',
    ' # c',
    '#',
    '\n# c\n',
    '"',
    "'",
    '"q\\n"',
    "'s'",
    '"\\u00e9"',
  ],
  ...['|', '>', '|-\n', '>+\n  ', '|2\n', '|\n  t\n', '>\n  t\n  u\n'],
  ...['[', ']', '{', '}', '[a, b]', '{a: b}', '{{ x }}', '[a: b]', '[]', '{}'],
  ...['&a ', '*a', '*b', '!x ', '!!str ', '!!set ', '!!binary aGk=', '!<x> '],
  ...['---\n', '--- ', '\n---\n', '...\n', '%YAML 1.1\n', '%TAG ! x\n'],
  ...[
    '\\',
    '@',
    '`',
    '%',
    '|',
    '\ufeff',
    '\0',
    '\x7f',
    '\x85',
    '\u2028',
    '\ud800',
  ],
];

/** Words without a plan. */
export const tokens: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...TOKENS), { maxLength: 16 })
  .map(parts => parts.join(''));

/** Any text at all. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom(...'ab: \n-#[]{},\'"|>&*!?%\t\r'),
    maxLength: 40,
  }),
);

const plain = fc.constantFrom(
  ...[
    'a',
    'foo bar',
    'http://a/b',
    'x:y',
    "don't",
    '1',
    '1.5',
    'true',
    '~',
    '',
  ],
  ...[
    '2024-01-01',
    '"q"',
    "'s'",
    "'it''s'",
    '"a\\tb"',
    '"a: b"',
    '[a, b]',
    '{}',
  ],
  ...[
    '{a: b, c: [d]}',
    '[ "x", y ]',
    '-x',
    'a#b',
    'a, b',
    '*',
    '&',
    '- z',
    '@',
  ],
  ...[
    'multi\n      line',
    '"multi\n      line"',
    '[\n      a,\n      b\n    ]',
  ],
);
const key = fc.constantFrom(
  ...[
    'a',
    'b',
    'c',
    'kind',
    'x y',
    'a.b/c',
    '"q"',
    "'s'",
    '1',
    '<<',
    'a#',
    '~',
  ],
);
const comment = fc.constantFrom('', '', '', '', ' # c', ' ', '#c');
const separator = fc.constantFrom(': ', ': ', ': ', ': ', ':  ', ' : ', ':');
const noise = fc.constantFrom(
  '',
  '',
  '',
  '',
  '\n',
  '# c\n',
  '   # c\n',
  '   \n',
);
const header = fc.constantFrom('|', '>', '|-', '>-', '|+', '>+', '|2', '| # c');

type Block = (indent: string) => string;

const scalarEntry: fc.Arbitrary<Block> = fc
  .tuple(noise, key, separator, plain, comment)
  .map(
    ([before, k, s, value, after]) =>
      indent =>
        `${before}${indent}${k}${s}${value}${after}\n`,
  );

const blockScalar: fc.Arbitrary<Block> = fc
  .tuple(
    key,
    header,
    fc.array(
      fc.constantFrom('t', 'u v', '', ' w', '# x', '- z', '  ', 'k: v'),
      { maxLength: 4 },
    ),
  )
  .map(
    ([k, head, lines]) =>
      indent =>
        [
          `${indent}${k}: ${head}\n`,
          ...lines.map(line => (line === '' ? '\n' : `${indent}  ${line}\n`)),
        ].join(''),
  );

const { mapping } = fc.letrec<{
  mapping: Block;
  sequence: Block;
  nested: Block;
}>(tie => ({
  nested: fc
    .tuple(
      key,
      comment,
      noise,
      fc.oneof({ maxDepth: 3 }, tie('sequence'), tie('mapping')),
      fc.constantFrom('  ', '  ', '  ', '', '    ', ' '),
    )
    .map(
      ([k, after, before, inner, more]) =>
        indent =>
          `${indent}${k}:${after}\n${before}${inner(`${indent}${more}`)}`,
    ),
  sequence: fc
    .array(fc.oneof({ maxDepth: 3 }, plain, tie('mapping')), {
      minLength: 1,
      maxLength: 3,
    })
    .map(
      items => indent =>
        items
          .map(item =>
            typeof item === 'string'
              ? `${indent}- ${item}\n`
              : `${indent}- ${item(`${indent}  `).trimStart()}`,
          )
          .join(''),
    ),
  mapping: fc
    .array(
      fc.oneof(
        { maxDepth: 3 },
        { arbitrary: scalarEntry, weight: 4 },
        { arbitrary: blockScalar, weight: 1 },
        { arbitrary: tie('nested'), weight: 2 },
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map(entries => indent => entries.map(entry => entry(indent)).join('')),
}));

/** Documents as people write them, most of them valid, with what people get wrong. */
export const documents: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(mapping, { minLength: 1, maxLength: 3 }),
    fc.constantFrom(
      '---\n',
      '---\n',
      '--- # c\n',
      '...\n---\n',
      ' ---\n',
      '--- ',
    ),
    fc.constantFrom(
      '',
      '',
      '---\n',
      '# c\n',
      '\n',
      '\ufeff',
      '%YAML 1.1\n---\n',
    ),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([blocks, marker, start, crlf, lastLine]) => {
    const text = start + blocks.map(block => block('')).join(marker);
    const ended = lastLine ? text : text.trimEnd();
    return crlf ? ended.replace(/\n/g, '\r\n') : ended;
  });

const line = fc.constantFrom(
  ...['a:', 'b: c', '# x', '- d', '- e: f', 'g: |', 'h: >-', 'i', '', '---'],
  ...['"j"', '[]', 'k: "l"', 'm: 1', "n: 's' # t", 'o # p', '- |', '- "q"'],
  ...['r: [u]', 'null', 'v: ~', '- # w', 'x: # y', 'z: | # z', '{}', "'1': b"],
  ...['{ a: b }', '1: k1', 'a1: {b: [c], "d": "e"} # f', '- {g: h, i: j}'],
);

/** Lines that are each plain, at any depth and in any order. */
export const plainLines: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), line), {
      minLength: 1,
      maxLength: 8,
    }),
    fc.constantFrom('\n', '\r\n'),
    fc.constantFrom('', '\n', '\n\n'),
    fc.boolean(),
  )
  .map(([lines, lineBreak, end, isNested]) =>
    [
      ...(isNested ? ['root:'] : []),
      ...lines.map(([depth, text]) =>
        text === '---'
          ? text
          : `${' '.repeat(depth + Number(isNested))}${text}`,
      ),
    ]
      .join(lineBreak)
      .concat(end),
  );

/** Texts with some small damage each: something put in, taken out, or repeated elsewhere. */
export function damaged(texts: readonly string[]): fc.Arbitrary<string> {
  const place = fc.double({ min: 0, max: 1, noNaN: true });
  const damage = fc.oneof(
    fc.record({ at: place, insert: fc.constantFrom(...TOKENS) }),
    fc.record({ at: place, drop: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ at: place, copyFrom: place, length: fc.nat(40) }),
  );
  return fc
    .tuple(
      fc.constantFrom(...texts),
      fc.array(damage, { minLength: 1, maxLength: 3 }),
    )
    .map(([text, damages]) =>
      damages.reduce((result, one) => {
        const at = Math.floor(one.at * result.length);
        const before = result.slice(0, at);
        if ('insert' in one) return before + one.insert + result.slice(at);
        if ('drop' in one) return before + result.slice(at + one.drop);
        const from = Math.floor(one.copyFrom * result.length);
        return (
          before + result.slice(from, from + one.length) + result.slice(at)
        );
      }, text),
    );
}
