// Provisional, until the owner of this folder replaces it.
import type { Entity } from '@backstage/catalog-model';
import type { Config } from '@backstage/config';

export class CatalogRules {
  private constructor(
    readonly signature: string,
    private readonly kinds: ReadonlySet<string> | undefined,
  ) {}
  static fromConfig(config: Config): CatalogRules {
    const rules = config.getOptional('catalog.rules') as
      | Array<{ allow: Array<string | { kind: string }> }>
      | undefined;
    const allow = rules?.flatMap(rule => rule.allow) ?? [
      'Component',
      'API',
      'Location',
    ];
    return new CatalogRules(
      JSON.stringify(rules ?? null),
      new Set(allow.map(a => (typeof a === 'string' ? a : a.kind).toLowerCase())),
    );
  }
  isAllowed(entity: Entity, _location: { type: string; target: string }): boolean {
    return this.kinds?.has(entity.kind.toLowerCase()) ?? true;
  }
}
