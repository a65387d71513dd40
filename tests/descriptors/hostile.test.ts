import { ConfigReader } from '@backstage/config';
import { readDescriptor } from '../../src/descriptors/read';
import { CatalogRules } from '../../src/descriptors/rules';
import {
  CatalogParserBudget,
  MAX_FILE_LENGTH,
  MAX_FILE_STRUCTURE,
  countStructure,
} from '../../src/descriptors/yaml/limits';

/** For how long reading one file may block the process. */
const LIMIT_MS = 250;

/**
 * What fails a test run. On a machine that is busy with other things even the
 * processor's time is several times what it is on a quiet one, so that the limit
 * itself is held only where somebody asks for it: `STRICT_TIMINGS=1`. A file that
 * blocks without bound, which is what this is about, exceeds either.
 */
const ASSERTED_MS =
  process.env.STRICT_TIMINGS === '1' ? LIMIT_MS : 8 * LIMIT_MS;

const rules = CatalogRules.fromConfig(new ConfigReader({}));

/** A text of any size: something before, a part as often as wanted, something after. */
interface Hostile {
  readonly before?: string;
  readonly part: (index: number) => string;
  readonly after?: string;
}

const id = (index: number) => index.toString(36);

/** Each a way in which a parser of YAML can be made to work hard. */
const HOSTILE: Record<string, Hostile> = {
  'ordinary components': {
    part: i =>
      `---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: c-${i}\n  annotations: {a/b: c}\nspec:\n  type: service\n  owner: team-a\n`,
  },
  'keys of a map': { part: i => `k${i}: 1\n` },
  'short keys of a map': { part: i => `k${id(i)}:\n` },
  'duplicate keys': { part: () => 'a: b\n' },
  'keys of a flow map': { before: '{', part: i => `${id(i)},`, after: '}' },
  'keys far apart in a flow map': {
    before: '{',
    part: i => `${id(i)}${' '.repeat(12)},`,
    after: '}',
  },
  'duplicate keys of a flow map': { before: '{', part: () => 'a,' },
  'quoted keys without commas': { before: '{', part: i => `"${id(i)}"` },
  'items of a flow sequence': { before: 'a: [', part: () => 'x,', after: ']' },
  'pairs of a flow sequence': {
    before: 'a: [',
    part: () => 'a: b,',
    after: ']',
  },
  'lines of a flow sequence': {
    before: 'a: [',
    part: () => 'x,\n ',
    after: ']',
  },
  'items of a sequence': { before: 'a:\n', part: () => '- b: c\n' },
  'nested flow sequences': { part: () => '[' },
  'nested flow maps': { part: () => '{' },
  'nested maps': { part: i => `${' '.repeat(i)}a:\n` },
  'nested compact sequences': { part: () => '- ' },
  'nested explicit keys': { part: () => '? ' },
  'explicit keys': { part: i => `? a${i}\n` },
  'explicit keys without content': { part: () => '?\n' },
  'collections as keys': { part: i => `? {a: ${i}}\n: b\n` },
  'templates as keys': { part: i => `k${i}: {{ name }}\n` },
  'nested templates as keys': { part: i => `k${i}: {{{{{{{{ a }}}}}}}}\n` },
  'nested templates as keys with values': {
    part: i => `k${i}: {{{{{{{{a: b}: b}: b}: b}: b}: b}: b}: b}\n`,
  },
  sets: { before: 'a: !!set {', part: i => `${id(i)},`, after: '}' },
  'closing brackets': { part: () => ']' },
  'closing brackets in long lines': { part: () => `]${' '.repeat(15)}` },
  'empty collections without commas': { before: '[', part: () => '[]' },
  colons: { part: () => ': ' },
  'nested pairs in a line': { part: () => 'a: b ' },
  quotes: { part: () => '"' },
  'pairs of quotes': { part: () => '""' },
  'exclamation marks': { part: () => '! ' },
  tags: { part: i => `- !x${id(i)} a\n` },
  anchors: { part: i => `- &a${id(i)} x\n` },
  'anchors of one node': { part: () => '&a ' },
  'aliases of a text': { before: 'a: &a x\nb:\n', part: () => '- *a\n' },
  'aliases of nothing': { before: 'a:\n', part: () => '- *b\n' },
  'aliases of an empty list': {
    before: 'a: &a []\nb: &b [*a ,*a ,*a ,*a ,*a ,*a]\nc:\n',
    part: () => '- *b\n',
  },
  'billion laughs': {
    before: 'a0: &a0 [x, x, x, x, x, x, x, x, x]\n',
    part: i =>
      `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i} `).join(', ')}]\n`,
  },
  'billion laughs of merge keys': {
    before: 'a0: &a0 {}\n',
    part: i => `a${i + 1}: &a${i + 1} {<<: [*a${i} , *a${i} , *a${i} ]}\n`,
  },
  'merges of a large map': {
    before: `a: &a\n${Array.from({ length: 500 }, (_, i) => `  k${i}: v\n`).join('')}b:\n`,
    part: () => '- <<: *a\n',
  },
  'a map that contains itself': {
    before: 'a: &a\n  b: *a\n  c: &c [*c ]\n',
    part: i => `d${i}: *a\n`,
  },
  documents: { part: () => '---\n' },
  'documents of a text': { part: () => '--- a\n' },
  'documents of a map': { part: () => '--- {a: 1}\n' },
  'documents with errors': { part: () => '--- ]\n' },
  'end markers': { part: () => 'a: b\n...\n' },
  directives: { part: () => '%YAML 1.1\n---\na: b\n' },
  'unknown directives': { part: () => '%x\n' },
  'a plain text': { before: 'a: ', part: () => 'xxxxxxxx' },
  words: { part: () => 'a ' },
  'lines of a plain text': { before: 'a: b\n', part: () => ' a\n' },
  'a quoted text': { before: 'a: "', part: () => 'x', after: '"' },
  'lines of a quoted text': { before: 'a: "', part: () => ' x\n', after: '"' },
  escapes: { before: 'a: "', part: () => '\\n', after: '"' },
  'wrong escapes': { before: 'a: "', part: () => '\\z', after: '"' },
  backslashes: { before: 'a: "', part: () => '\\', after: '"' },
  'single quotes': { before: "a: '", part: () => "''", after: "'" },
  'lines of a block': { before: 'a: |\n', part: () => '  a line of text\n' },
  'short lines of a block': { before: 'a: >\n', part: () => ' a\n' },
  'empty lines of a block': { before: 'a: |+\n', part: () => '\n' },
  'lines of spaces': { before: 'a: |\n', part: i => `${' '.repeat(i % 30)}\n` },
  comments: { part: () => '#\n' },
  'comments behind each other': { before: 'a: b', part: () => ' #' },
  'empty lines': { part: () => '\n', after: 'a: b' },
  spaces: { part: () => '        ', after: 'a: b' },
  tabs: { part: () => '\t', after: 'a: b' },
  'carriage returns': { before: 'a: b', part: () => '\r' },
  'byte order marks': { part: () => '\ufeff\n' },
  NUL: { before: 'a: ', part: () => '\0' },
  'control characters': { before: 'a: ', part: () => '\x01' },
  'halves of surrogate pairs': { before: 'a: ', part: () => '\ud800' },
  'a long key': { part: () => 'k', after: ': v\n' },
  'a long number': { before: 'a: ', part: () => '1' },
  'a number of base 60': { before: '%YAML 1.1\n---\na: 1', part: () => ':1' },
  'nested maps on one line': { part: () => '{a: ' },
  'changing indentation': {
    part: i => `${' '.repeat(i % 40)}a${i}:\n`,
  },
  'block headers': { part: () => '| ' },
  omap: { before: 'a: !!omap\n', part: i => `- k${i}: 1\n` },
  'long errors': { part: i => `"x"${'y'.repeat(30)}${id(i)} ` },
};

/** The longest text of its kind that still passes, but for one part in a hundred. */
function longest(
  { before = '', part, after = '' }: Hostile,
  passes: (text: string) => boolean,
): string {
  const parts: string[] = [];
  const build = (count: number): string => {
    while (parts.length < count) parts.push(part(parts.length));
    return before + parts.slice(0, count).join('') + after;
  };
  let low = 0;
  let high = 1;
  while (passes(build(high))) {
    low = high;
    high *= 2;
  }
  while (high - low > 1 + low / 100) {
    const middle = Math.floor((low + high) / 2);
    if (passes(build(middle))) low = middle;
    else high = middle;
  }
  return build(low);
}

const SIZES: Record<string, (text: string) => boolean> = {
  '1 MiB': text => text.length <= MAX_FILE_LENGTH,
  'within what js-yaml is given': text =>
    text.length <= MAX_FILE_LENGTH &&
    countStructure(text) <= MAX_FILE_STRUCTURE,
  "within what the catalog's parser is given": text =>
    new CatalogParserBudget().take(text),
};

/**
 * For how long reading a text keeps the processor busy: the least of three runs,
 * which is what the text itself takes.
 * Time of the processor rather than of the clock, so that other processes do not
 * count.
 */
function busyMs(content: string): number {
  const times = Array.from({ length: 3 }, () => {
    const before = process.cpuUsage();
    readDescriptor({
      content,
      target: 'https://dev.azure.com/o/p/_git/r?path=/catalog-info.yaml',
      rules,
      enableYamlMerge: true,
    });
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}

describe('a hostile file never blocks the process for longer than 250 ms', () => {
  const slowest: Array<{
    file: string;
    size: string;
    characters: number;
    ms: number;
  }> = [];

  it.each(Object.entries(HOSTILE))(
    '%s',
    (name, hostile) => {
      for (const [size, passes] of Object.entries(SIZES)) {
        const text = longest(hostile, passes);
        const ms = Math.round(busyMs(text));
        slowest.push({ file: name, size, characters: text.length, ms });
        expect({ size, ms, slow: ms > ASSERTED_MS }).toEqual({
          size,
          ms,
          slow: false,
        });
      }
    },
    120_000,
  );

  afterAll(() => {
    slowest.sort((a, b) => b.ms - a.ms);
    console.table(slowest.slice(0, 12));
  });
});
