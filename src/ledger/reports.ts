import type { Knex } from 'knex';
import { describeRejection, type Rejection } from '../policy/model';
import {
  CLAIM_KEY,
  chunks,
  DESCRIPTOR_KEY,
  isSameKey,
  sameKey,
  TABLES,
  type BigIntColumn,
  type ClaimRow,
  type DescriptorRow,
} from './rows';

interface OrganizationRow {
  provider: string;
  organization: string;
  last_pass_at: BigIntColumn | null;
}

/** A file of which a document was rejected. */
export interface RejectedFile {
  readonly organization: string;
  /** The canonical URL. */
  readonly target: string;
  /** One line a document: where, and why. */
  readonly errors: readonly string[];
}

/** An entity that more than one descriptor gives. */
export interface DuplicateReport {
  readonly entityRef: string;
  /** The descriptor that gives it. */
  readonly owner: string;
  readonly others: readonly string[];
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
  return row?.errors ? describeRejections(row.errors) : undefined;
}

/** The rejections of a file, as the ledger has them, one line a document. */
function describeRejections(errors: string): string[] {
  return (JSON.parse(errors) as Rejection[]).map(describeRejection);
}

/** What the ledger shows of the state of ingestion. */
export class LedgerReports {
  constructor(
    private readonly knex: Knex,
    private readonly provider: string,
  ) {}

  /** When the organization was last passed over, in milliseconds since 1970. */
  async lastPassAt(organization: string): Promise<number | undefined> {
    const row = await this.knex<OrganizationRow>(TABLES.organizations)
      .where({ provider: this.provider, organization })
      .first('last_pass_at');
    return row?.last_pass_at == null ? undefined : Number(row.last_pass_at);
  }

  async notePass(organization: string, startedAt: number): Promise<void> {
    await this.knex<OrganizationRow>(TABLES.organizations)
      .insert({
        provider: this.provider,
        organization,
        last_pass_at: startedAt,
      })
      .onConflict(['provider', 'organization'])
      .merge();
  }

  async counts(): Promise<{ descriptors: number; entities: number }> {
    const descriptors = await this.knex<DescriptorRow>(TABLES.descriptors)
      .where({ provider: this.provider })
      .count({ count: '*' })
      .first();
    const entities = await this.knex(TABLES.references)
      .where({ provider: this.provider })
      .whereIn('entity_ref', query =>
        query
          .select('entity_ref')
          .from(TABLES.claims)
          .where({ provider: this.provider, kind: 'entity' }),
      )
      .whereNotNull('repository_id')
      .count({ count: '*' })
      .first();
    return {
      descriptors: Number(descriptors?.count ?? 0),
      entities: Number(entities?.count ?? 0),
    };
  }

  /** The files of which a document was rejected, by URL. */
  async rejectedFiles(): Promise<RejectedFile[]> {
    const rows: Array<{
      target: string;
      errors: string;
      organization: string;
    }> = await this.knex(TABLES.descriptors)
      .where({ provider: this.provider })
      .whereNotNull('errors')
      .orderBy('target')
      .select('target', 'errors', 'organization');
    return rows.map(({ target, errors, organization }) => ({
      organization,
      target,
      errors: describeRejections(errors),
    }));
  }

  /** Entities that more than one descriptor gives. */
  async duplicates(): Promise<DuplicateReport[]> {
    const contested: Array<Pick<ClaimRow, 'entity_ref'>> =
      await this.knex<ClaimRow>(TABLES.claims)
        .where({ provider: this.provider, kind: 'entity' })
        .groupBy('entity_ref')
        .havingRaw('count(*) > 1')
        .orderBy('entity_ref')
        .select('entity_ref');
    const reports: DuplicateReport[] = [];
    for (const refs of chunks(contested.map(row => row.entity_ref))) {
      const rows: Array<{
        entity_ref: string;
        target: string;
        owns: number | boolean;
      }> = await this.knex(`${TABLES.claims} as c`)
        .join(`${TABLES.descriptors} as d`, sameKey('d', 'c', DESCRIPTOR_KEY))
        .join(
          `${TABLES.references} as r`,
          sameKey('r', 'c', ['provider', 'entity_ref']),
        )
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
