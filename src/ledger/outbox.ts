import type { Knex } from 'knex';
import { Turns } from '../concurrency';
import { databaseNow, isOneOf, isOneOfPairs } from './bulk';
import { catalogHash } from './catalog-view';
import {
  chunks,
  CLAIM_KEY,
  sameKey,
  TABLES,
  type ClaimRow,
  type ReferenceRow,
} from './rows';

/** How long a lease lasts unless it is renewed, in milliseconds. */
const LEASE_MS = 60_000;

/**
 * The most that a page holds: each entity is in memory several times while the
 * catalog writes it down, which blocks the process the longer the more there are.
 * One entity that is larger is a page of its own.
 */
const PAGE = { references: 250, bytes: 2 * 1_048_576 };

/** How many references one statement changes. */
const BATCH = 1_000;

/** One reference as the catalog should see it. */
export interface DesiredReference {
  readonly entityRef: string;
  readonly version: number;
  /** The entity as JSON and its key; absent when the reference is to go. */
  readonly entity?: { readonly json: string; readonly locationKey: string };
}

/** Some references, of bounded number and size. */
export interface Page {
  readonly references: readonly DesiredReference[];
  /** Where the next page begins; absent behind the last. */
  readonly next?: PageStart;
}

/** Behind this reference of this version. */
export interface PageStart {
  readonly version: number;
  readonly entityRef: string;
}

/**
 * What is still to be applied to the catalog, and who may apply it.
 *
 * Applying and marking are two steps with the catalog's own transaction between
 * them: a process that dies in between leaves the mark undone, and the next one
 * applies the same again, which is harmless.
 */
export class Outbox {
  /** One at a time: all that a process applies it applies under the same lease. */
  readonly turns = new Turns();
  private seesCatalog = true;

  constructor(
    private readonly knex: Knex,
    private readonly provider: string,
    private readonly holder: string,
  ) {}

  /** Takes or prolongs the lease; `false` while another holds it. */
  async acquire(): Promise<boolean> {
    const now = databaseNow(this.knex);
    const updated = await this.knex(TABLES.leases)
      .where({ provider: this.provider })
      .andWhere(free => {
        void free
          .where('holder', this.holder)
          .orWhereNull('holder')
          .orWhere('until', '<', now)
          // No lease ends later: the database's clock was set back.
          .orWhereRaw(`until > ? + ${LEASE_MS}`, [now]);
      })
      .update({
        holder: this.holder,
        until: this.knex.raw(`? + ${LEASE_MS}`, [now]),
      });
    return updated > 0;
  }

  /** Gives the lease back; `false` when it had lapsed and gone to another meanwhile. */
  async release(): Promise<boolean> {
    const updated = await this.knex(TABLES.leases)
      .where({ provider: this.provider, holder: this.holder })
      .update({ holder: null, until: 0 });
    return updated > 0;
  }

  /**
   * What is not applied to the catalog yet, the oldest first.
   *
   * @param since - leaves out what was desired before this ticket
   * @param after - where the former page ended
   */
  async pending(since = 0, after?: PageStart): Promise<Page> {
    return await this.page(query => {
      query
        // A literal, so that the index over what is pending can be used.
        .whereRaw('r.pending = 1')
        .andWhere('r.version', '>=', since)
        .orderBy(['r.version', 'r.entity_ref']);
      return after
        ? query.whereRaw('(r.version, r.entity_ref) > (?, ?)', [
            after.version,
            after.entityRef,
          ])
        : query;
    });
  }

  /**
   * What was applied before, by reference, from behind `after`.
   *
   * @param of - only these references; or what has not changed after this ticket
   */
  async settled(after: string, of: readonly string[] | number): Promise<Page> {
    return await this.page(query => {
      query
        .where('r.pending', 0)
        .whereNotNull('r.repository_id')
        .andWhere('r.entity_ref', '>', after)
        .orderBy('r.entity_ref');
      return typeof of === 'number'
        ? query.andWhere('r.version', '<=', of)
        : query.andWhereRaw(isOneOf(this.knex, 'r.entity_ref', of));
    });
  }

  /** Whether anything is still to be applied to the catalog. */
  async isPending(): Promise<boolean> {
    const row: unknown = await this.knex<ReferenceRow>(TABLES.references)
      .where({ provider: this.provider })
      .whereRaw('pending = 1')
      .first('entity_ref');
    return row !== undefined;
  }

  /** What the catalog should hold, applied or not, by reference, from behind `after`. */
  async desired(after: string): Promise<Page> {
    return await this.page(query =>
      query
        .whereNotNull('r.repository_id')
        .andWhere('r.entity_ref', '>', after)
        .orderBy('r.entity_ref'),
    );
  }

  /** Marks exactly these versions as applied, and notes by which hash the catalog holds them. */
  async markApplied(references: readonly DesiredReference[]): Promise<void> {
    const versions = () =>
      this.knex<ReferenceRow>(TABLES.references)
        .where({ provider: this.provider })
        .whereRaw(
          isOneOfPairs(
            this.knex,
            ['entity_ref', 'version'],
            references.map(it => [it.entityRef, it.version]),
          ),
        );
    if (references.some(({ entity }) => !entity)) {
      await versions().whereNull('repository_id').delete();
    }
    const applied = () => versions().whereNotNull('repository_id');
    if (this.seesCatalog) {
      try {
        await applied().update({
          pending: 0,
          catalog_hash: catalogHash(this.knex) as never,
        });
        return;
      } catch {
        // Not a catalog as it is known; whatever else it was comes up again now.
        this.seesCatalog = false;
      }
    }
    await applied().update({ pending: 0 });
  }

  /** Has these references applied again: what was applied may have been overtaken. */
  async markPending(references: readonly DesiredReference[]): Promise<void> {
    await this.updateEach(
      references.map(({ entityRef }) => entityRef),
      { pending: 1 },
    );
  }

  /** Notes by which hash the catalog holds what was applied, where that could not be seen then. */
  async noteCatalogHashes(): Promise<void> {
    const hash = () => catalogHash(this.knex).whereNotNull('unprocessed_hash');
    await this.knex<ReferenceRow>(TABLES.references)
      .where({ provider: this.provider, pending: 0 })
      .whereNull('catalog_hash')
      .whereExists(hash())
      .update({ catalog_hash: hash() as never });
  }

  /** The catalog may have another hash for what is applied to it once more, as after an upgrade. */
  async forgetCatalogHashes(entityRefs: readonly string[]): Promise<void> {
    await this.updateEach(entityRefs, { catalog_hash: null });
  }

  /** The first references of a query that fit into a page: their sizes first, then as many of their entities as fit. */
  private async page(
    refine: (query: Knex.QueryBuilder) => Knex.QueryBuilder,
  ): Promise<Page> {
    const heads: Head[] = await refine(
      this.withClaims().limit(PAGE.references),
    ).select(
      'r.entity_ref',
      'r.version',
      this.knex.raw('coalesce(octet_length(c.entity), 0) as bytes'),
    );
    const fitting = headsWithin(PAGE.bytes, heads);
    const loaded = await this.load(fitting.map(head => head.entity_ref));
    const last = fitting.at(-1);
    const isLast =
      fitting.length === heads.length && heads.length < PAGE.references;
    return {
      references: fitting.flatMap(
        ({ entity_ref }) => loaded.get(entity_ref) ?? [],
      ),
      next:
        last && !isLast
          ? { version: Number(last.version), entityRef: last.entity_ref }
          : undefined,
    };
  }

  private async load(
    entityRefs: readonly string[],
  ): Promise<Map<string, DesiredReference>> {
    if (entityRefs.length === 0) {
      return new Map();
    }
    const rows: Array<
      Pick<ReferenceRow, 'entity_ref' | 'version'> & {
        entity: ClaimRow['entity'] | null;
        location_key: ClaimRow['location_key'] | null;
      }
    > = await this.withClaims()
      .whereRaw(isOneOf(this.knex, 'r.entity_ref', entityRefs))
      .select('r.entity_ref', 'r.version', 'c.entity', 'c.location_key');
    return new Map(
      rows.map(row => [
        row.entity_ref,
        {
          entityRef: row.entity_ref,
          version: Number(row.version),
          entity:
            row.entity !== null && row.location_key !== null
              ? { json: row.entity, locationKey: row.location_key }
              : undefined,
        },
      ]),
    );
  }

  private async updateEach(
    entityRefs: readonly string[],
    values: Partial<ReferenceRow>,
  ): Promise<void> {
    for (const refs of chunks(entityRefs, BATCH)) {
      await this.knex<ReferenceRow>(TABLES.references)
        .where({ provider: this.provider })
        .whereRaw(isOneOf(this.knex, 'entity_ref', refs))
        .update(values);
    }
  }

  /** The provider's references, each with the claim that owns it. */
  private withClaims(): Knex.QueryBuilder {
    return this.knex(`${TABLES.references} as r`)
      .leftJoin(`${TABLES.claims} as c`, sameKey('c', 'r', CLAIM_KEY))
      .where('r.provider', this.provider);
  }
}

/** A reference, and how many bytes its entity takes. */
type Head = Pick<ReferenceRow, 'entity_ref' | 'version'> & { bytes: number };

/** As many of the first as are together no larger than this; at least one. */
function headsWithin(maxBytes: number, heads: readonly Head[]): Head[] {
  let bytes = 0;
  const end = heads.findIndex((head, index) => {
    bytes += head.bytes;
    return index > 0 && bytes > maxBytes;
  });
  return end < 0 ? [...heads] : heads.slice(0, end);
}
