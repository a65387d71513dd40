import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { Entity } from '@backstage/catalog-model';
import type { Config } from '@backstage/config';
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

/**
 * `catalog.rules` and the rules under `catalog.locations`, with the catalog's own
 * meaning. The catalog holds only what processing emits to them; what a provider
 * states directly goes past them, so that the provider has to.
 *
 * Source: https://backstage.io/docs/features/software-catalog/configuration#catalog-rules
 */
export class CatalogRules {
  /** Changes when what is allowed may have changed. */
  readonly signature: string;

  private constructor(private readonly rules: readonly Rule[]) {
    this.signature = createHash('sha256')
      .update(JSON.stringify(rules))
      .digest('hex')
      .slice(0, 16);
  }

  /** @throws an error that names the key, where the rules are not what they should be. */
  static fromConfig(config: Config): CatalogRules {
    const rules = config.getOptionalConfigArray('catalog.rules');
    return new CatalogRules([
      ...(rules?.map(readRule) ?? DEFAULT_RULES),
      ...readLocationRules(config),
    ]);
  }

  /** Whether an entity may come from a location. */
  isAllowed(
    entity: Pick<Entity, 'kind' | 'spec'>,
    location: Pick<LocationSpec, 'type' | 'target'>,
  ): boolean {
    return this.rules.some(
      rule =>
        (rule.locations?.some(where => appliesTo(where, location)) ?? true) &&
        rule.allow.some(allowed => matchesEntity(allowed, entity)),
    );
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

function appliesTo(
  where: RuleLocation,
  location: Pick<LocationSpec, 'type' | 'target'>,
): boolean {
  return (
    where.type === location.type &&
    (!where.exact || where.exact === location.target) &&
    (!where.pattern ||
      minimatch(location.target, where.pattern, { nocase: true, dot: true }))
  );
}

function matchesEntity(
  allowed: AllowedKind,
  entity: Pick<Entity, 'kind' | 'spec'>,
): boolean {
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
