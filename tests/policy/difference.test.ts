import type { Entity } from '@backstage/catalog-model';
import type { JsonObject, JsonValue } from '@backstage/types';
import fc from 'fast-check';
import { differences } from '../../src/policy/difference';

const text = fc.constantFrom('a', 'b', 'c');
const value: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    fc.nat(2),
    fc.array(text, { maxLength: 3 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(text, tie('value'), { maxKeys: 3 }),
  ),
})).value;
const spec = fc.dictionary(text, value, { minKeys: 1, maxKeys: 3 });

function entity(itsSpec: JsonObject, annotations?: Record<string, string>) {
  return {
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'Component',
    metadata: { name: 'api', annotations },
    spec: itsSpec,
  } satisfies Entity;
}

/** What the catalog makes of an entity of a file. */
function processed({ metadata, ...rest }: Entity): Entity {
  return {
    ...rest,
    metadata: {
      ...metadata,
      uid: 'u',
      etag: 'e',
      namespace: 'default',
      annotations: { ...metadata.annotations, 'backstage.io/view-url': 'x' },
    },
    spec: sorted(rest.spec ?? {}) as JsonObject,
  };
}

function sorted(part: JsonValue): JsonValue {
  if (Array.isArray(part)) {
    return part.every(it => typeof it === 'string')
      ? [...part].sort().reverse()
      : part.map(sorted);
  }
  return typeof part === 'object' && part !== null
    ? Object.fromEntries(
        Object.entries(part).map(([key, it]) => [key, sorted(it ?? null)]),
      )
    : part;
}

describe('what a file has otherwise than the catalog', () => {
  it('is nothing that the processing of the catalog changes', () => {
    fc.assert(
      fc.property(spec, given => {
        const file = entity(given, { note: 'x' });
        expect(differences(file, processed(file))).toEqual([]);
      }),
    );
  });

  it('is each key of the specification that has another value, and no other', () => {
    fc.assert(
      fc.property(spec, given => {
        const [key = ''] = Object.keys(given);
        const file = entity({ ...given, [key]: 'in the file' });
        const catalog = processed(entity({ ...given, [key]: 'elsewhere' }));
        expect(differences(file, catalog)).toEqual([`spec.${key}`]);
      }),
    );
  });

  it.each<[string, JsonObject, JsonObject, string[]]>([
    [
      'an annotation',
      { annotations: { a: 'x' } },
      {},
      ['metadata.annotations.a'],
    ],
    [
      'a namespace',
      { namespace: 'A' },
      { namespace: 'b' },
      ['metadata.namespace'],
    ],
    [
      'only the case of a namespace',
      { namespace: 'A' },
      { namespace: 'a' },
      [],
    ],
    ['a tag more', { tags: ['a', 'b'] }, { tags: ['a'] }, ['metadata.tags']],
    ['a title that is gone', {}, { title: 'x' }, ['metadata.title']],
  ])('is named where it is %s', (_what, file, catalog, found) => {
    const of = (metadata: JsonObject) => ({
      ...entity({}),
      metadata: { name: 'api', namespace: 'default', ...metadata },
    });
    expect(differences(of(file), of(catalog))).toEqual(found);
  });

  it('is no content of a file that the catalog has put in the place of its name', () => {
    expect(
      differences(
        entity({ definition: { $text: './api.yaml' } }),
        processed(entity({ definition: 'openapi: 3.0.3' })),
      ),
    ).toEqual([]);
    expect(
      differences(
        entity({ definition: { $text: './api.yaml', more: 'x' } }),
        processed(entity({ definition: 'openapi: 3.0.3' })),
      ),
    ).toEqual(['spec.definition']);
  });
});
