import fc from 'fast-check';
import { parsePlain } from '../../src/descriptors/yaml';
import { corpusFiles } from '../support/corpus';
import {
  catalogReading,
  expectSameReading,
  ourReading,
} from './support/catalog-reading';
import { testYamlParser } from './support/read';
import {
  anyText,
  damaged,
  documents,
  plainLines,
  tokens,
} from './support/yaml';

/** Each run of the tests takes other texts. */
const RUNS = { numRuns: process.env.LONG_TESTS ? 3_000 : 600 };
const yaml = testYamlParser();
const withMerge = testYamlParser({ enableYamlMerge: true });

const COMPONENT = `apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: petstore # a comment
  description: >
    Some text
    on two lines
  annotations:
    a.b/c: 'x: y'
  tags: [java, "data"]
spec:
  type: service
  dependsOn:
    - resource:default/db
    - component:default/other
`;

async function expectSame(text: string): Promise<void> {
  await expectSameReading(yaml, text);
  await expectSameReading(withMerge, text);
}

/** Compares only what js-yaml alone decides, so that the comparison bites. */
async function expectSameWherePlain(text: string): Promise<void> {
  fc.pre(parsePlain(text) !== undefined);
  await expectSame(text);
}

describe('a file gives the values that Backstage reads from it', () => {
  it.each<[string, fc.Arbitrary<string>]>([
    ['any text', anyText],
    ['pieces of YAML in any order', tokens],
    ['documents as people write them', documents],
    [
      'documents with small damages',
      damaged([COMPONENT, `${COMPONENT}---\n${COMPONENT}`]),
    ],
  ])('when it is %s', async (_name, texts) => {
    await fc.assert(fc.asyncProperty(texts, expectSame), RUNS);
  });

  it('when js-yaml alone reads it', async () => {
    await fc.assert(fc.asyncProperty(plainLines, expectSameWherePlain), RUNS);
  });

  it.each([
    ['one component', COMPONENT],
    ['carriage returns', COMPONENT.replace(/\n/g, '\r\n')],
    ['several components', `---\n${COMPONENT}---\n# c\n---\n${COMPONENT}`],
  ])('without a second thread when it is ordinary: %s', (_name, text) => {
    expect(parsePlain(text)).toBeDefined();
  });

  it.each([
    ['before anything', `${' '.repeat(32_000)}?`],
    ['behind a dash', `- ${' '.repeat(32_000)}?`],
  ])(
    'without keeping the backend busy over a long run of spaces %s',
    (_where, text) => {
      // Of the processor, which a busy machine does not add to.
      const before = process.cpuUsage();
      expect(parsePlain(text)).toBeUndefined();
      expect(process.cpuUsage(before).user).toBeLessThan(1_000_000);
    },
  );
});

describe('a damaged descriptor file gives the values that Backstage reads from it', () => {
  const texts = corpusFiles()
    .map(({ content }) => content.toString('utf8'))
    .filter(text => text.length < 20_000);

  it('whichever parser reads it', async () => {
    await fc.assert(fc.asyncProperty(damaged(texts), expectSame), RUNS);
  });

  it('when js-yaml alone reads it', async () => {
    const some = fc.asyncProperty(damaged(texts), expectSameWherePlain);
    await fc.assert(some, RUNS);
  });
});

describe('a file gives the values that Backstage reads from it, where YAML parsers differ', () => {
  const deep = `${Array.from({ length: 150 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')} b\n`;

  it.each<[string, string]>([
    ['more than 100 aliases', `a: &a x\nb:\n${'- *a\n'.repeat(101)}`],
    ['an undefined alias', 'a: *b\n'],
    ['an alias across documents', 'a: &a x\n---\nb: *a\n'],
    ['%YAML 1.1', '%YAML 1.1\n---\na: yes\nb: 017\nc: 2001-01-01\n'],
    ['!!timestamp', 'a: !!timestamp 2001-01-01\n'],
    ['!!binary', 'a: !!binary aGVsbG8=\n'],
    ['!!set', 'a: !!set {x, y}\n'],
    ['!!omap', 'a: !!omap [x: 1, y: 2]\n'],
    ['a set at the root', '!!set {x, y}\n'],
    ['an unknown tag', 'a: !Sub "x"\nb: !x {c: d}\n'],
    ['a template', 'name: {{ name }}\n'],
    ['a collection as a key', '? [a, b]\n: c\n'],
    ['null as a key', '~: a\n'],
    ['a number and a text as keys', '1: a\n"1": b\n'],
    ['NUL', 'a: b\0c\n'],
    ['control characters', 'a: "b\x01\x7f"\nc: \x07\n'],
    ['half a surrogate pair', 'a: "\ud800"\n'],
    ['half a surrogate pair, escaped', 'a: "\\ud800"\n'],
    ['carriage returns alone', 'a: b\rc: d\r'],
    ['a byte order mark', '\ufeffa: b\n'],
    ['a byte order mark before the second document', 'a: b\n---\n\ufeffc: d\n'],
    ['a key of 1,100 characters', `${'k'.repeat(1_100)}: v\n`],
    ['nesting of 150', deep],
    ['a merge key', 'a: &a {x: 1}\nb:\n  <<: *a\n  y: 2\n'],
    ['two merge keys', 'a: &a {x: 1}\nb:\n  <<: *a\n  <<: *a\n'],
    ['a merge key of a text', 'a:\n  <<: b\n'],
    ['__proto__', '__proto__: {x: 1}\nconstructor: y\n'],
    ['a duplicate key', 'a: b\na: c\n'],
    [
      'a number beyond its range',
      'a: 1e400\nb: -1e400\nc: 0x' + 'f'.repeat(300),
    ],
    ['an indented marker', ' ---\na: b\n'],
    ['text behind an end marker', 'a: b\n... c\n'],
    ['an error that is put down to the document before', 'a: b\n---\n]\n'],
    ['a comment that is less indented', 'a:\n    # x\n  # y\n   b\nc: d\n'],
    ['lines of spaces after a block that keeps them', 'a: |+\n  x\n   \n  '],
    ['a page of HTML', '<!DOCTYPE html>\n<html><body>Sign in</body></html>\n'],
    ['nothing', ''],
    ['comments', '# a\n---\n# b\n'],
  ])('when it has %s', async (_name, text) => {
    await expectSame(text);
  });
});

describe('a document that cannot be read', () => {
  it('costs the others nothing, even where Backstage gives up on the file', async () => {
    const text = 'a: 1\n---\n# c\nb: *undefined\n---\n\n---\nc: 3\n';
    expect(catalogReading(text, yaml)).toEqual({
      verdicts: [{ value: { a: 1 } }],
      threw: true,
    });
    expect((await yaml.parse(text)).documents).toEqual([
      { outcome: 'value', value: { a: 1 }, line: 1 },
      {
        outcome: 'rejected',
        reason: 'syntax',
        message: expect.stringMatching(/Unresolved alias .*undefined/),
        line: 4,
      },
      { outcome: 'value', value: { c: 3 }, line: 8 },
    ]);
  });

  it.each<[string, string, object]>([
    [
      'a duplicate key',
      '# c\na: 1\n---\nb: 1\nb: 2\n',
      {
        line: 5,
        column: 1,
        message: 'not valid YAML: Map keys must be unique',
      },
    ],
    [
      'an open bracket, with carriage returns',
      'a: 1\r\n---\r\nb:\r\n  - [\r\n',
      { line: 5, column: 1 },
    ],
    [
      'a text at the root',
      'a: 1\n---\n\n# c\nhello\n',
      { line: 5, column: undefined },
    ],
  ])('is reported with its line: %s', async (_name, text, place) => {
    const [, rejected] = (await yaml.parse(text)).documents;
    expect(rejected).toMatchObject({
      outcome: 'rejected',
      reason: 'syntax',
      ...place,
    });
  });

  it('leaves the lines of the others right, also where a document is empty', async () => {
    const { documents } = await yaml.parse('null\n---\na: 1\n---\nb: *c\n');
    expect(documents.map(({ outcome, line }) => [outcome, line])).toEqual([
      ['value', 3],
      ['rejected', 5],
    ]);
  });

  it('causes no warning of the Node process', async () => {
    const emitted: unknown[] = [];
    const listener = (warning: unknown) => emitted.push(warning);
    process.on('warning', listener);
    try {
      expect(await ourReading(yaml, 'a: {{ b }}\n')).toMatchObject([
        { value: { a: {} } },
      ]);
    } finally {
      process.off('warning', listener);
    }
    expect(emitted).toEqual([]);
  });
});
