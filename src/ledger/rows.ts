import type { Knex } from 'knex';
import type { Removal, RemovalGrade } from '../policy/model';

/** The ledger's rows as the database holds them; see `migrations/` and docs/ledger.md. */

export const TABLES = {
  providers: 'azure_devops_providers',
  leases: 'azure_devops_leases',
  organizations: 'azure_devops_organizations',
  repositories: 'azure_devops_repositories',
  descriptors: 'azure_devops_descriptors',
  claims: 'azure_devops_claims',
  references: 'azure_devops_references',
  approvals: 'azure_devops_approvals',
  heldBack: 'azure_devops_held_back',
  due: 'azure_devops_due',
  announced: 'azure_devops_announced',
  projectEvents: 'azure_devops_project_events',
} as const;

/** PostgreSQL gives 64-bit integers as strings, SQLite as numbers. */
export type BigIntColumn = string | number;

export function numberOf(
  column: BigIntColumn | null | undefined,
): number | undefined {
  return column == null ? undefined : Number(column);
}

/**
 * What tells repositories, descriptors and claims from one another. The GUID alone
 * does not tell repositories: a collection that was cloned or imported has the same.
 */
export const REPOSITORY_KEY = [
  'provider',
  'organization',
  'repository_id',
] as const;
export const DESCRIPTOR_KEY = [...REPOSITORY_KEY, 'path'] as const;
export const CLAIM_KEY = [...DESCRIPTOR_KEY, 'entity_ref'] as const;
export const REFERENCE_KEY = ['provider', 'entity_ref'] as const;

export interface RepositoryRow {
  provider: string;
  organization: string;
  repository_id: string;
  project_id: string;
  project: string;
  name: string;
  branch: string | null;
  signature: string | null;
  outcome: 'conclusive' | 'unknown' | 'gone';
  problem: string | null;
  verified_at: BigIntColumn | null;
  missed: number;
  ticket: BigIntColumn;
}

export interface DescriptorRow {
  provider: string;
  organization: string;
  repository_id: string;
  path: string;
  target: string;
  object_id: string;
  signature: string;
  branch: string | null;
  errors: string | null;
  removal: RemovalGrade | null;
  removal_reason: string | null;
}

export interface ClaimRow {
  provider: string;
  organization: string;
  repository_id: string;
  path: string;
  entity_ref: string;
  kind: 'entity' | 'error';
  entity: string;
  hash: string;
  location_key: string;
  removal: RemovalGrade | null;
  removal_reason: string | null;
}

export interface ReferenceRow {
  provider: string;
  entity_ref: string;
  organization: string | null;
  repository_id: string | null;
  path: string | null;
  hash: string | null;
  version: BigIntColumn;
  pending: number;
  catalog_hash: string | null;
}

/** The mark for removal of a descriptor or a claim. */
export function removalOf(row: {
  removal: RemovalGrade | null;
  removal_reason: string | null;
}): Removal | undefined {
  return row.removal
    ? { grade: row.removal, reason: row.removal_reason ?? '' }
    : undefined;
}

/** The condition of a join: that two tables, by their aliases, have the same key. */
export function sameKey(
  one: string,
  other: string,
  key: readonly string[],
): Knex.JoinCallback {
  return clause => {
    for (const column of key) {
      void clause.on(`${one}.${column}`, `${other}.${column}`);
    }
  };
}

/** The same as a condition of a subquery, in SQL. */
export function isSameKey(
  one: string,
  other: string,
  key: readonly string[],
): string {
  return key
    .map(column => `${one}.${column} = ${other}.${column}`)
    .join(' and ');
}

/** A list in two parts; one where it has but one item. */
export function inHalf<T>(items: readonly T[]): T[][] {
  return chunks(items, Math.ceil(items.length / 2));
}

/** Splits a list so that no statement has more variables than SQLite takes. */
export function chunks<T>(items: readonly T[], size = 200): T[][] {
  const result: T[][] = [];
  for (let i = 0; i < items.length; i += size) {
    result.push(items.slice(i, i + size));
  }
  return result;
}
