import type { Knex } from 'knex';
import type { KnownDescriptor, KnownRepository } from '../policy/model';
import { isOneOf } from './bulk';
import { loadKnownDescriptors, loadKnownRepositories } from './known';
import { LedgerHeldBack } from './held-back';
import { LedgerProjectEvents } from './project-events';
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
  readonly reports: LedgerReports;
  readonly heldBack: LedgerHeldBack;
  readonly projectEvents: LedgerProjectEvents;

  constructor(
    private readonly knex: Knex,
    private readonly provider: string,
  ) {
    this.reports = new LedgerReports(knex, provider);
    this.heldBack = new LedgerHeldBack(knex, provider);
    this.projectEvents = new LedgerProjectEvents(knex, provider);
  }

  /** What is about to leave the ledger of one organization. */
  removalsIn(organizationKey: string): LedgerRemovals {
    return new LedgerRemovals(this.knex, this.provider, organizationKey);
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

  /** Whether a refresh has begun since one did all of its job. */
  async isUnfinished(): Promise<boolean> {
    const row = await this.knex(TABLES.providers)
      .where({ provider: this.provider })
      .first('unfinished');
    return Number(row?.unfinished ?? 0) === 1;
  }

  async setUnfinished(isUnfinished: boolean): Promise<void> {
    const unfinished = isUnfinished ? 1 : 0;
    await this.knex(TABLES.providers)
      .where({ provider: this.provider })
      .whereNot({ unfinished })
      .update({ unfinished });
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

  /** Every repository that is known, of whichever organization. */
  async repositories(): Promise<KnownRepository[]> {
    const found: KnownRepository[] = [];
    for (const key of (await this.repositoriesOutside([])).keys()) {
      found.push(...(await this.repositoriesIn(key)).values());
    }
    return found;
  }

  /**
   * The repositories of one organization, by id.
   *
   * @param among - ids; all repositories if left out
   */
  async repositoriesIn(
    organizationKey: string,
    among?: readonly string[],
  ): Promise<Map<string, KnownRepository>> {
    return await loadKnownRepositories(
      this.knex,
      this.provider,
      organizationKey,
      among,
    );
  }

  /** Ids of the repositories of all other organizations than these, by the organization's key. */
  async repositoriesOutside(
    organizationKeys: readonly string[],
  ): Promise<Map<string, string[]>> {
    const rows: Array<Pick<RepositoryRow, 'repository_id' | 'organization'>> =
      await this.knex<RepositoryRow>(TABLES.repositories)
        .where({ provider: this.provider })
        .whereNotIn('organization', organizationKeys)
        .select('repository_id', 'organization');
    const result = new Map<string, string[]>();
    for (const { repository_id, organization } of rows) {
      const ids = result.get(organization) ?? [];
      ids.push(repository_id);
      result.set(organization, ids);
    }
    return result;
  }

  /** The descriptors of these repositories of an organization, by repository id. */
  async descriptors(
    organizationKey: string,
    repositoryIds: readonly string[],
  ): Promise<Map<string, KnownDescriptor[]>> {
    return await loadKnownDescriptors(
      this.knex,
      this.provider,
      organizationKey,
      repositoryIds,
    );
  }

  /** The object ids of all descriptors of one organization. */
  async objectIds(organizationKey: string): Promise<StoredObjectId[]> {
    return await this.knex(TABLES.descriptors)
      .where({ provider: this.provider, organization: organizationKey })
      .select({
        repositoryId: 'repository_id',
        path: 'path',
        objectId: 'object_id',
      });
  }

  /** Of these references, those that some descriptor gives. */
  async ownedReferences(entityRefs: readonly string[]): Promise<Set<string>> {
    const refs: string[] = await this.knex(TABLES.references)
      .where({ provider: this.provider })
      .whereRaw(isOneOf(this.knex, 'entity_ref', entityRefs))
      .whereNotNull('repository_id')
      .pluck('entity_ref');
    return new Set(refs);
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
          for (const { repository_id, path, entity, ...claim } of claims) {
            await tx<ClaimRow>(TABLES.claims)
              .where({
                provider: this.provider,
                organization: claim.organization,
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
