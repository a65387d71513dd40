import type { RemovalGrade } from '../policy/model';

/** The ledger's rows as the database holds them; see `migrations/` and docs/ledger.md. */

export const TABLES = {
  providers: 'azure_devops_providers',
  leases: 'azure_devops_leases',
  organizations: 'azure_devops_organizations',
  repositories: 'azure_devops_repositories',
  descriptors: 'azure_devops_descriptors',
  claims: 'azure_devops_claims',
  references: 'azure_devops_references',
} as const;

/** PostgreSQL gives 64-bit integers as strings, SQLite as numbers. */
export type BigIntColumn = string | number;

export interface RepositoryRow {
  provider: string;
  repository_id: string;
  organization: string;
  project_id: string;
  project: string;
  name: string;
  branch: string | null;
  signature: string | null;
  outcome: 'conclusive' | 'unknown';
  verified_at: BigIntColumn | null;
  missed: number;
  ticket: BigIntColumn;
}

export interface DescriptorRow {
  provider: string;
  repository_id: string;
  path: string;
  target: string;
  object_id: string;
  signature: string;
  errors: string | null;
  removal: RemovalGrade | null;
  removal_reason: string | null;
}

export interface ClaimRow {
  provider: string;
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
  repository_id: string | null;
  path: string | null;
  hash: string | null;
  version: BigIntColumn;
  pending: number;
  catalog_hash: string | null;
}

/** Splits a list so that no statement has more variables than SQLite takes. */
export function chunks<T>(items: readonly T[], size = 200): T[][] {
  const result: T[][] = [];
  for (let i = 0; i < items.length; i += size) {
    result.push(items.slice(i, i + size));
  }
  return result;
}
