import type { JsonObject } from '@backstage/types';
import { errorLocation } from '../../src/descriptors/error-location';
import { readDescriptor, TARGET, testYamlParser } from './support/read';

const yaml = testYamlParser();

async function read(content: string, catalog?: JsonObject) {
  return await readDescriptor(yaml, content, { catalog });
}

function text(kind: string, name: string, more = ''): string {
  return `apiVersion: backstage.io/v1alpha1\nkind: ${kind}\nmetadata:\n  name: ${name}\n${more}`;
}

describe('a descriptor', () => {
  it('gives an entity or a reason for each document, and a rejected one costs the others nothing', async () => {
    const content = [
      text('Component', 'first'),
      '# only a comment\n',
      text('User', 'intruder'),
      'a: b\na: c\n',
      text('Component', '4711'),
      text('API', 'last'),
    ].join('---\n');
    expect(await read(content)).toMatchObject([
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

  it('cannot choose the location annotations of its entities', async () => {
    const [document] = await read(
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

  it('cannot change a prototype', async () => {
    const [document] = await read(
      `${text('Component', 'a')}__proto__: {polluted: true}\nspec: {__proto__: {polluted: true}}\n`,
    );
    expect(document?.outcome).toBe('entity');
    expect(JSON.stringify(document)).toContain('"__proto__":{"polluted":true}');
    expect(
      document?.outcome === 'entity' && document.entity.spec,
    ).not.toHaveProperty('polluted');
    expect({}).not.toHaveProperty('polluted');
  });

  it('may declare what catalog.rules allow at its URL', async () => {
    const user = text('User', 'u');
    const rule = (target: string): JsonObject => ({
      locations: [{ type: 'url', target, rules: [{ allow: ['User'] }] }],
    });
    expect(await read(user, rule(TARGET))).toMatchObject([
      { outcome: 'entity' },
    ]);
    expect(await read(user, rule(`${TARGET}&version=GBmain`))).toMatchObject([
      { outcome: 'rejected', reason: 'rules' },
    ]);
  });

  it('cannot hide the errors of another file by taking the name of their Location', async () => {
    const { entity } = errorLocation({ target: TARGET, errors: ['x'] });
    const [document] = await read(
      text('Location', entity.metadata.name, 'spec: {}\n'),
    );
    expect(document).toMatchObject({ outcome: 'rejected', reason: 'rules' });
  });

  it('keeps the last of the documents with one reference, as the catalog does', async () => {
    const content = [
      text('Component', 'twice', 'spec: {owner: first}\n'),
      text('Component', 'once'),
      text('component', 'Twice', 'spec: {owner: last}\n'),
    ].join('---\n');
    const documents = await read(content);
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
        `spec:\n  a: &a "${'x'.repeat(200_000)}"\n  b: [${Array(90).fill('*a ').join(', ')}]\n`,
      ),
      'too-large',
      /too large when its aliases are spelled out/,
    ],
    [
      'is nested more than 500 deep',
      text(
        'Component',
        'a',
        `spec:\n  a: ${'['.repeat(499)}${']'.repeat(499)}\n`,
      ),
      'too-large',
      /nested too deeply/,
    ],
    [
      'has more than 4 Mi characters',
      'x'.repeat(4 * 1024 * 1024 + 1),
      'too-large',
      /4,194,305 characters/,
    ],
    [
      'has more than 10,000 documents',
      '---\n'.repeat(10_001),
      'too-large',
      /10,000 documents/,
    ],
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
  ])('is rejected where it %s', async (_name, content, reason, message) => {
    expect(await read(content)).toMatchObject([
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
    async content => {
      expect(await read(content)).toEqual([]);
    },
  );
});
