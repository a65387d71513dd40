import type { Knex } from 'knex';
import type { GuardLimits, HeldBack } from '../policy/guard';
import { chunks, TABLES, type BigIntColumn } from './rows';

/** A set of removals that is held back, and whether somebody approved it. */
export interface HeldBackSet {
  /** The organization's key; empty for what a refresh holds back beside the organizations: of a takeover, or given by another replica. */
  readonly organization: string;
  readonly held: HeldBack;
  /** When it was first held back, in milliseconds since 1970. */
  readonly since: number;
  readonly approval?: {
    /** Milliseconds since 1970. */
    readonly at: number;
    readonly by: string;
  };
}

interface HeldBackRow {
  provider: string;
  code: string;
  organization: string;
  held: string;
  since: BigIntColumn;
  approved_at: BigIntColumn | null;
  approved_by: string | null;
}

/** What the guard holds back for one provider, and what was approved of it. */
export class LedgerHeldBack {
  constructor(
    private readonly knex: Knex,
    private readonly provider: string,
  ) {}

  /** The codes of sets that were approved and not removed yet, and of those that were removed on an approval. */
  async approvals(): Promise<Pick<GuardLimits, 'approved' | 'used'>> {
    const approved: string[] = await this.rows()
      .whereNotNull('approved_at')
      .pluck('code');
    const used: string[] = await this.knex(TABLES.approvals)
      .where({ provider: this.provider })
      .pluck('code');
    return { approved: new Set(approved), used: new Set(used) };
  }

  /** Notes that sets were removed on an approval: it is used up. */
  async noteUsed(codes: readonly string[]): Promise<void> {
    for (const code of codes) {
      await this.knex.transaction(async tx => {
        await tx(TABLES.approvals)
          .insert({ provider: this.provider, code })
          .onConflict(['provider', 'code'])
          .ignore();
        await tx(TABLES.heldBack)
          .where({ provider: this.provider, code })
          .delete();
      });
    }
  }

  /**
   * Notes all that is held back of an organization: a set that is held back no more
   * is struck out, and its approval with it.
   *
   * @param now - milliseconds since 1970
   * @returns those that were not noted before, by any process
   */
  async note(
    organizationKey: string,
    sets: readonly HeldBack[],
    now: number,
  ): Promise<HeldBack[]> {
    const present = sets.map(({ code }) => code);
    const codes: string[] = await this.rows()
      .andWhere({ organization: organizationKey })
      .pluck('code');
    const gone = codes.filter(code => !present.includes(code));
    for (const some of chunks(gone)) {
      await this.rows()
        .andWhere({ organization: organizationKey })
        .whereIn('code', some)
        .delete();
    }
    const news: HeldBack[] = [];
    for (const held of sets) {
      const inserted: unknown[] = await this.knex(TABLES.heldBack)
        .insert({
          provider: this.provider,
          code: held.code,
          organization: organizationKey,
          held: JSON.stringify(held),
          since: now,
        })
        .onConflict(['provider', 'code'])
        .ignore()
        .returning('code');
      if (inserted.length > 0) {
        news.push(held);
      }
    }
    return news;
  }

  /** All sets that are held back, the oldest first. @param code - of one */
  async list(code?: string): Promise<HeldBackSet[]> {
    const rows = await this.rows()
      .andWhere(code === undefined ? {} : { code })
      .orderBy(['since', 'code']);
    return rows.map(row => ({
      organization: row.organization,
      held: JSON.parse(row.held) as HeldBack,
      since: Number(row.since),
      approval:
        row.approved_at === null
          ? undefined
          : { at: Number(row.approved_at), by: row.approved_by ?? '' },
    }));
  }

  /** Approves a set, once. @returns `false` where it is not held back, or approved already */
  async approve(
    code: string,
    approval: { readonly at: number; readonly by: string },
  ): Promise<boolean> {
    const updated = await this.rows()
      .andWhere({ code })
      .whereNull('approved_at')
      .update({ approved_at: approval.at, approved_by: approval.by });
    return updated > 0;
  }

  private rows(): Knex.QueryBuilder<HeldBackRow, HeldBackRow[]> {
    return this.knex<HeldBackRow>(TABLES.heldBack).where({
      provider: this.provider,
    }) as Knex.QueryBuilder<HeldBackRow, HeldBackRow[]>;
  }
}
