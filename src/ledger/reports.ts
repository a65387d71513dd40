import type { Knex } from 'knex';
import { describeRejection, type Rejection } from '../policy/model';
import {
  CLAIM_KEY,
  chunks,
  DESCRIPTOR_KEY,
  isSameKey,
  numberOf,
  REFERENCE_KEY,
  sameKey,
  TABLES,
  type BigIntColumn,
  type ClaimRow,
  type DescriptorRow,
} from './rows';

/** A count of something by organization, and of some of it. */
interface CountRow {
  organization: string;
  count: BigIntColumn;
  some?: BigIntColumn | null;
  oldest?: BigIntColumn | null;
}

interface OrganizationRow {
  provider: string;
  organization: string;
  last_list_at: BigIntColumn | null;
  last_pass_at: BigIntColumn | null;
}

/** An entity that more than one descriptor gives. */
export interface DuplicateReport {
  readonly entityRef: string;
  /** The descriptor that gives it. */
  readonly owner: string;
  readonly others: readonly string[];
}

/** How one organization stands, as the ledger has it. */
export interface OrganizationCounts {
  /** Its key. */
  readonly organization: string;
  readonly repositories: {
    readonly known: number;
    /** Whose last probe ended present or absent. */
    readonly conclusive: number;
    readonly unknown: number;
  };
  readonly descriptors: number;
  readonly entities: number;
  readonly rejectedFiles: number;
  /** When the repository that was verified the longest ago was, in milliseconds since 1970; so the other times. */
  readonly oldestVerificationAt?: number;
  readonly lastListAt?: number;
  readonly lastPassAt?: number;
}

/** A file of which a document was rejected, with each rejection as it is kept. */
interface RejectedDocuments {
  /** The organization's key. */
  readonly organization: string;
  /** The canonical URL. */
  readonly target: string;
  readonly rejections: readonly Rejection[];
}

/** What is wrong with the file that an error Location stands for, one line a rejected document; `undefined` when the ledger knows of none. */
export async function errorsOfLocation(
  knex: Knex,
  entityRef: string,
): Promise<string[] | undefined> {
  const row: { errors: string | null } | undefined = await knex(
    `${TABLES.claims} as c`,
  )
    .join(`${TABLES.descriptors} as d`, sameKey('d', 'c', DESCRIPTOR_KEY))
    .where({ 'c.entity_ref': entityRef, 'c.kind': 'error' })
    .first('d.errors');
  return row?.errors
    ? (JSON.parse(row.errors) as Rejection[]).map(describeRejection)
    : undefined;
}

/** What the ledger shows of the state of ingestion. */
export class LedgerReports {
  constructor(
    private readonly knex: Knex,
    private readonly provider: string,
  ) {}

  /** When the organization was last passed over, in milliseconds since 1970. */
  async lastPassAt(organizationKey: string): Promise<number | undefined> {
    const row = await this.knex<OrganizationRow>(TABLES.organizations)
      .where({ provider: this.provider, organization: organizationKey })
      .first('last_pass_at');
    return numberOf(row?.last_pass_at);
  }

  async notePass(organizationKey: string, startedAt: number): Promise<void> {
    await this.noteOrganization(organizationKey, { last_pass_at: startedAt });
  }

  /** Notes that the organization's list was had whole. @param now - milliseconds since 1970 */
  async noteList(organizationKey: string, now: number): Promise<void> {
    await this.noteOrganization(organizationKey, { last_list_at: now });
  }

  private async noteOrganization(
    organizationKey: string,
    values: Partial<OrganizationRow>,
  ): Promise<void> {
    await this.knex<OrganizationRow>(TABLES.organizations)
      .insert({
        provider: this.provider,
        organization: organizationKey,
        ...values,
      })
      .onConflict(['provider', 'organization'])
      .merge();
  }

  /** Keeps how a refresh stands, or ended, for those who ask other processes. */
  async noteRefresh(refresh: object): Promise<void> {
    await this.knex(TABLES.providers)
      .where({ provider: this.provider })
      .update({ last_refresh: JSON.stringify(refresh) });
  }

  /** What {@link noteRefresh} was last given, by whichever process. */
  async lastRefresh(): Promise<unknown> {
    const row: { last_refresh: string | null } | undefined = await this.knex(
      TABLES.providers,
    )
      .where({ provider: this.provider })
      .first('last_refresh');
    return row?.last_refresh ? JSON.parse(row.last_refresh) : undefined;
  }

  /**
   * When Backstage's scheduler begins a task the next time, in milliseconds since
   * 1970; absent for a task of one process alone, which the database knows nothing
   * of, and while it runs. The scheduler's own API shows the same.
   */
  async nextRunAt(task: string): Promise<number | undefined> {
    try {
      const row: { next_run_start_at: Date | string | null } | undefined =
        await this.knex('backstage_backend_tasks__tasks')
          .where({ id: task })
          .whereNull('current_run_ticket')
          .first('next_run_start_at');
      const at = row?.next_run_start_at;
      // SQLite has text, in UTC without saying so.
      return at == null
        ? undefined
        : new Date(
            at instanceof Date ? at : `${at.replace(' ', 'T')}Z`,
          ).getTime();
    } catch {
      // A later scheduler may keep it elsewhere.
      return undefined;
    }
  }

  /** How the organizations stand that the ledger knows anything of, by key. */
  async organizations(): Promise<OrganizationCounts[]> {
    const { knex, provider } = this;
    const ours = { provider };
    const passes = await knex<OrganizationRow>(TABLES.organizations).where(
      ours,
    );
    const repositories: CountRow[] = await knex(TABLES.repositories)
      .where(ours)
      .groupBy('organization')
      .select('organization')
      .count({ count: '*' })
      .min({ oldest: 'verified_at' })
      .sum({ some: knex.raw("case outcome when 'unknown' then 1 else 0 end") });
    const descriptors: CountRow[] = await knex(TABLES.descriptors)
      .where(ours)
      .groupBy('organization')
      .select('organization')
      .count({ count: '*', some: 'errors' });
    const entities: CountRow[] = await this.entities()
      .groupBy('c.organization')
      .select('c.organization')
      .count({ count: '*' });
    const of = (rows: readonly CountRow[], organization: string) =>
      rows.find(row => row.organization === organization);
    const names = new Set(
      [...passes, ...repositories].map(({ organization }) => organization),
    );
    return [...names].sort().map((organization): OrganizationCounts => {
      const pass = passes.find(row => row.organization === organization);
      const ofRepositories = of(repositories, organization);
      const known = Number(ofRepositories?.count ?? 0);
      const unknown = Number(ofRepositories?.some ?? 0);
      const ofDescriptors = of(descriptors, organization);
      return {
        organization,
        repositories: { known, conclusive: known - unknown, unknown },
        descriptors: Number(ofDescriptors?.count ?? 0),
        entities: Number(of(entities, organization)?.count ?? 0),
        rejectedFiles: Number(ofDescriptors?.some ?? 0),
        oldestVerificationAt: numberOf(ofRepositories?.oldest),
        lastListAt: numberOf(pass?.last_list_at),
        lastPassAt: numberOf(pass?.last_pass_at),
      };
    });
  }

  /** Some of the files of which a document was rejected, by URL. */
  async rejections(page: {
    readonly limit: number;
    readonly offset: number;
  }): Promise<{ total: number; files: RejectedDocuments[] }> {
    const query = () =>
      this.knex<DescriptorRow>(TABLES.descriptors)
        .where({ provider: this.provider })
        .whereNotNull('errors');
    const counted = await query().count({ count: '*' }).first();
    const rows = await query()
      .orderBy(['target', 'organization', 'repository_id', 'path'])
      .limit(page.limit)
      .offset(page.offset)
      .select('organization', 'target', 'errors');
    return {
      total: Number(counted?.count ?? 0),
      files: rows.map(row => ({
        organization: row.organization,
        target: row.target,
        rejections: JSON.parse(row.errors ?? '[]') as Rejection[],
      })),
    };
  }

  /** How many descriptors, files with rejected documents, and entities of the catalog there are. */
  async counts(): Promise<
    Record<'descriptors' | 'rejectedFiles' | 'entities', number>
  > {
    const descriptors = await this.knex(TABLES.descriptors)
      .where({ provider: this.provider })
      .count({ all: '*', rejected: 'errors' })
      .first();
    return {
      descriptors: Number(descriptors?.all ?? 0),
      rejectedFiles: Number(descriptors?.rejected ?? 0),
      entities: await this.countEntities(),
    };
  }

  /** How many entities the provider has in the catalog. */
  async countEntities(): Promise<number> {
    const row = await this.entities().count({ count: '*' }).first();
    return Number(row?.count ?? 0);
  }

  /** The claims that own their reference. */
  private entities(): Knex.QueryBuilder {
    return this.knex(`${TABLES.claims} as c`)
      .join(`${TABLES.references} as r`, sameKey('r', 'c', CLAIM_KEY))
      .where({ 'c.provider': this.provider, 'c.kind': 'entity' });
  }

  /** The references of entities that more than one descriptor gives. @param limit - so many of them, by reference; all if left out */
  async contested(limit?: number): Promise<string[]> {
    const query = this.knex<ClaimRow>(TABLES.claims)
      .where({ provider: this.provider, kind: 'entity' })
      .groupBy('entity_ref')
      .havingRaw('count(*) > 1')
      .orderBy('entity_ref');
    return await (limit === undefined ? query : query.limit(limit)).pluck(
      'entity_ref',
    );
  }

  /** Entities that more than one descriptor gives. @param among - references of such entities; all if left out */
  async duplicates(among?: readonly string[]): Promise<DuplicateReport[]> {
    const reports: DuplicateReport[] = [];
    for (const refs of chunks(among ?? (await this.contested()))) {
      const rows: Array<{
        entity_ref: string;
        target: string;
        owns: number | boolean;
      }> = await this.knex(`${TABLES.claims} as c`)
        .join(`${TABLES.descriptors} as d`, sameKey('d', 'c', DESCRIPTOR_KEY))
        .join(`${TABLES.references} as r`, sameKey('r', 'c', REFERENCE_KEY))
        .where('c.provider', this.provider)
        .whereIn('c.entity_ref', refs)
        .select(
          'c.entity_ref',
          'd.target',
          this.knex.raw(`(${isSameKey('r', 'c', CLAIM_KEY)}) as owns`),
        );
      for (const entityRef of refs) {
        const claims = rows.filter(row => row.entity_ref === entityRef);
        const owner = claims.find(row => Boolean(row.owns));
        reports.push({
          entityRef,
          owner: owner?.target ?? '',
          others: claims.filter(row => row !== owner).map(row => row.target),
        });
      }
    }
    return reports;
  }
}
