import {
  entityEnvelopeSchemaValidator,
  stringifyEntityRef,
  type Entity,
} from '@backstage/catalog-model';
import type { EntityProviderConnection } from '@backstage/plugin-catalog-node';
import type { JsonValue } from '@backstage/types';
import fc from 'fast-check';
import { parseEnvelope } from '../../src/descriptors/envelope';
import { startCatalog, type TestCatalog } from '../support/backend';
import { catalogFeature } from '../support/catalog-feature';

const validate = entityEnvelopeSchemaValidator();

function entity(metadata: JsonValue, rest: object = {}): JsonValue {
  return {
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'Component',
    metadata,
    ...rest,
  };
}

describe('a document', () => {
  it.each<[JsonValue, RegExp]>([
    [{}, /^apiVersion is missing/],
    [entity({}), /^metadata\.name is missing/],
    [entity(null), /^metadata is empty; expected an object/],
    [entity([]), /^metadata is a list; expected an object/],
    [entity({ name: 7 }), /^metadata\.name is a number.*in quotes: '7'/],
    [entity({ name: true }), /^metadata\.name is a boolean.*in quotes: 'true'/],
    [entity({ name: '' }), /^metadata\.name is an empty text/],
    [entity({ name: null }), /^metadata\.name is empty/],
    [entity({ name: { a: 1 } }), /^metadata\.name is an object/],
    [entity({ name: 'a', namespace: 1 }), /^metadata\.namespace is a number/],
    [entity({ name: 'a', namespace: null }), /^metadata\.namespace is empty/],
    [entity({ name: 'a' }, { kind: 1.5 }), /^kind is a number/],
    [entity({ name: 'a' }, { apiVersion: 1 }), /^apiVersion is a number/],
    [
      entity({ name: 'a', annotations: ['b'] }),
      /^metadata\.annotations is a list; expected an object/,
    ],
    [
      entity({ name: 'a', annotations: 'b' }),
      /^metadata\.annotations is a text; expected an object/,
    ],
    [entity({ name: 'a'.repeat(300) }), /too long/],
    [entity({ name: 'a\0' }), /U\+0000/],
    [entity({ name: 'a\ud800' }), /half of a surrogate pair/],
  ])('%j is rejected with the reason', (value, message) => {
    expect(parseEnvelope(value)).toEqual({
      outcome: 'rejected',
      message: expect.stringMatching(message),
    });
  });

  it.each<[JsonValue, string]>([
    [entity({ name: 'a' }), 'component:default/a'],
    [entity({ name: 'A b/c', namespace: 'N' }), 'component:n/a b/c'],
    [entity({ name: 'a', annotations: null }), 'component:default/a'],
    [entity({ name: 'a', labels: 7 }, { spec: [] }), 'component:default/a'],
    [entity({ name: 'a' }, { kind: 'Nonsense' }), 'nonsense:default/a'],
  ])(
    '%j is accepted, and the rest is left to the catalog to judge',
    (value, entityRef) => {
      expect(parseEnvelope(value)).toEqual({
        outcome: 'entity',
        entity: value,
        entityRef,
      });
    },
  );

  it('is never accepted where the catalog would reject it in a mutation', () => {
    const text = fc.oneof(
      { arbitrary: fc.string({ unit: 'binary', minLength: 1 }), weight: 9 },
      { arbitrary: fc.jsonValue(), weight: 1 },
    );
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          apiVersion: text,
          kind: text,
          metadata: fc.oneof(
            fc.jsonValue(),
            fc.record(
              { name: text, namespace: text, annotations: fc.jsonValue() },
              { requiredKeys: [] },
            ),
          ),
        },
        { requiredKeys: [] },
      ),
    );
    let taken = 0;
    fc.assert(
      fc.property(anything, value => {
        const reading = parseEnvelope(value as JsonValue);
        if (reading.outcome === 'entity') {
          taken += 1;
          expect(() => validate(value)).not.toThrow();
          expect(stringifyEntityRef(reading.entity)).toBe(reading.entityRef);
        }
      }),
      { numRuns: 3_000 },
    );
    expect(taken).toBeGreaterThan(100);
  });
});

describe('an entity is rejected exactly where the database of the catalog cannot hold it', () => {
  let catalog: TestCatalog;
  let connection: EntityProviderConnection | undefined;

  beforeAll(async () => {
    const feature = catalogFeature('envelopes', it =>
      it.addEntityProvider({
        getProviderName: () => 'envelopes',
        connect: async given => {
          connection = given;
        },
      }),
    );
    catalog = await startCatalog({
      database: 'postgres',
      withoutModule: true,
      features: [feature],
    });
  });

  afterAll(async () => {
    await catalog.stop();
  });

  const prefix = 'component:default/'.length;
  it.each([
    ['a reference of 255 characters', 'é'.repeat(255 - prefix), true],
    ['a reference of 256 characters', 'é'.repeat(256 - prefix), false],
    ['a NUL in a name', 'a\0b', false],
    ['control characters in a name', 'a\x01\n\x7fb', true],
  ])('%s: %#', async (_name, name, fits) => {
    const value = entity({
      name,
      annotations: {
        'backstage.io/managed-by-location': 'url:https://example.com',
        'backstage.io/managed-by-origin-location': 'url:https://example.com',
      },
    });
    expect(parseEnvelope(value).outcome).toBe(fits ? 'entity' : 'rejected');
    const mutation = connection?.applyMutation({
      type: 'full',
      entities: [{ entity: value as unknown as Entity, locationKey: 'url:x' }],
    });
    await (fits
      ? expect(mutation).resolves.toBeUndefined()
      : expect(mutation).rejects.toThrow());
  });
});
