import fc from 'fast-check';
import { parseDocuments } from '../../src/descriptors/parse';
import { readWithJsYaml } from '../../src/descriptors/yaml/js-yaml';
import {
  CATALOG_PARSER_LIMITS,
  CatalogParserBudget,
} from '../../src/descriptors/yaml/limits';
import { splitDocuments } from '../../src/descriptors/yaml/split';
import { corpusFiles } from '../support/corpus';
import {
  catalogReading,
  expectSameReading,
  ourReading,
} from './support/catalog-reading';
import { anyText, damaged, documents, tokens } from './support/yaml';

const RUNS = { numRuns: 2_000 };
const PATIENCE = 300_000;
const OFF = { enableYamlMerge: false };
const ON = { enableYamlMerge: true };

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

/** Whether every document is known to read the same, so that the catalog's parser is not asked. */
function isCertain(text: string): boolean {
  return (splitDocuments(text, 1_000) ?? []).every(part => {
    const reading = readWithJsYaml(part.text, OFF);
    return reading.outcome === 'value' && reading.certain;
  });
}

function expectSame(text: string): void {
  // The limit that makes it a property of small texts.
  fc.pre(new CatalogParserBudget().take(text));
  expectSameReading(text, OFF);
  expectSameReading(text, ON);
}

/** That only what js-yaml alone decided is compared, so that the comparison bites. */
function expectSameWhereCertain(text: string): void {
  fc.pre(isCertain(text));
  expect(ourReading(text, OFF)).toStrictEqual(
    catalogReading(text, OFF).verdicts,
  );
}

describe("a file within the size that the catalog's parser may be asked reads the same", () => {
  it(
    'whatever text it is',
    () => {
      fc.assert(fc.property(anyText, expectSame), RUNS);
    },
    PATIENCE,
  );

  it(
    'whatever YAML is made of',
    () => {
      fc.assert(fc.property(tokens, expectSame), RUNS);
    },
    PATIENCE,
  );

  it(
    'as people write it',
    () => {
      fc.assert(fc.property(documents, expectSame), RUNS);
    },
    PATIENCE,
  );

  it('damaged', () => {
    fc.assert(
      fc.property(
        damaged([COMPONENT, `${COMPONENT}---\n${COMPONENT}`]),
        expectSame,
      ),
      { numRuns: 1_500 },
    );
  });

  it.each([
    ['alone', COMPONENT],
    ['with carriage returns', COMPONENT.replace(/\n/g, '\r\n')],
    ['several', `---\n${COMPONENT}---\n# c\n---\n${COMPONENT}`],
  ])('and needs js-yaml only, as most files do: %s', (_name, text) => {
    expect(isCertain(text)).toBe(true);
  });
});

describe('descriptor files, damaged,', () => {
  const texts = corpusFiles()
    .map(({ content }) => content.toString('utf8'))
    .filter(text => text.length < 20_000);

  it('read the same', () => {
    fc.assert(fc.property(damaged(texts), expectSame), { numRuns: 1_000 });
  });

  it('read the same where js-yaml alone decided', () => {
    fc.assert(fc.property(damaged(texts), expectSameWhereCertain), {
      numRuns: 2_000,
    });
  });
});

describe('the parsers', () => {
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
  ])('agree about %s', (_name, text) => {
    expectSameReading(text, OFF);
    expectSameReading(text, ON);
  });

  it('go on after the document of which the catalog throws', () => {
    const text = 'a: 1\n---\n# c\nb: *undefined\n---\n\n---\nc: 3\n';
    expect(catalogReading(text, OFF)).toEqual({
      verdicts: [{ value: { a: 1 } }],
      threw: true,
    });
    expect(parseDocuments(text, OFF)).toEqual([
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
  ])('say where: %s', (_name, text, place) => {
    const [, rejected] = parseDocuments(text, OFF);
    expect(rejected).toMatchObject({
      outcome: 'rejected',
      reason: 'syntax',
      ...place,
    });
  });

  it('warn nobody of what is wrong with a file', () => {
    const emitted: unknown[] = [];
    const listener = (warning: unknown) => emitted.push(warning);
    process.on('warning', listener);
    const emit = jest.spyOn(process, 'emitWarning');
    try {
      expect(parseDocuments('a: {{ b }}\n', OFF)).toMatchObject([
        { outcome: 'value' },
      ]);
      expect(emit).not.toHaveBeenCalled();
      expect(process.emitWarning).toBe(emit);
    } finally {
      emit.mockRestore();
      process.off('warning', listener);
    }
    expect(emitted).toEqual([]);
  });
});

describe("beyond the size that the catalog's parser may be asked", () => {
  const filler = COMPONENT.replace(/^/gm, '# ');
  const large = (text: string): string => {
    const count = Math.ceil(CATALOG_PARSER_LIMITS.length / filler.length);
    return text + filler.repeat(count);
  };

  it('js-yaml alone decides, and the file’s other documents are not touched', () => {
    const text = large(
      `${COMPONENT}---\na: !x b\n---\na: &a [1]\nb: *a\n---\n{{{\n---\n${COMPONENT}`,
    );
    expect(text.length).toBeGreaterThan(CATALOG_PARSER_LIMITS.length);
    const outcomes = parseDocuments(text, OFF);
    expect(outcomes).toMatchObject([
      { outcome: 'value', line: 1 },
      { outcome: 'value', value: { a: 'b' } },
      { outcome: 'value', value: { a: [1], b: [1] } },
      { outcome: 'rejected', reason: 'syntax' },
      { outcome: 'value' },
    ]);
  });

  it('directives are rejected rather than ignored', () => {
    expect(
      parseDocuments(large('%YAML 1.1\n---\na: yes\n'), OFF),
    ).toMatchObject([{ outcome: 'rejected', reason: 'too-large' }]);
  });

  it.each([
    ['characters', `a: ${'x'.repeat(1024 * 1024)}`, /1,048,579 characters/],
    ['structure', 'a:\n'.repeat(30_001), /60,002 line breaks and indicators/],
    ['documents', '---\n'.repeat(3_001), /more than 3,000 documents/],
  ])('files are rejected whole for their %s', (_name, text, message) => {
    expect(parseDocuments(text, OFF)).toEqual([
      {
        outcome: 'rejected',
        reason: 'too-large',
        message: expect.stringMatching(message),
      },
    ]);
  });
});
