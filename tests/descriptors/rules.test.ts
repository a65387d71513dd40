import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Entity } from '@backstage/catalog-model';
import { ConfigReader } from '@backstage/config';
import type { JsonObject } from '@backstage/types';
import fc from 'fast-check';
import {
  type CatalogEnforcer,
  CatalogRules,
  enforcerOf,
} from '../../src/descriptors/rules';

const folderOf = (name: string) =>
  dirname(require.resolve(`${name}/package.json`));

/** The real ones: below 4.0.3 URLs are compared as they are written, since then decoded. */
const CATALOGS = {
  'plugin-catalog-backend 4.0.0': enforcerOf(
    folderOf('plugin-catalog-backend-4.0.0'),
  ),
  'the newest plugin-catalog-backend': enforcerOf(
    folderOf('@backstage/plugin-catalog-backend'),
  ),
};
const NEWEST = CATALOGS['the newest plugin-catalog-backend'];

const kind = fc.constantFrom(
  'Component',
  'component',
  'API',
  'User',
  'Template',
  'Resource',
);
const type = fc.constantFrom('service', 'Service', 'website', '');
const DEV = 'https://dev.azure.com';
const TARGETS = [
  `${DEV}/contoso/P/_git/r?path=/catalog-info.yaml`,
  `${DEV}/contoso/P/_git/r?path=/.backstage/users.yaml`,
  `${DEV}/fabrikam/My%20Project/_git/r?path=/catalog-info.yaml&version=GBmain`,
  `${DEV}/contoso/Gr%C3%B6%C3%9Fe/_git/r?path=/a%20b/catalog-info.yaml`,
];
/** Spellings that nobody writes on purpose; the module states none of them. */
const ODD_TARGETS = [
  `https://user:secret@dev.azure.com/contoso/P/_git/r?path=/x.yaml`,
  `https://dev.azure.com:443/contoso/P/_git/r?path=/x.yaml`,
  `${DEV}/contoso/a%2Fb/_git/r?path=/x.yaml`,
  `${DEV}/contoso/a%5Cb/_git/r?path=/x.yaml`,
  `${DEV}/contoso/a%252Fb/%252e%252e/_git/r?path=/x.yaml`,
  `${DEV}/contoso/100%/_git/r?path=%2Fx.yaml#a%20b`,
  `${DEV}/contoso/P/%2e%2e/Q/_git/r?path=%zz`,
  'no URL',
];
const segment = fc.constantFrom(
  'contoso',
  'My Project',
  'My%20Project',
  'Größe',
  'Gr%C3%B6%C3%9Fe',
  'a%2Fb',
  '%2e%2e',
  '..',
  '*',
  '**',
  '_git',
  'r?path=/catalog-info.yaml',
  'r?path=/a b/catalog-info.yaml',
  'r?path=/a%20b/*',
);
const made = fc
  .array(segment, { minLength: 1, maxLength: 5 })
  .map(segments => `${DEV}/${segments.join('/')}`);
const target = fc.oneof(
  fc.constantFrom(...TARGETS),
  fc.constantFrom(...ODD_TARGETS),
  made,
);
const pattern = fc.oneof(
  fc.constantFrom(
    `${DEV}/contoso/**`,
    'https://DEV.azure.com/*/*/_git/*',
    '**/users.yaml',
    `${DEV}/contoso/P/_git/r?path=/catalog-info.yaml`,
    `${DEV}/fabrikam/My Project/**`,
    `${DEV}/fabrikam/My%20Project/**`,
    `${DEV}/contoso/Größe/**`,
    'https://dev.azure.com:443/**',
    '**',
  ),
  made,
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

/** Checks that rules decide as an enforcer does, over generated configurations and locations. */
function expectSameVerdicts(
  enforcer: CatalogEnforcer,
  rulesOf: (config: ConfigReader) => CatalogRules,
): void {
  const verdicts = { allowed: 0, forbidden: 0 };
  fc.assert(
    fc.property(
      catalog,
      fc.array(entity, { minLength: 5, maxLength: 5 }),
      target,
      (settings, entities, further) => {
        const config = new ConfigReader({ catalog: settings } as JsonObject);
        const ours = rulesOf(config);
        const theirs = enforcer.fromConfig(config);
        for (const one of entities) {
          for (const url of [...TARGETS, further]) {
            const location = { type: 'url', target: url };
            const verdict = theirs.isAllowed(one, location) === true;
            expect(ours.isAllowed(one, location)).toBe(verdict);
            verdicts[verdict ? 'allowed' : 'forbidden'] += 1;
          }
        }
      },
    ),
    { numRuns: 600 },
  );
  expect(verdicts.allowed).toBeGreaterThan(300);
  expect(verdicts.forbidden).toBeGreaterThan(300);
}

describe('catalog.rules', () => {
  it.each(Object.entries(CATALOGS))(
    'allow and forbid what %s does, over generated configurations',
    (_name, enforcer) => {
      expectSameVerdicts(enforcer, config =>
        CatalogRules.fromConfig(config, enforcer),
      );
    },
  );

  it('allow and forbid what the newest catalog does where the installed one cannot be asked', () => {
    expectSameVerdicts(NEWEST, config => CatalogRules.fromConfig(config, null));
  });

  // Whether a User from the target is allowed by a rule for the pattern: below 4.0.3, and since.
  it.each([
    ['Plain', '/Plain/**', true, true],
    ['My%20Project', '/My Project/**', false, true],
    ['My%20Project', '/My%20Project/**', true, false],
    ['My%20Project', '/My*/**', true, true],
    ['Gr%C3%B6%C3%9Fe', '/Größe/**', false, true],
    ['Gr%C3%B6%C3%9Fe', '/Gr%C3%B6%C3%9Fe/**', true, false],
    ['C%23', '/C%23/**', true, true],
    ['C%23', '/C#/**', false, false],
    ['a%26b', '/a%26b/**', true, true],
    ['a+b', '/a+b/**', true, true],
    ['plain', '/PLAIN/**', true, true],
    ['Pl%61in', '/Plain/**', false, true],
    ['My%20Project', '/*/**', true, true],
  ])(
    'for the project %s, the pattern %s means what it means to each catalog',
    (project, path, below, since) => {
      const config = new ConfigReader({
        catalog: {
          rules: [
            {
              allow: ['User'],
              locations: [{ type: 'url', pattern: `${DEV}/contoso${path}` }],
            },
          ],
        },
      });
      const url = `${DEV}/contoso/${project}/_git/r?path=/catalog-info.yaml`;
      const verdict = (enforcer: CatalogEnforcer | null) =>
        CatalogRules.fromConfig(config, enforcer).isAllowed(
          { kind: 'User' },
          { type: 'url', target: url },
        );
      expect(verdict(CATALOGS['plugin-catalog-backend 4.0.0'])).toBe(below);
      expect(verdict(NEWEST)).toBe(since);
      expect(verdict(null)).toBe(since);
    },
  );

  describe('are applied by the catalog', () => {
    let folder: string;
    const program = process.argv[1];

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'catalog-rules-'));
    });
    afterEach(() => {
      process.argv[1] = program!;
      rmSync(folder, { recursive: true });
    });

    /** A program with a catalog of its own, whose enforcer decides as the code says. */
    function installCatalog(decision: string): void {
      const enforcer = join(
        folder,
        'node_modules/@backstage/plugin-catalog-backend',
      );
      mkdirSync(join(enforcer, 'dist/ingestion'), { recursive: true });
      writeFileSync(join(enforcer, 'package.json'), '{}');
      writeFileSync(
        join(enforcer, 'dist/ingestion/CatalogRules.cjs.js'),
        `exports.DefaultCatalogRulesEnforcer = { fromConfig: () => ({ isAllowed: ({ kind }) => ${decision} }) };`,
      );
      process.argv[1] = join(folder, 'dist/index.cjs.js');
    }

    function allowed(): string[] {
      let found: string[] = [];
      jest.isolateModules(() => {
        const { CatalogRules: Isolated } = jest.requireActual<{
          CatalogRules: typeof CatalogRules;
        }>('../../src/descriptors/rules');
        const rules = Isolated.fromConfig(new ConfigReader({}));
        expect(rules.usesInstalledCatalog).toBe(true);
        found = ['Component', 'User', 'Special'].filter(k =>
          rules.isAllowed({ kind: k }, { type: 'url', target: DEV }),
        );
      });
      return found;
    }

    it('that the program has, where this package would find another', () => {
      installCatalog(`kind === 'Component' || kind === 'Special'`);
      expect(allowed()).toEqual(['Component', 'Special']);
    });

    it.each(['Promise.resolve(false)', 'true', 'undefined', 'unheardOf.of()'])(
      'and never by one that answers otherwise than is known: %s',
      decision => {
        installCatalog(decision);
        expect(allowed()).toEqual(['Component']);
      },
    );
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
    const config = new ConfigReader({});
    expect(CatalogRules.fromConfig(config, NEWEST).signature).not.toBe(
      CatalogRules.fromConfig(config, CATALOGS['plugin-catalog-backend 4.0.0'])
        .signature,
    );
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
      expect(() => NEWEST.fromConfig(config)).toThrow();
    },
  );
});
