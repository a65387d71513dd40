import type { Knex } from 'knex';
import { isOneOf } from './bulk';
import { chunks, TABLES, type ReferenceRow } from './rows';

/** Where the catalog keeps what it was told by providers, in the same database. */
const CATALOG = 'refresh_state';

/** The catalog's own hash of an entity as it was told it, for a statement over references. */
export function hashInCatalog(knex: Knex): Knex.QueryBuilder {
  return knex(CATALOG)
    .whereRaw(`${CATALOG}.entity_ref = ${TABLES.references}.entity_ref`)
    .select('unprocessed_hash');
}

/**
 * Finds what the catalog was told of and does not hold any more, by comparing
 * the ledger's references with the catalog's own table, in the database. Nobody
 * tells a provider of an entity that was deleted by hand, lost with a restored
 * backup, or blocked by a conflict that has ended.
 */
export class Healing {
  constructor(
    private readonly knex: Knex,
    private readonly provider: string,
  ) {}

  /**
   * References that the catalog lacks, has of another owner, or has otherwise
   * than it took them.
   *
   * @param upTo - leaves out what changed after this ticket
   * @throws where the catalog's table is not as it is known
   */
  async lost(upTo: number): Promise<string[]> {
    return await this.knex(`${TABLES.references} as r`)
      .join(`${TABLES.claims} as c`, function joinClaim() {
        this.on('c.provider', 'r.provider')
          .andOn('c.repository_id', 'r.repository_id')
          .andOn('c.path', 'r.path')
          .andOn('c.entity_ref', 'r.entity_ref');
      })
      .leftJoin(`${CATALOG} as s`, 's.entity_ref', 'r.entity_ref')
      .where('r.provider', this.provider)
      .andWhere('r.pending', 0)
      .andWhere('r.version', '<=', upTo)
      .andWhere(differs => {
        void differs
          .whereNull('s.entity_ref')
          .orWhereNull('s.location_key')
          .orWhereRaw('s.location_key <> c.location_key')
          .orWhereRaw('s.unprocessed_hash <> r.taken');
      })
      .orderBy('r.entity_ref')
      .pluck('r.entity_ref');
  }

  /** Notes how the catalog took what it was told, where that was not noted then. */
  async noteTaken(): Promise<void> {
    const taken = () =>
      hashInCatalog(this.knex).whereNotNull('unprocessed_hash');
    await this.knex<ReferenceRow>(TABLES.references)
      .where({ provider: this.provider, pending: 0 })
      .whereNull('taken')
      .whereExists(taken())
      .update({ taken: taken() as never });
  }

  /** What the catalog is told again it may take otherwise, as after an upgrade. */
  async forgetTaken(entityRefs: readonly string[]): Promise<void> {
    for (const refs of chunks(entityRefs, 1_000)) {
      await this.knex<ReferenceRow>(TABLES.references)
        .where({ provider: this.provider })
        .whereRaw(isOneOf(this.knex, 'entity_ref', refs))
        .update({ taken: null });
    }
  }
}
