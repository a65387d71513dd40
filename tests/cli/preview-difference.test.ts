import type { Entity } from '@backstage/catalog-model';
import { compareWithCatalog } from '../../src/cli/preview-difference';

const entity = (spec: object, tags: unknown = []) =>
  ({
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'API',
    metadata: { name: 'a', tags },
    spec: {
      type: 'openapi',
      lifecycle: 'production',
      owner: 'team-a',
      definition: { $text: './api.yaml' },
      ...spec,
    },
  }) as unknown as Entity;

it.each([
  ['is whole', entity({}), 'added'],
  ['lacks an owner', entity({ owner: undefined }), 'invalid'],
  ['has tags in a YAML file', entity({}, { $yaml: './tags.yaml' }), 'added'],
  [
    'has a definition in JSON',
    entity({ definition: { $json: './a' } }),
    'added',
  ],
])(
  'preview says of an entity that %s whether the catalog would show it, as far as that can be told',
  async (_what, it, expected) => {
    const owned = { entityRef: 'api:default/a', target: 'x', entity: it };
    const difference = await compareWithCatalog([], [owned], new Map());
    const found = Object.entries(difference).filter(
      ([, list]: [string, readonly unknown[]]) => list.length > 0,
    );
    expect(found.map(([name]) => name)).toEqual([expected]);
  },
);
