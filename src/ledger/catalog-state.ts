import type { Knex } from 'knex';
import { chunks } from './rows';

/** One entity that the catalog holds under the provider's name. */
export interface ProvidedEntity {
  readonly entityRef: string;
  /** As it was last stated, as JSON. */
  readonly json: string;
  readonly locationKey?: string;
}

/**
 * What the catalog holds under a provider's name, read from the catalog's own
 * tables, which lie in the same database. Reads only: no interface of the
 * catalog tells who provides a Location, and taking a registered one for ours
 * would remove it.
 */
export class CatalogState {
  constructor(
    private readonly knex: Knex,
    private readonly provider: string,
  ) {}

  /** The Locations that the official module stated under the same name. */
  async officialLocations(): Promise<ProvidedEntity[]> {
    return await this.provided(query =>
      query.where('s.entity_ref', 'like', 'location:default/generated-%'),
    );
  }

  /** Everything under the provider's name that the ledger does not account for. */
  async unaccounted(): Promise<ProvidedEntity[]> {
    return await this.provided(query =>
      query.whereNotExists(known =>
        known
          .select(this.knex.raw('1'))
          .from('azure_devops_references as a')
          .whereRaw(
            'a.provider = r.source_key and a.entity_ref = r.target_entity_ref',
          )
          .whereNotNull('a.repository_id'),
      ),
    );
  }

  /** The entities that each of these Locations gives at present. */
  async children(
    locationRefs: readonly string[],
  ): Promise<
    Array<{ parent: string; entityRef: string; locationKey?: string }>
  > {
    const result: Array<{
      parent: string;
      entityRef: string;
      locationKey?: string;
    }> = [];
    for (const refs of chunks(locationRefs)) {
      const rows: Array<{
        source_entity_ref: string;
        target_entity_ref: string;
        location_key: string | null;
      }> = await this.knex('refresh_state_references as r')
        .join('refresh_state as s', 's.entity_ref', 'r.target_entity_ref')
        .whereIn('r.source_entity_ref', refs)
        .select('r.source_entity_ref', 'r.target_entity_ref', 's.location_key');
      result.push(
        ...rows.map(row => ({
          parent: row.source_entity_ref,
          entityRef: row.target_entity_ref,
          locationKey: row.location_key ?? undefined,
        })),
      );
    }
    return result;
  }

  /** Of these Locations, those that the catalog has not processed since they lost their targets. */
  async unprocessedWithoutTargets(
    locationRefs: readonly string[],
  ): Promise<string[]> {
    const result: string[] = [];
    for (const refs of chunks(locationRefs)) {
      const rows: Array<{
        entity_ref: string;
        processed_entity: string | null;
      }> = await this.knex('refresh_state')
        .whereIn('entity_ref', refs)
        .select('entity_ref', 'processed_entity');
      for (const row of rows) {
        if (!row.processed_entity || hasTargets(row.processed_entity)) {
          result.push(row.entity_ref);
        }
      }
    }
    return result;
  }

  private async provided(
    refine: (query: Knex.QueryBuilder) => Knex.QueryBuilder,
  ): Promise<ProvidedEntity[]> {
    const rows: Array<{
      entity_ref: string;
      unprocessed_entity: string;
      location_key: string | null;
    }> = await refine(
      this.knex('refresh_state_references as r')
        .join('refresh_state as s', 's.entity_ref', 'r.target_entity_ref')
        .where('r.source_key', this.provider)
        .select('s.entity_ref', 's.unprocessed_entity', 's.location_key'),
    );
    return rows.map(row => ({
      entityRef: row.entity_ref,
      json: row.unprocessed_entity,
      locationKey: row.location_key ?? undefined,
    }));
  }
}

/** The targets of a Location entity. */
export function targetsOf(json: string): string[] {
  const { spec } = JSON.parse(json) as {
    spec?: { target?: unknown; targets?: unknown };
  };
  const several = Array.isArray(spec?.targets) ? spec.targets : [];
  return [spec?.target, ...several].filter(
    (target): target is string => typeof target === 'string',
  );
}

function hasTargets(json: string): boolean {
  return targetsOf(json).length > 0;
}
