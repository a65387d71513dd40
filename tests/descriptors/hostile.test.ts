import { parsePlain } from '../../src/descriptors/yaml';
import { until } from '../support/until';
import { readDescriptor, testYamlParser } from './support/read';

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
  'spaces within a text': {
    before: 'a: b',
    part: () => '        ',
    after: 'c',
  },
  'lists on one line': { before: 'a: [', part: () => "'', ", after: "'" },
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

const SIZES = [
  2 * 1024,
  // Nearly each costs a thread.
  ...(process.env.LONG_TESTS ? [32 * 1024, 1024 * 1024] : []),
];

function grow(
  { before = '', part, after = '' }: Hostile,
  length: number,
): string {
  const parts = [before];
  let left = length - before.length - after.length;
  for (let index = 0; left > 0; index++) {
    const next = part(index);
    parts.push(next);
    left -= next.length;
  }
  return parts.join('') + after;
}

describe('reading a hostile file ends, and the next file is read as usual:', () => {
  // Short limits, so that the test does not take hours.
  const yaml = testYamlParser({
    enableYamlMerge: true,
    limits: { deadlineMs: 300, memoryMb: 96 },
  });

  it.each(Object.entries(HOSTILE))('%s', async (_file, hostile) => {
    // What js-yaml may read at most: that blocks the process.
    parsePlain(grow(hostile, 32 * 1024));
    for (const length of SIZES) {
      const documents = await readDescriptor(yaml, grow(hostile, length));
      expect(documents.length).toBeLessThanOrEqual(10_000);
      const ordinary =
        'kind: Component\napiVersion: v1\nmetadata: &m { name: a }\n';
      // A busy machine may take longer for it than the limit is.
      await until('an ordinary file to be read', async () => {
        const [document] = await readDescriptor(yaml, ordinary);
        return document?.outcome === 'entity';
      });
    }
  });
});
