import fc from 'fast-check';
import { routeTo } from '../../src/azure/connections';
import { parseOrganization } from '../../src/content/organizations';
import {
  formatBytes,
  formatDuration,
  hanging,
  printable,
  renderTable,
  toJsonText,
  wrap,
} from '../../src/cli/text';
import { counted } from '../../src/counted';
import { Organization } from '../../src/organization';

const words = fc
  .array(fc.string({ minLength: 1, maxLength: 30 }).filter(w => !/\s/.test(w)))
  .map(list => list.join(' '));

it('the command line breaks a long text between words and loses none of them', () => {
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

it('a word that fits into a line of the terminal is not cut by it, wherever it stands', () => {
  fc.assert(
    fc.property(words, fc.integer({ min: 0, max: 40 }), (text, indent) => {
      const lead = ' '.repeat(indent);
      for (const line of hanging(lead, text, 60).split('\n')) {
        expect(line.length).toBeLessThanOrEqual(60);
      }
    }),
  );
  expect(hanging('   -> ', `Open ${'x'.repeat(50)} and look`, 52)).toBe(
    `   -> Open\n  ${'x'.repeat(50)}\n      and look`,
  );
});

it('the command line shows every cell of a table whole, however long it is', () => {
  const table = renderTable(
    [{ title: 'NAME' }, { title: 'SIZE', align: 'right' }, { title: 'STATE' }],
    [
      ['a-name-that-is-longer-than-any-other-in-this-table', '1 B', 'ready'],
      ['short', '20 MB', ''],
    ],
  );
  expect(table).toMatchInlineSnapshot(`
   "NAME                                                 SIZE  STATE
   a-name-that-is-longer-than-any-other-in-this-table    1 B  ready
   short                                               20 MB"
  `);
});

it('the command line writes sizes, durations and counts for people', () => {
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
    counted(1, 'project'),
    counted(2, 'day'),
    counted(1_234, 'repository'),
  ]).toEqual(['1 project', '2 days', '1,234 repositories']);
});

it('the command line shows control characters in a name instead of sending them to the terminal', () => {
  expect(printable('a\u001b[31mb\u0007c\u202ed')).toBe(
    'a\uFFFD[31mb\uFFFDc\uFFFDd',
  );
});

it('the command line gives neither a terminal nor an agent of Azure Pipelines a command of somebody else, and programs the text as it is', () => {
  const parts = [
    '#',
    '##',
    '##vso[task.complete]',
    '##[error]',
    '\u009b2J',
    '\u001b]0;',
    '\u202e',
    '\\',
    ' ',
    '\n',
    'a',
  ];
  const texts = fc.array(fc.constantFrom(...parts)).map(some => some.join(''));
  fc.assert(
    fc.property(texts, text => {
      const encoded = toJsonText({ text });
      expect(JSON.parse(encoded)).toEqual({ text });
      for (const shown of [hanging('error: ', text, 80), encoded]) {
        expect(shown.replaceAll('\n', '')).not.toMatch(
          /##(vso)?\[|[\p{Cc}\p{Bidi_Control}]/u,
        );
      }
    }),
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
])(
  'the command line takes the argument %s for the organization %s',
  (text, expected) => {
    const { host, name: organization } = parseOrganization(text, [
      new Organization('dev.azure.com', 'contoso'),
      new Organization('tfs.example.com', 'tfs/Archive'),
    ]);
    expect(`${host}/${organization}`).toBe(expected);
  },
);

it.each([
  ['https://dev.azure.com', 'dev.azure.com/contoso'],
  ['https://dev.azure.com/', 'dev.azure.com/contoso'],
  ['dev.azure.com', 'dev.azure.com/contoso'],
  ['tfs.example.com:8080', 'tfs.example.com:8080/DefaultCollection'],
  ['http://localhost', 'localhost/DefaultCollection'],
])(
  'the command line says that the argument %s names a host and no organization',
  (text, example) => {
    expect(() => parseOrganization(text, [])).toThrow(
      `'${example.split('/')[0]}' names a host and no organization; expected one on it, such as ${example}`,
    );
  },
);

it('the command line takes the name of a configured collection for one although it has a dot', () => {
  const known = [new Organization('tfs.example.com', 'Team.Blue')];
  expect(parseOrganization('team.blue', known)).toEqual(known[0]);
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
    { HTTPS_PROXY: 'http://u:se@c/ret@p:1' },
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
])(
  'the command line says that with the environment %j the host %s is reached by %j',
  (env, host, route) => {
    expect(routeTo(host, env)).toEqual(route);
  },
);
