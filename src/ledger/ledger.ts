import type { Knex } from 'knex';
import type { KnownDescriptor, KnownRepository } from '../policy/model';
import { loadKnownDescriptors, loadKnownRepositories } from './known';
import { LedgerRemovals } from './removals';
import { LedgerReports } from './reports';
import { recomputeOwners } from './ownership';
import { hashClaim } from './decisions';
import {
  recordProbes,
  takeTicket,
  type ProbeRecord,
  type RecordResult,
} from './record';
import { chunks, TABLES, type ClaimRow, type RepositoryRow } from './rows';

/** Which blob a descriptor was when it was last read. */
export interface StoredObjectId {
  readonly repositoryId: string;
  readonly path: string;
  readonly objectId: string;
}

/**
 * What we last knew of every repository and descriptor of one provider, in the
 * catalog plugin's own database.
 */
export class Ledger {
  readonly removals: LedgerRemovals;
  readonly reports: LedgerReports;

  constructor(
    private readonly knex: Knex,
    private readonly provider: string,
  ) {
    this.removals = new LedgerRemovals(knex, provider);
    this.reports = new LedgerReports(knex, provider);
  }

  /** Makes sure of the provider's rows; harmless when they are there. */
  async open(): Promise<void> {
    for (const table of [TABLES.providers, TABLES.leases]) {
      await this.knex(table)
        .insert({ provider: this.provider })
        .onConflict('provider')
        .ignore();
    }
  }

  /** The ticket of the last write that is visible. */
  async currentTicket(): Promise<number> {
    const row = await this.knex(TABLES.providers)
      .where({ provider: this.provider })
      .first('ticket');
    return Number(row?.ticket ?? 0);
  }

  async recordProbes(
    probes: readonly ProbeRecord[],
    now: number,
  ): Promise<RecordResult> {
    return await recordProbes(this.knex, this.provider, probes, now);
  }

  /** Every repository that is known, or those of one organization. */
  async repositories(organization?: string): Promise<KnownRepository[]> {
    const found = await loadKnownRepositories(
      this.knex,
      this.provider,
      query =>
        organization === undefined ? query : query.where({ organization }),
    );
    return [...found.values()];
  }

  /**
   * The repositories of one organization, by id, and those in its list that the
   * ledger has under another: an organization that was renamed is the same to
   * its repositories.
   *
   * @param listed - ids of the repositories in the organization's list
   */
  async repositoriesIn(
    organization: string,
    listed: readonly string[],
  ): Promise<Map<string, KnownRepository>> {
    const known = await loadKnownRepositories(this.knex, this.provider, query =>
      query.where({ organization }),
    );
    const elsewhere: unknown = await this.knex(TABLES.repositories)
      .where({ provider: this.provider })
      .whereNot({ organization })
      .first('repository_id');
    const unknown = elsewhere ? listed.filter(id => !known.has(id)) : [];
    for (const ids of chunks(unknown)) {
      const found = await loadKnownRepositories(
        this.knex,
        this.provider,
        query => query.whereIn('repository_id', ids),
      );
      found.forEach(repository => known.set(repository.id, repository));
    }
    return known;
  }

  /** Ids of the repositories of all other organizations than these, by organization. */
  async repositoriesOutside(
    organizations: readonly string[],
  ): Promise<Map<string, string[]>> {
    const rows: Array<Pick<RepositoryRow, 'repository_id' | 'organization'>> =
      await this.knex<RepositoryRow>(TABLES.repositories)
        .where({ provider: this.provider })
        .whereNotIn('organization', organizations)
        .select('repository_id', 'organization');
    const result = new Map<string, string[]>();
    for (const { repository_id, organization } of rows) {
      const ids = result.get(organization) ?? [];
      ids.push(repository_id);
      result.set(organization, ids);
    }
    return result;
  }

  async descriptors(
    repositoryIds: readonly string[],
  ): Promise<Map<string, KnownDescriptor[]>> {
    return await loadKnownDescriptors(this.knex, this.provider, repositoryIds);
  }

  /** The object ids of all descriptors of one organization. */
  async objectIds(organization: string): Promise<StoredObjectId[]> {
    return await this.knex(`${TABLES.descriptors} as d`)
      .join(`${TABLES.repositories} as r`, function sameRepository() {
        this.on('r.provider', 'd.provider').andOn(
          'r.repository_id',
          'd.repository_id',
        );
      })
      .where({ 'r.provider': this.provider, 'r.organization': organization })
      .select({
        repositoryId: 'd.repository_id',
        path: 'd.path',
        objectId: 'd.object_id',
      });
  }

  /** Of these references, those that some descriptor gives. */
  async ownedReferences(entityRefs: readonly string[]): Promise<Set<string>> {
    const result = new Set<string>();
    for (const refs of chunks(entityRefs)) {
      const rows: Array<{ entity_ref: string }> = await this.knex(
        TABLES.references,
      )
        .where({ provider: this.provider })
        .whereIn('entity_ref', refs)
        .whereNotNull('repository_id')
        .select('entity_ref');
      for (const row of rows) {
        result.add(row.entity_ref);
      }
    }
    return result;
  }

  /** Puts entities under the keys that the catalog has them under already. */
  async adoptLocationKeys(
    entities: ReadonlyArray<{ entityRef: string; locationKey: string }>,
  ): Promise<void> {
    for (const batch of chunks(entities)) {
      await this.knex.transaction(async tx => {
        const ticket = await takeTicket(tx, this.provider);
        const adopted: string[] = [];
        for (const { entityRef, locationKey } of batch) {
          const claims: ClaimRow[] = await tx<ClaimRow>(TABLES.claims)
            .where({ provider: this.provider, entity_ref: entityRef })
            .whereNot('location_key', locationKey);
          for (const { repository_id, path, entity } of claims) {
            await tx<ClaimRow>(TABLES.claims)
              .where({
                provider: this.provider,
                repository_id,
                path,
                entity_ref: entityRef,
              })
              .update({
                location_key: locationKey,
                hash: hashClaim(entity, locationKey),
              });
            adopted.push(entityRef);
          }
        }
        await recomputeOwners(tx, this.provider, adopted, ticket);
      });
    }
  }
}
