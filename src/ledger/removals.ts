import type { Knex } from 'knex';
import { isOneOf } from './bulk';
import { providedBy } from './catalog-view';
import { recomputeOwners } from './ownership';
import { takeTicket } from './record';
import {
  chunks,
  CLAIM_KEY,
  DESCRIPTOR_KEY,
  isSameKey,
  REFERENCE_KEY,
  REPOSITORY_KEY,
  sameKey,
  TABLES,
  type ClaimRow,
  type DescriptorRow,
  type RepositoryRow,
} from './rows';
import type { Removal, RemovalGrade } from '../policy/model';

/** One claim of the organization that is to go. */
export interface Proposal {
  readonly repositoryId: string;
  readonly path: string;
  readonly entityRef: string;
  readonly kind: ClaimRow['kind'];
  readonly grade: RemovalGrade;
  readonly reason: string;
  /** Whether an entity would leave the catalog: nothing else gives the reference. */
  readonly loss: boolean;
  /** Whether only another organization would give the entity then. */
  readonly passesOn: boolean;
  /** Whether the catalog has it of another provider by now. */
  readonly isHandedOver?: boolean;
}

/** The condition that another claim to the same reference stays. @param claim - the table or alias of the one */
function isGivenByOthers(claim: string, key: readonly string[]): string {
  return `exists (select 1 from ${TABLES.claims} as o where ${isSameKey('o', claim, key)} and o.removal is null)`;
}

/** What came of marking repositories. */
interface Marked {
  /** The descriptors that were not marked so before, by canonical URL. */
  readonly descriptors: ReadonlyArray<{
    readonly repositoryId: string;
    readonly target: string;
  }>;
  /** Ids of repositories that somebody has written about since: not marked, and to be looked at again. */
  readonly overtaken: readonly string[];
}

/** What is about to leave the ledger of one organization, and what does. */
export class LedgerRemovals {
  private readonly ours: { provider: string; organization: string };

  constructor(
    private readonly knex: Knex,
    private readonly provider: string,
    organizationKey: string,
  ) {
    this.ours = { provider, organization: organizationKey };
  }

  /**
   * Takes back what was to go of these repositories for the list's or the
   * configuration's sake; all of it where the repository itself was gone, unless
   * somebody has written that since the list was asked for.
   *
   * @param seenAt - the ledger's ticket as of before the list was asked for
   */
  async takeBack(
    repositoryIds: readonly string[],
    seenAt: number,
  ): Promise<void> {
    for (const ids of chunks(repositoryIds)) {
      await this.knex.transaction(async tx => {
        const ticket = await takeTicket(tx, this.provider);
        const repositories = () =>
          tx<RepositoryRow>(TABLES.repositories)
            .where(this.ours)
            .whereIn('repository_id', ids);
        await repositories().update({ missed: 0 });
        const wereGone: Array<{ repository_id: string }> = await repositories()
          .andWhere({ outcome: 'gone' })
          .andWhere('ticket', '<=', seenAt)
          .update({ outcome: 'unknown' })
          .returning('repository_id');
        const isTakenBack = (query: Knex.QueryBuilder) =>
          query
            .where(this.ours)
            .whereIn('repository_id', ids)
            .andWhere((evidence: Knex.QueryBuilder) => {
              void evidence
                .whereIn('removal', ['inferred', 'deselected'])
                .orWhereIn(
                  'repository_id',
                  wereGone.map(row => row.repository_id),
                );
            });
        // What a file alone no longer gives is not the list's to give back.
        const cleared: Array<{ entity_ref: string }> = await isTakenBack(
          tx(TABLES.claims).whereNotNull('removal'),
        )
          .whereExists(query =>
            query
              .select(tx.raw('1'))
              .from(`${TABLES.descriptors} as d`)
              .whereRaw(isSameKey('d', TABLES.claims, DESCRIPTOR_KEY))
              .whereNotNull('d.removal'),
          )
          .update({ removal: null, removal_reason: null })
          .returning('entity_ref');
        // Read anew: while a file is about to go, it is not known which of its documents are.
        await isTakenBack(
          tx(TABLES.descriptors).whereNotNull('removal'),
        ).update({
          removal: null,
          removal_reason: null,
          signature: '',
        });
        await recomputeOwners(
          tx,
          this.provider,
          cleared.map(row => row.entity_ref),
          ticket,
        );
      });
    }
  }

  /** Counts one more list that lacked these repositories. @param seenAt - the ledger's ticket as of before the list was asked for */
  async countMissed(
    repositoryIds: readonly string[],
    seenAt: number,
  ): Promise<void> {
    await this.knex<RepositoryRow>(TABLES.repositories)
      .where(this.ours)
      .whereRaw(isOneOf(this.knex, 'repository_id', repositoryIds))
      .andWhere('ticket', '<=', seenAt)
      .increment('missed', 1);
  }

  /**
   * Marks everything that these repositories give as about to go. Like a probe it
   * counts only if nothing was written about the repository since the service was
   * asked, and is itself such a write.
   *
   * @param seenAt - the ledger's ticket as of before the service was asked
   */
  async markForRemoval(
    repositoryIds: readonly string[],
    removal: Removal,
    seenAt: number,
  ): Promise<Marked> {
    const found: Array<Marked['descriptors'][number]> = [];
    const overtaken: string[] = [];
    for (const all of chunks(repositoryIds)) {
      await this.knex.transaction(async tx => {
        const ticket = await takeTicket(tx, this.provider);
        const newer: string[] = await tx<RepositoryRow>(TABLES.repositories)
          .where(this.ours)
          .whereIn('repository_id', all)
          .andWhere('ticket', '>', seenAt)
          .pluck('repository_id');
        overtaken.push(...newer);
        const ids = all.filter(id => !newer.includes(id));
        await tx<RepositoryRow>(TABLES.repositories)
          .where(this.ours)
          .whereIn('repository_id', ids)
          .update({ outcome: 'gone', problem: null, ticket });
        const mark = {
          removal: removal.grade,
          removal_reason: removal.reason,
        };
        const notYet = (query: Knex.QueryBuilder) =>
          query
            .where(this.ours)
            .whereIn('repository_id', ids)
            .andWhere((weaker: Knex.QueryBuilder) => {
              void weaker
                .whereNull('removal')
                .orWhereNotIn('removal', ['confirmed', removal.grade]);
            });
        const descriptors: Array<{ repository_id: string; target: string }> =
          await notYet(tx(TABLES.descriptors))
            .update(mark)
            .returning(['repository_id', 'target']);
        found.push(
          ...descriptors.map(row => ({
            repositoryId: row.repository_id,
            target: row.target,
          })),
        );
        const marked: Array<{ entity_ref: string }> = await notYet(
          tx(TABLES.claims),
        )
          .update(mark)
          .returning('entity_ref');
        await recomputeOwners(
          tx,
          this.provider,
          marked.map(row => row.entity_ref),
          ticket,
        );
      });
    }
    return { descriptors: found, overtaken };
  }

  /** What is about to go. @param among - of these repositories only */
  async proposals(among?: readonly string[]): Promise<Proposal[]> {
    const rows: Array<
      ClaimRow & {
        owner_path: string | null;
        others: number | boolean;
        others_here: number | boolean;
      }
    > = await this.claims()
      // It owns its reference, or there is none.
      .leftJoin(`${TABLES.references} as r`, sameKey('r', 'c', CLAIM_KEY))
      .whereNotNull('c.removal')
      .modify(query => {
        if (among) {
          void query.whereRaw(isOneOf(this.knex, 'c.repository_id', among));
        }
      })
      .select(
        'c.repository_id',
        'c.path',
        'c.entity_ref',
        'c.kind',
        'c.removal',
        'c.removal_reason',
        'r.path as owner_path',
        this.knex.raw(`${isGivenByOthers('c', REFERENCE_KEY)} as others`),
        this.knex.raw(
          `${isGivenByOthers('c', [...REFERENCE_KEY, 'organization'])} as others_here`,
        ),
      );
    return rows.map(row => ({
      repositoryId: row.repository_id,
      path: row.path,
      entityRef: row.entity_ref,
      kind: row.kind,
      grade: row.removal ?? 'inferred',
      reason: row.removal_reason ?? '',
      loss: row.owner_path !== null && !row.others,
      passesOn:
        row.owner_path !== null && Boolean(row.others) && !row.others_here,
    }));
  }

  /**
   * How far another provider has come with what this one leaves to it: the
   * repositories that it has read, the references that it gives, and those that the
   * catalog has under this provider's name all the same.
   */
  async handover(
    other: string,
    proposals: readonly Proposal[],
  ): Promise<Record<'read' | 'given' | 'ours', ReadonlySet<string>>> {
    const refs = proposals.map(({ entityRef }) => entityRef);
    const ids = proposals.map(({ repositoryId }) => repositoryId);
    const theirs = { ...this.ours, provider: other };
    const read: string[] = await this.knex(TABLES.repositories)
      .where({ ...theirs, outcome: 'conclusive' })
      .whereRaw(isOneOf(this.knex, 'repository_id', ids))
      .pluck('repository_id');
    const given: string[] = await this.knex(TABLES.references)
      .where({ provider: other })
      .whereNotNull('repository_id')
      .whereRaw(isOneOf(this.knex, 'entity_ref', refs))
      .pluck('entity_ref');
    const ours: string[] = await this.knex(`${TABLES.references} as r`)
      .where({ 'r.provider': this.provider })
      .whereRaw(isOneOf(this.knex, 'r.entity_ref', given))
      .whereExists(providedBy(this.knex, 'r.provider', 'r.entity_ref'))
      .pluck('r.entity_ref');
    return { read: new Set(read), given: new Set(given), ours: new Set(ours) };
  }

  /** The references that these repositories give to the catalog. @param kind - only of this kind */
  async givenBy(
    repositoryIds: readonly string[],
    kind?: ClaimRow['kind'],
  ): Promise<string[]> {
    return await this.claims()
      .join(`${TABLES.references} as r`, sameKey('r', 'c', CLAIM_KEY))
      .whereRaw(isOneOf(this.knex, 'c.repository_id', repositoryIds))
      .andWhere(kind ? { 'c.kind': kind } : {})
      .pluck('c.entity_ref');
  }

  /** How many entities the organization has in the catalog. */
  async countEntities(): Promise<number> {
    const row = await this.claims()
      .join(`${TABLES.references} as r`, sameKey('r', 'c', CLAIM_KEY))
      .where('c.kind', 'entity')
      .count({ count: '*' })
      .first();
    return Number(row?.count ?? 0);
  }

  /** How many entities left because of events since a refresh last asked the guard about all of them. */
  async releasedSinceRefresh(): Promise<number> {
    const row: { released: number } | undefined = await this.knex(
      TABLES.organizations,
    )
      .where(this.ours)
      .first('released');
    return row?.released ?? 0;
  }

  /** Counts from nothing again. */
  async resetReleased(): Promise<void> {
    await this.knex(TABLES.organizations)
      .where(this.ours)
      .andWhere('released', '>', 0)
      .update({ released: 0 });
  }

  /**
   * Deletes claims whose removal the guard or the operator approved, and those that
   * still cost the catalog no entity; then what has nothing left.
   *
   * @param because - of an event: how many had left so when the guard was asked, and how many leave now
   * @returns `false`, and deletes nothing, where others have left because of events since
   */
  async deleteApproved(
    proposals: readonly Proposal[],
    because?: { readonly left: number; readonly leave: number },
  ): Promise<boolean> {
    for (const [index, batch] of chunks(proposals).entries()) {
      const isDone = await this.knex.transaction(async tx => {
        const ticket = await takeTicket(tx, this.provider);
        if (
          index === 0 &&
          because &&
          !(await this.countReleased(tx, because))
        ) {
          return false;
        }
        const gone: string[] = [];
        for (const proposal of batch) {
          if (await this.deleteClaim(tx, proposal)) {
            gone.push(proposal.entityRef);
          }
        }
        await recomputeOwners(tx, this.provider, gone, ticket);
        return true;
      });
      if (!isDone) return false;
    }
    await this.deleteEmptyDescriptors(proposals.map(p => p.repositoryId));
    return true;
  }

  /** `false` where it was seen again since the guard looked, or is given by nothing else any more: then it stays. */
  private async deleteClaim(
    tx: Knex.Transaction,
    { repositoryId, path, entityRef, loss }: Proposal,
  ): Promise<boolean> {
    const deleted = await tx<ClaimRow>(TABLES.claims)
      .where({
        ...this.ours,
        repository_id: repositoryId,
        path,
        entity_ref: entityRef,
      })
      .whereNotNull('removal')
      .andWhere(query => {
        if (!loss) {
          void query
            .whereRaw(isGivenByOthers(TABLES.claims, REFERENCE_KEY))
            .orWhereNotExists(owned =>
              owned
                .select(tx.raw('1'))
                .from(`${TABLES.references} as r`)
                .whereRaw(isSameKey('r', TABLES.claims, CLAIM_KEY)),
            );
        }
      })
      .delete();
    return deleted > 0;
  }

  /** Counts entities that leave because of an event; `false` where others have left since. */
  private async countReleased(
    tx: Knex.Transaction,
    { left, leave }: { readonly left: number; readonly leave: number },
  ): Promise<boolean> {
    const written: unknown[] = await tx(TABLES.organizations)
      .insert({ ...this.ours, released: left + leave })
      .onConflict(['provider', 'organization'])
      .merge(['released'])
      .where(`${TABLES.organizations}.released`, left)
      .returning('released');
    return written.length > 0;
  }

  /** Deletes those of the repositories that give nothing any more. */
  async deleteEmptyRepositories(
    repositoryIds: readonly string[],
  ): Promise<void> {
    await this.deleteEmptyDescriptors(repositoryIds);
    for (const ids of chunks(repositoryIds)) {
      await this.knex.transaction(async tx => {
        // Nothing is written about them meanwhile: what has descriptors has a row.
        await takeTicket(tx, this.provider);
        await tx<RepositoryRow>(TABLES.repositories)
          .where(this.ours)
          .whereIn('repository_id', ids)
          .whereNotExists(query =>
            query
              .select(tx.raw('1'))
              .from(`${TABLES.descriptors} as d`)
              .whereRaw(isSameKey('d', TABLES.repositories, REPOSITORY_KEY)),
          )
          .delete();
      });
    }
  }

  private async deleteEmptyDescriptors(
    repositoryIds: readonly string[],
  ): Promise<void> {
    await this.knex<DescriptorRow>(TABLES.descriptors)
      .where(this.ours)
      .whereRaw(isOneOf(this.knex, 'repository_id', repositoryIds))
      .whereNotNull('removal')
      .whereNotExists(query =>
        query
          .select(this.knex.raw('1'))
          .from(`${TABLES.claims} as c`)
          .whereRaw(isSameKey('c', TABLES.descriptors, DESCRIPTOR_KEY)),
      )
      .delete();
  }

  private claims(): Knex.QueryBuilder {
    const { provider, organization } = this.ours;
    return this.knex(`${TABLES.claims} as c`).where({
      'c.provider': provider,
      'c.organization': organization,
    });
  }
}
