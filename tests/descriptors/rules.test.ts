import { dirname, join } from 'node:path';
import type { Entity } from '@backstage/catalog-model';
import { ConfigReader } from '@backstage/config';
import type { JsonObject } from '@backstage/types';
import fc from 'fast-check';
import { CatalogRules } from '../../src/descriptors/rules';

interface Enforcer {
  isAllowed(
    entity: Entity,
    location: { type: string; target: string },
  ): boolean;
}

/** The catalog's own, which its package does not export. */
const { DefaultCatalogRulesEnforcer } = jest.requireActual<{
  DefaultCatalogRulesEnforcer: {
    fromConfig(config: ConfigReader): Enforcer;
  };
}>(
  join(
    dirname(require.resolve('@backstage/plugin-catalog-backend/package.json')),
    'dist/ingestion/CatalogRules.cjs.js',
  ),
);

const kind = fc.constantFrom(
  'Component',
  'component',
  'API',
  'User',
  'Template',
  'Resource',
);
const type = fc.constantFrom('service', 'Service', 'website', '');
const TARGETS = [
  'https://dev.azure.com/contoso/P/_git/r?path=/catalog-info.yaml',
  'https://dev.azure.com/contoso/P/_git/r?path=/.backstage/users.yaml',
  'https://dev.azure.com/fabrikam/My%20Project/_git/r?path=/catalog-info.yaml&version=GBmain',
];
const target = fc.constantFrom(...TARGETS);
const pattern = fc.constantFrom(
  'https://dev.azure.com/contoso/**',
  'https://DEV.azure.com/*/*/_git/*',
  '**/users.yaml',
  'https://dev.azure.com/contoso/P/_git/r?path=/catalog-info.yaml',
  '**',
);
const allow = fc.array(
  fc.oneof(kind, fc.record({ kind }), fc.record({ kind, 'spec.type': type })),
  { maxLength: 3 },
);
const where = fc.oneof(
  fc.record({ type: fc.constantFrom('url', 'file') }),
  fc.record({ type: fc.constant('url'), exact: target }),
  fc.record({ type: fc.constantFrom('url', 'file'), pattern }),
);
const rule = fc.oneof(
  fc.record({ allow }),
  fc.record({ allow, locations: fc.array(where, { maxLength: 2 }) }),
);
const catalog = fc.record(
  {
    rules: fc.array(rule, { maxLength: 3 }),
    locations: fc.array(
      fc.record(
        {
          type: fc.constantFrom('url', 'file'),
          target: fc.oneof(target, fc.constant('./local.yaml')),
          rules: fc.array(
            fc.record({ allow: fc.array(kind, { maxLength: 2 }) }),
            {
              maxLength: 2,
            },
          ),
        },
        { requiredKeys: ['type', 'target'] },
      ),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: [] },
);
const entity = fc
  .record({
    kind,
    spec: fc.oneof(
      fc.constant(undefined),
      fc.record({ type: fc.oneof(type, fc.constant(7)) }),
    ),
  })
  .map(({ kind: k, spec }): Entity => ({
    apiVersion: 'backstage.io/v1alpha1',
    kind: k,
    metadata: { name: 'e' },
    spec,
  }));

describe('catalog.rules', () => {
  it('allow and forbid what the catalog itself does, over generated configurations', () => {
    const verdicts = { allowed: 0, forbidden: 0 };
    fc.assert(
      fc.property(
        catalog,
        fc.array(entity, { minLength: 5, maxLength: 5 }),
        (settings, entities) => {
          const config = new ConfigReader({ catalog: settings } as JsonObject);
          const ours = CatalogRules.fromConfig(config);
          const theirs = DefaultCatalogRulesEnforcer.fromConfig(config);
          for (const one of entities) {
            for (const url of TARGETS) {
              const location = { type: 'url', target: url };
              const verdict = theirs.isAllowed(one, location);
              expect(ours.isAllowed(one, location)).toBe(verdict);
              verdicts[verdict ? 'allowed' : 'forbidden'] += 1;
            }
          }
        },
      ),
      { numRuns: 600 },
    );
    console.table([verdicts]);
    expect(verdicts.allowed).toBeGreaterThan(300);
    expect(verdicts.forbidden).toBeGreaterThan(300);
  });

  it.each([
    ['no configuration', {}, ['Component', 'API', 'Location']],
    ['an empty list of rules', { rules: [] }, []],
  ])('with %s allow %#', (_name, settings, allowed) => {
    const rules = CatalogRules.fromConfig(
      new ConfigReader({ catalog: settings }),
    );
    const kinds = ['Component', 'API', 'Location', 'User', 'Group', 'Template'];
    expect(
      kinds.filter(k =>
        rules.isAllowed({ kind: k }, { type: 'url', target: TARGETS[0] ?? '' }),
      ),
    ).toEqual(allowed);
  });

  it('have every descriptor read again when they change', () => {
    const of = (settings: JsonObject) =>
      CatalogRules.fromConfig(new ConfigReader({ catalog: settings }))
        .signature;
    expect(of({})).toBe(of({}));
    expect(of({ rules: [{ allow: ['User'] }] })).not.toBe(of({}));
    expect(of({ rules: [{ allow: ['User'] }] })).not.toBe(
      of({ rules: [{ allow: ['Group'] }] }),
    );
  });

  it.each([
    [
      'allow is missing',
      { rules: [{ kind: 'User' }] },
      /catalog\.rules\[0\]\.allow to be a list/,
    ],
    [
      'an item is no kind',
      { rules: [{ allow: ['API'] }, { allow: [7] }] },
      /each item of catalog\.rules\[1\]\.allow/,
    ],
    [
      'a location is both exact and a pattern',
      {
        rules: [
          {
            allow: ['API'],
            locations: [{ type: 'url', exact: 'a', pattern: 'b' }],
          },
        ],
      },
      /both exact and pattern/,
    ],
  ])(
    'that are wrong are reported with their key: %s',
    (_name, settings, message) => {
      const config = new ConfigReader({ catalog: settings } as JsonObject);
      expect(() => CatalogRules.fromConfig(config)).toThrow(message);
      expect(() => DefaultCatalogRulesEnforcer.fromConfig(config)).toThrow();
    },
  );
});
