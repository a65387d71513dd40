import { ConfigReader } from '@backstage/config';
import type { JsonObject } from '@backstage/types';
import { errorLocation } from '../../src/descriptors/error-location';
import { readDescriptor } from '../../src/descriptors/read';
import { CatalogRules } from '../../src/descriptors/rules';

const TARGET = 'https://dev.azure.com/contoso/P/_git/r?path=/catalog-info.yaml';

function read(content: string, catalog: JsonObject = {}) {
  return readDescriptor({
    content,
    target: TARGET,
    rules: CatalogRules.fromConfig(new ConfigReader({ catalog })),
    enableYamlMerge: false,
  }).documents;
}

function text(kind: string, name: string, more = ''): string {
  return `apiVersion: backstage.io/v1alpha1\nkind: ${kind}\nmetadata:\n  name: ${name}\n${more}`;
}

describe('a descriptor', () => {
  it('gives one reading for each document, and a rejected one costs the others nothing', () => {
    const content = [
      text('Component', 'first'),
      '# only a comment\n',
      text('User', 'intruder'),
      'a: b\na: c\n',
      text('Component', '4711'),
      text('API', 'last'),
    ].join('---\n');
    expect(read(content)).toMatchObject([
      { outcome: 'entity', index: 0, entityRef: 'component:default/first' },
      {
        outcome: 'rejected',
        index: 1,
        reason: 'rules',
        entityRef: 'user:default/intruder',
        message: expect.stringContaining('catalog.rules'),
        line: 8,
      },
      {
        outcome: 'rejected',
        index: 2,
        reason: 'syntax',
        message: expect.stringContaining('Map keys must be unique'),
        line: 14,
        column: 1,
      },
      {
        outcome: 'rejected',
        index: 3,
        reason: 'envelope',
        message: expect.stringContaining("in quotes: '4711'"),
        line: 16,
      },
      { outcome: 'entity', index: 4, entityRef: 'api:default/last' },
    ]);
  });

  it('says nothing of where its entities come from', () => {
    const [document] = read(
      text(
        'API',
        'reader',
        [
          '  annotations:',
          '    backstage.io/managed-by-location: file:/etc/passwd',
          '    backstage.io/managed-by-origin-location: file:/etc/passwd',
          '    backstage.io/source-location: url:https://example.com/',
          '    other: kept',
          'spec:',
          '  definition:',
          '    $text: ./x',
          '',
        ].join('\n'),
      ),
    );
    expect(document).toMatchObject({
      outcome: 'entity',
      entity: {
        metadata: {
          annotations: {
            'backstage.io/managed-by-location': `url:${TARGET}`,
            'backstage.io/managed-by-origin-location': `url:${TARGET}`,
            'backstage.io/source-location': 'url:https://example.com/',
            other: 'kept',
          },
        },
        spec: { definition: { $text: './x' } },
      },
    });
  });

  it('has no power over prototypes', () => {
    const [document] = read(
      `${text('Component', 'a')}__proto__: {polluted: true}\nspec: {__proto__: {polluted: true}}\n`,
    );
    expect(document?.outcome).toBe('entity');
    expect(JSON.stringify(document)).toContain('"__proto__":{"polluted":true}');
    expect(
      document?.outcome === 'entity' && document.entity.spec,
    ).not.toHaveProperty('polluted');
    expect({}).not.toHaveProperty('polluted');
  });

  it('is allowed what the rules allow at its URL', () => {
    const user = text('User', 'u');
    const rule = (target: string): JsonObject => ({
      locations: [{ type: 'url', target, rules: [{ allow: ['User'] }] }],
    });
    expect(read(user, rule(TARGET))).toMatchObject([{ outcome: 'entity' }]);
    expect(read(user, rule(`${TARGET}&version=GBmain`))).toMatchObject([
      { outcome: 'rejected', reason: 'rules' },
    ]);
  });

  it('cannot hide the errors of another file by taking the name of their Location', () => {
    const { entity } = errorLocation({ target: TARGET, errors: ['x'] });
    const [document] = read(
      text('Location', entity.metadata.name, 'spec: {}\n'),
    );
    expect(document).toMatchObject({ outcome: 'rejected', reason: 'rules' });
  });

  it('keeps the last of the documents with one reference, as the catalog does', () => {
    const content = [
      text('Component', 'twice', 'spec: {owner: first}\n'),
      text('Component', 'once'),
      text('component', 'Twice', 'spec: {owner: last}\n'),
    ].join('---\n');
    const documents = read(content);
    expect(documents).toMatchObject([
      {
        outcome: 'rejected',
        index: 0,
        reason: 'rules',
        message: expect.stringMatching(
          /component:default\/twice more than once.* document 3/,
        ),
      },
      { outcome: 'entity', entityRef: 'component:default/once' },
      { outcome: 'entity', entity: { spec: { owner: 'last' } } },
    ]);
    // The reference is given, so that no former entity of it may go.
    expect(documents[0]).not.toHaveProperty('entityRef');
  });

  it.each([
    [
      'contains itself',
      text('Component', 'a', 'spec: &s\n  self: *s\n'),
      'too-large',
      /contains itself through an alias/,
    ],
    [
      'grows too large with its aliases spelled out',
      text(
        'Component',
        'a',
        `spec:\n  a: &a "${'x'.repeat(100_000)}"\n  b: [${Array(90).fill('*a ').join(', ')}]\n`,
      ),
      'too-large',
      /too large when its aliases are spelled out/,
    ],
    ['is too large', 'x'.repeat(1024 * 1024 + 1), 'too-large', /characters/],
    [
      'is a list',
      '- a\n',
      'syntax',
      /expected an object at the root of the document, found a list/,
    ],
    [
      'is a sign-in page',
      '<html><body>Sign in</body></html>',
      'syntax',
      /root/,
    ],
  ])('is rejected where it %s', (_name, content, reason, message) => {
    expect(read(content)).toMatchObject([
      {
        outcome: 'rejected',
        index: 0,
        reason,
        message: expect.stringMatching(message),
      },
    ]);
  });

  it.each(['', '\n', '# nothing\n', '---\n---\n', 'null\n', '\ufeff'])(
    'without content gives nothing: %j',
    content => {
      expect(read(content)).toEqual([]);
    },
  );
});
