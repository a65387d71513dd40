import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type { Entity } from '@backstage/catalog-model';
import { type Config, ConfigReader } from '@backstage/config';
import type { LocationSpec } from '@backstage/plugin-catalog-common';
import { minimatch } from 'minimatch';

/** One kind that a rule allows, or one type of it. */
interface AllowedKind {
  readonly kind: string;
  readonly type?: string;
}

/** Where a rule applies. */
interface RuleLocation {
  readonly type: string;
  readonly exact?: string;
  readonly pattern?: string;
}

interface Rule {
  readonly allow: readonly AllowedKind[];
  /** Absent: everywhere. */
  readonly locations?: readonly RuleLocation[];
}

/** What the catalog allows where nothing is configured. */
const DEFAULT_RULES: readonly Rule[] = [
  { allow: [{ kind: 'Component' }, { kind: 'API' }, { kind: 'Location' }] },
];

/** What the rules look at. */
type JudgedEntity = Pick<Entity, 'kind' | 'spec'>;
type JudgedLocation = Pick<LocationSpec, 'type' | 'target'>;

/** Decides which entities may come from which location. */
interface Enforcer {
  isAllowed(entity: JudgedEntity, location: JudgedLocation): unknown;
}

/** The enforcer of one version of the catalog. */
export interface CatalogEnforcer {
  fromConfig(config: Config): Enforcer;
  /** Differs where two versions may decide differently. */
  readonly version: string;
}

/**
 * `catalog.rules` and the rules under `catalog.locations`, as the installed
 * catalog means them. The catalog holds only what processing emits to them; what
 * a provider states directly goes past them, so that the provider has to.
 *
 * What a rule means depends on the catalog: since 4.0.3 the pattern of a location
 * is compared with the decoded URL, before with the URL as it is written. The
 * number of a version does not tell which: 4.0.4 is a patch of an older line. So
 * the catalog's own enforcer decides. Its package exports it to nobody, so
 * where it cannot be found, the meaning of 4.0.3 is implemented here.
 *
 * Source: https://backstage.io/docs/features/software-catalog/configuration#catalog-rules
 * and the changelog of @backstage/plugin-catalog-backend, 4.0.3 and 4.0.5
 */
export class CatalogRules {
  /** Changes when what is allowed may have changed. */
  readonly signature: string;

  /** Whether the installed catalog decides, rather than the meaning that is implemented here. */
  readonly usesInstalledCatalog: boolean;

  readonly #enforcer: Enforcer;

  private constructor(
    config: Config,
    rules: readonly Rule[],
    catalog: CatalogEnforcer | null,
  ) {
    this.usesInstalledCatalog = catalog !== null;
    this.#enforcer = catalog?.fromConfig(config) ?? ownEnforcer(rules);
    this.signature = createHash('sha256')
      .update(JSON.stringify([rules, catalog?.version]))
      .digest('hex')
      .slice(0, 16);
  }

  /**
   * @param catalog - `null` for the meaning that is implemented here
   * @throws an error that names the key, where the rules are not what they should be.
   */
  static fromConfig(
    config: Config,
    catalog: CatalogEnforcer | null = installedEnforcer(),
  ): CatalogRules {
    const rules = config.getOptionalConfigArray('catalog.rules');
    return new CatalogRules(
      config,
      [
        ...(rules?.map(readRule) ?? DEFAULT_RULES),
        ...readLocationRules(config),
      ],
      catalog,
    );
  }

  /** Whether an entity may come from a location. */
  isAllowed(entity: JudgedEntity, location: JudgedLocation): boolean {
    return this.#enforcer.isAllowed(entity, location) === true;
  }
}

function readRule(rule: Config, index: number): Rule {
  const key = `catalog.rules[${index}]`;
  const allow: unknown = rule.getOptional('allow');
  if (!Array.isArray(allow)) {
    throw new Error(
      `Expected ${key}.allow to be a list of kinds, as in "allow: [Component, API]"`,
    );
  }
  return {
    allow: allow.map((item: unknown) => readAllowed(item, key)),
    locations: rule.getOptionalConfigArray('locations')?.map(location => {
      const exact = location.getOptionalString('exact');
      const pattern = location.getOptionalString('pattern');
      if (exact && pattern) {
        throw new Error(
          `${key}.locations has both exact and pattern for one location; leave one of them out`,
        );
      }
      return { type: location.getString('type'), exact, pattern };
    }),
  };
}

function readAllowed(item: unknown, key: string): AllowedKind {
  if (typeof item === 'string') {
    return { kind: item };
  }
  if (typeof item === 'object' && item !== null && 'kind' in item) {
    const { kind } = item;
    const type = 'spec.type' in item ? item['spec.type'] : undefined;
    if (
      typeof kind === 'string' &&
      (type === undefined || typeof type === 'string')
    ) {
      return { kind, type };
    }
  }
  throw new Error(
    `Expected each item of ${key}.allow to be a kind, or an object with "kind" and "spec.type" as text`,
  );
}

function readLocationRules(config: Config): Rule[] {
  const locations = config.getOptionalConfigArray('catalog.locations') ?? [];
  return locations.flatMap(location => {
    if (!location.has('rules')) {
      return [];
    }
    const type = location.getString('type');
    const target = location.getString('target');
    const exact = type === 'file' ? resolve(target) : target;
    return location.getConfigArray('rules').map(rule => ({
      allow: rule.getStringArray('allow').map(kind => ({ kind })),
      locations: [{ type, exact }],
    }));
  });
}

const CATALOG = '@backstage/plugin-catalog-backend';
const ENFORCER_FILE = 'dist/ingestion/CatalogRules.cjs.js';

let installed: { enforcer: CatalogEnforcer | null } | undefined;

/** The enforcer of the catalog that the running program has. */
function installedEnforcer(): CatalogEnforcer | null {
  installed ??= { enforcer: findEnforcer() };
  return installed.enforcer;
}

function findEnforcer(): CatalogEnforcer | null {
  // As the program finds it, which need not be how this package would: in a
  // workspace both may have one, and a dynamic plugin lies elsewhere altogether.
  for (const folder of [process.argv[1], __dirname]) {
    try {
      const { resolve: find } = createRequire(join(folder ?? '', 'any.js'));
      return enforcerOf(dirname(find(`${CATALOG}/package.json`)));
    } catch {
      // Not there, or not as it is known to be.
    }
  }
  return null;
}

/**
 * The enforcer of the catalog in a folder.
 *
 * @throws where there is none, or none that decides as all known ones do.
 */
export function enforcerOf(catalogFolder: string): CatalogEnforcer {
  const file = join(catalogFolder, ENFORCER_FILE);
  const { DefaultCatalogRulesEnforcer: found } = createRequire(file)(file) as {
    DefaultCatalogRulesEnforcer: Pick<CatalogEnforcer, 'fromConfig'>;
  };
  const rules = found.fromConfig(new ConfigReader({}));
  const decide = (kind: string): unknown =>
    rules.isAllowed({ kind }, { type: 'url', target: 'https://example.com' });
  if (decide('Component') !== true || decide('User') !== false) {
    throw new Error(`${file} does not decide as the catalog is known to`);
  }
  return {
    fromConfig: config => found.fromConfig(config),
    version: createHash('sha256').update(readFileSync(file)).digest('hex'),
  };
}

/** Decides as the catalog does since 4.0.3. */
function ownEnforcer(rules: readonly Rule[]): Enforcer {
  return {
    isAllowed: (entity, location) =>
      rules.some(
        rule =>
          (rule.locations?.some(where => appliesTo(where, location)) ?? true) &&
          rule.allow.some(allowed => matchesEntity(allowed, entity)),
      ),
  };
}

function appliesTo(where: RuleLocation, location: JudgedLocation): boolean {
  if (where.type !== location.type) {
    return false;
  }
  const target = canonicalTarget(location);
  if (target === undefined) {
    return false;
  }
  const exact =
    where.exact && canonicalTarget({ type: where.type, target: where.exact });
  return (
    (!where.exact || (exact ?? where.exact) === target) &&
    // As the catalog matches.
    (!where.pattern ||
      minimatch(target, where.pattern, { nocase: true, dot: true }))
  );
}

/**
 * What rules are compared with: of a URL, without user information and default
 * port, its path with every escape decoded that can be, the rest with those that
 * mean nothing to a URL. `undefined` for a URL that is none.
 */
function canonicalTarget({ type, target }: JudgedLocation): string | undefined {
  if (type !== 'url') {
    return target;
  }
  if (!URL.canParse(target)) {
    return undefined;
  }
  const { protocol, host, pathname, search, hash } = new URL(target);
  const path = pathname
    .split(/\/|%2f|%5c/i)
    .map(decodeOrKeep)
    .join('/')
    // What was encoded twice.
    .replace(/%2e/gi, '.')
    .replace(/%2f|%5c|\\/gi, '/');
  return `${protocol}//${host}${path}${decodeOrKeep(search)}${decodeOrKeep(hash)}`;
}

function decodeOrKeep(text: string): string {
  try {
    return decodeURI(text);
  } catch {
    return text;
  }
}

function matchesEntity(allowed: AllowedKind, entity: JudgedEntity): boolean {
  if (allowed.kind.toLowerCase() !== entity.kind?.toLowerCase()) {
    return false;
  }
  const type = entity.spec?.type;
  return (
    !allowed.type ||
    (typeof type === 'string' &&
      type.toLowerCase() === allowed.type.toLowerCase())
  );
}
