import type { Knex } from 'knex';
import { isOneOf, isPostgres } from './bulk';
import { CLAIM_KEY, chunks, sameKey, TABLES } from './rows';

/** Where the catalog keeps what providers gave it, and which did, in the same database. */
export const CATALOG = 'refresh_state';
const CATALOG_REFERENCES = 'refresh_state_references';
/** What the catalog shows, when it has stitched it. */
const CATALOG_SHOWN = 'final_entities';

/** How many unshown entities are looked at in one refresh. */
const MOST_UNSHOWN = 100;

/** One entity that the catalog holds under the provider's name. */
export interface ProvidedEntity {
  readonly entityRef: string;
  /** As it was last stated, as JSON. */
  readonly json: string;
  readonly locationKey?: string;
}

/**
 * What the catalog holds under a provider's name, read from the catalog's own
 * tables, which lie in the same database. Reads only. No interface of the
 * catalog tells who provides an entity, under which location key it holds it, or
 * that one was deleted by hand.
 */
export class CatalogView {
  constructor(
    private readonly knex: Knex,
    private readonly provider: string,
  ) {}

  /** The Locations that the official module stated under the same name: not those of this name that a file declares. */
  async officialLocations(): Promise<ProvidedEntity[]> {
    return (await this.unaccounted()).filter(isOfficialLocation);
  }

  /** What this module gave to the catalog and the ledger knows nothing of. */
  async strays(): Promise<ProvidedEntity[]> {
    return (await this.unaccounted()).filter(it => !isOfficialLocation(it));
  }

  /** Everything under the provider's name that the ledger does not account for. */
  async unaccounted(): Promise<ProvidedEntity[]> {
    const rows: Array<{
      entity_ref: string;
      unprocessed_entity: string;
      location_key: string | null;
    }> = await this.knex(`${CATALOG_REFERENCES} as r`)
      .join(`${CATALOG} as s`, 's.entity_ref', 'r.target_entity_ref')
      .where('r.source_key', this.provider)
      .whereNotExists(known =>
        known
          .select(this.knex.raw('1'))
          .from(`${TABLES.references} as a`)
          .whereRaw(
            'a.provider = r.source_key and a.entity_ref = r.target_entity_ref',
          )
          .whereNotNull('a.repository_id'),
      )
      .select('s.entity_ref', 's.unprocessed_entity', 's.location_key');
    return rows.map(row => ({
      entityRef: row.entity_ref,
      json: row.unprocessed_entity,
      locationKey: row.location_key ?? undefined,
    }));
  }

  /** The entities that each of these Locations gives at present. */
  async children(
    locationRefs: readonly string[],
  ): Promise<
    Array<{ parent: string; entityRef: string; locationKey?: string }>
  > {
    const rows: Array<{
      source_entity_ref: string;
      target_entity_ref: string;
      location_key: string | null;
    }> = await this.knex(`${CATALOG_REFERENCES} as r`)
      .join(`${CATALOG} as s`, 's.entity_ref', 'r.target_entity_ref')
      .whereRaw(isOneOf(this.knex, 'r.source_entity_ref', locationRefs))
      .select('r.source_entity_ref', 'r.target_entity_ref', 's.location_key');
    return rows.map(row => ({
      parent: row.source_entity_ref,
      entityRef: row.target_entity_ref,
      locationKey: row.location_key ?? undefined,
    }));
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
      }> = await this.knex(CATALOG)
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

  /**
   * References that were applied and that the catalog lacks, has of another owner, or
   * has otherwise than it took them: lost with a restored backup, deleted by
   * hand, or blocked by a conflict that has ended. Compared in the database.
   *
   * @param upTo - leaves out what changed after this ticket
   * @throws where the catalog's table is not as it is known
   */
  async missingFromCatalog(upTo: number): Promise<string[]> {
    return await this.knex(`${TABLES.references} as r`)
      .join(`${TABLES.claims} as c`, sameKey('c', 'r', CLAIM_KEY))
      .leftJoin(`${CATALOG} as s`, 's.entity_ref', 'r.entity_ref')
      .where('r.provider', this.provider)
      .andWhere('r.pending', 0)
      .andWhere('r.version', '<=', upTo)
      .andWhere(differs => {
        void differs
          .whereNull('s.entity_ref')
          .orWhereNull('s.location_key')
          .orWhereRaw('s.location_key <> c.location_key')
          .orWhereRaw('s.unprocessed_hash <> r.catalog_hash');
      })
      .orderBy('r.entity_ref')
      .pluck('r.entity_ref');
  }

  /**
   * Entities that the catalog took ten minutes ago or longer, has processed, and does
   * not show: the hundred that it took first. Its process was killed between
   * processing and stitching, and it does not stitch again what processing does not
   * change; or it cannot stitch them.
   *
   * @throws where the catalog's tables are not as they are known
   */
  async unshown(): Promise<string[]> {
    const tenMinutesAgo = isPostgres(this.knex)
      ? "now() - interval '10 minutes'"
      : "datetime('now', '-10 minutes')";
    return await this.knex(`${CATALOG} as s`)
      .join(`${TABLES.references} as r`, 'r.entity_ref', 's.entity_ref')
      .where('r.provider', this.provider)
      .andWhere('r.pending', 0)
      .whereRaw('s.unprocessed_hash = r.catalog_hash')
      .whereNotNull('s.processed_entity')
      .whereRaw(`s.last_discovery_at < ${tenMinutesAgo}`)
      .whereNotExists(shown =>
        shown
          .select(this.knex.raw('1'))
          .from(`${CATALOG_SHOWN} as f`)
          .whereRaw('f.entity_id = s.entity_id')
          .whereNotNull('f.final_entity'),
      )
      .orderBy('s.last_discovery_at')
      .limit(MOST_UNSHOWN)
      .pluck('s.entity_ref');
  }

  /**
   * Entities of this provider that the catalog has under the name of another, and
   * that the configuration takes from that one.
   */
  async leftByOthers(): Promise<
    Array<{ entityRef: string; locationKey: string }>
  > {
    const rows: Array<{ entity_ref: string; location_key: string }> =
      await this.knex(`${TABLES.claims} as c`)
        .join(`${TABLES.references} as r`, sameKey('r', 'c', ['entity_ref']))
        .join(`${CATALOG} as s`, 's.entity_ref', 'c.entity_ref')
        .where('c.removal', 'deselected')
        .whereNot('c.provider', this.provider)
        .andWhere('r.provider', this.provider)
        .whereNotNull('r.repository_id')
        .whereNotNull('s.location_key')
        .whereExists(providedBy(this.knex, 'c.provider', 'c.entity_ref'))
        .distinct('s.entity_ref', 's.location_key');
    return rows.map(row => ({
      entityRef: row.entity_ref,
      locationKey: row.location_key,
    }));
  }
}

/** A subquery: that the catalog has an entity under the name of a provider. @param provider - a column, as `entityRef` */
export function providedBy(
  knex: Knex,
  provider: string,
  entityRef: string,
): Knex.QueryBuilder {
  return knex(`${CATALOG_REFERENCES} as p`)
    .select(knex.raw('1'))
    .where('p.source_key', knex.ref(provider))
    .andWhere('p.target_entity_ref', knex.ref(entityRef));
}

/** What gives an entity in the catalog: for what a provider gave itself, nothing. */
export async function parentsOf(
  knex: Knex,
  entityRef: string,
): Promise<string[]> {
  return await knex(CATALOG_REFERENCES)
    .where({ target_entity_ref: entityRef })
    .whereNotNull('source_entity_ref')
    .pluck('source_entity_ref');
}

/** The catalog's own hash of an entity as it was given it, for a statement over the ledger's references. */
export function catalogHash(knex: Knex): Knex.QueryBuilder {
  return knex(CATALOG)
    .whereRaw(`${CATALOG}.entity_ref = ${TABLES.references}.entity_ref`)
    .select('unprocessed_hash');
}

/** By its name, and its location key: that of the official module is the provider's name, ours are URLs. */
function isOfficialLocation({ entityRef, locationKey }: ProvidedEntity) {
  return (
    entityRef.startsWith('location:default/generated-') &&
    !locationKey?.startsWith('url:')
  );
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
