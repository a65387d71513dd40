import fc from 'fast-check';
import { count, formatBytes, formatDuration } from '../../src/cli/format';
import { printable } from '../../src/cli/io';
import { parseName } from '../../src/cli/organizations';
import { routeTo } from '../../src/cli/proxy';
import { fitColumns, renderTable } from '../../src/cli/table';
import { displayWidth, fold, wrap } from '../../src/cli/text';
import { Organization } from '../../src/organization';

const words = fc
  .array(fc.string({ minLength: 1, maxLength: 30 }).filter(w => !/\s/.test(w)))
  .map(list => list.join(' '));

it('breaks text between words, and loses none', () => {
  fc.assert(
    fc.property(words, fc.integer({ min: 20, max: 80 }), (text, width) => {
      const lines = wrap(text, width);
      expect(lines.join(' ')).toBe(text);
      for (const line of lines) {
        if (line.includes(' ')) expect(line.length).toBeLessThanOrEqual(width);
      }
    }),
  );
});

it('folds cells without losing a letter', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 60 });
  fc.assert(
    fc.property(text, fc.integer({ min: 8, max: 30 }), (content, width) => {
      const lines = fold(content, width);
      const letters = (s: string) => s.replace(/\s/g, '');
      expect(letters(lines.join(''))).toBe(letters(content));
      for (const line of lines) {
        expect(displayWidth(line)).toBeLessThanOrEqual(width);
      }
    }),
  );
});

it('fits the columns of a table into the width, taking from the widest', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 200 }), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.integer({ min: 60, max: 200 }),
      (natural, width) => {
        const widths = fitColumns(natural, width);
        const total =
          widths.reduce((a, b) => a + b, 0) + 2 * (widths.length - 1);
        expect(total).toBeLessThanOrEqual(width);
        widths.forEach((w, i) => {
          expect(w).toBeLessThanOrEqual(natural[i] ?? 0);
          if (w < (natural[i] ?? 0)) {
            expect(w).toBeGreaterThanOrEqual(Math.max(...widths) - 1);
          }
        });
      },
    ),
  );
});

it('cuts nothing off in a table, and stays within the width', () => {
  const table = renderTable(
    [{ title: 'NAME' }, { title: 'SIZE', align: 'right' }],
    [
      ['a-name-that-is-much-too-long-for-a-terminal-of-that-width', '1 B'],
      ['開発プロジェクトの非常に長い名前をここに書いてみます', '20 MB'],
    ],
    40,
  );
  expect(table).toMatchInlineSnapshot(`
   "NAME                                SIZE
   ---------------------------------  -----
   a-name-that-is-much-too-long-for-    1 B
   a-terminal-of-that-width
   開発プロジェクトの非常に長い名前   20 MB
   をここに書いてみます"
  `);
  for (const line of table.split('\n')) {
    expect(displayWidth(line)).toBeLessThanOrEqual(40);
  }
});

it('says sizes, spans and counts in words', () => {
  expect(
    [0, 999, 1_000, 1_234_567, 999_600, 52_428_800, 3e12].map(formatBytes),
  ).toEqual(['0 B', '999 B', '1.0 KB', '1.2 MB', '1.0 MB', '52 MB', '3.0 TB']);
  expect([0, 90_000, 3_599_000, 86_399_000, 2e8].map(formatDuration)).toEqual([
    '0 s',
    '90 s',
    '60 min',
    '24 h',
    '2 days',
  ]);
  expect([
    count(1, 'project'),
    count(1_234, 'repository', 'repositories'),
  ]).toEqual(['1 project', '1,234 repositories']);
});

it('does not let a name do things to the terminal', () => {
  expect(printable('a\u001b[31mb\u0007c\u202ed')).toBe(
    'a\uFFFD[31mb\uFFFDc\uFFFDd',
  );
});

it.each([
  ['contoso', 'dev.azure.com/contoso'],
  ['CONTOSO', 'dev.azure.com/contoso'],
  ['Archive', 'tfs.example.com/tfs/Archive'],
  ['tfs/archive', 'tfs.example.com/tfs/Archive'],
  ['adatum', 'dev.azure.com/adatum'],
  ['https://dev.azure.com/My%20Org/Project/_git/x', 'dev.azure.com/My Org'],
  ['https://user@dev.azure.com/contoso/', 'dev.azure.com/contoso'],
  ['contoso.visualstudio.com', 'contoso.visualstudio.com/contoso'],
  ['tfs.example.com:8080/tfs/A', 'tfs.example.com:8080/tfs/A'],
  ['localhost/A', 'localhost/A'],
])('takes %s for %s', (text, expected) => {
  const { host, name: organization } = parseName(text, [
    new Organization('dev.azure.com', 'contoso'),
    new Organization('tfs.example.com', 'tfs/Archive'),
  ]);
  expect(`${host}/${organization}`).toBe(expected);
});

it.each<[NodeJS.ProcessEnv, string, object]>([
  [{}, 'dev.azure.com', { way: 'direct' }],
  [
    { HTTPS_PROXY: 'http://p:1' },
    'dev.azure.com',
    { way: 'proxy', proxy: 'http://p:1' },
  ],
  [
    { HTTP_PROXY: 'http://p:1' },
    'dev.azure.com',
    { way: 'proxy', proxy: 'http://p:1' },
  ],
  [
    { https_proxy: 'http://u:secret@p:1' },
    'dev.azure.com',
    { way: 'proxy', proxy: 'http://***@p:1' },
  ],
  [
    { HTTPS_PROXY: 'p', NO_PROXY: '*' },
    'a.b',
    { way: 'exception', entry: '*' },
  ],
  [
    { HTTPS_PROXY: 'p', NO_PROXY: 'x, .azure.com' },
    'dev.azure.com',
    { way: 'exception', entry: '.azure.com' },
  ],
  [
    { HTTPS_PROXY: 'p', NO_PROXY: 'azure.com:8080' },
    'dev.azure.com',
    { way: 'proxy', proxy: 'p' },
  ],
  [
    { HTTPS_PROXY: 'p', NO_PROXY: 'tfs:8080' },
    'tfs:8080',
    { way: 'exception', entry: 'tfs:8080' },
  ],
])('with %j %s is reached by %j', (env, host, route) => {
  expect(routeTo(host, env)).toEqual(route);
});
