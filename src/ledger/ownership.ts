import type { Knex } from 'knex';
import { chooseOwner, type Claimant } from '../policy/owner';
import { isOneOf, upsert } from './bulk';
import {
  chunks,
  DESCRIPTOR_KEY,
  REFERENCE_KEY,
  sameKey,
  TABLES,
  type ClaimRow,
  type ReferenceRow,
} from './rows';

/** A claim to a reference, as far as it matters for who owns it and whether that is to be applied. */
export interface Claim extends Claimant {
  readonly entityRef: string;
  readonly hash: string;
}

/** How many references are looked up at a time. */
const BATCH = 1_000;

/**
 * Recomputes which claim owns each of the given references, and marks those for
 * which something is to be applied to the catalog. Runs inside the transaction
 * that changed the claims.
 *
 * @param written - the claims that were made or changed
 */
export async function recomputeOwners(
  tx: Knex.Transaction,
  provider: string,
  entityRefs: Iterable<string>,
  ticket: number,
  written: readonly Claim[] = [],
): Promise<void> {
  const writtenTo = groupByReference(written);
  for (const refs of chunks([...new Set(entityRefs)], BATCH)) {
    const rows: ReferenceRow[] = await tx<ReferenceRow>(TABLES.references)
      .where({ provider })
      .whereRaw(isOneOf(tx, 'entity_ref', refs));
    const references = new Map(rows.map(row => [row.entity_ref, row]));
    // What has no row was claimed by nobody before.
    const claims = await loadClaims(tx, provider, [...references.keys()]);

    const changed: ReferenceRow[] = [];
    for (const entityRef of refs) {
      const row = references.get(entityRef);
      const incumbent =
        row?.organization != null &&
        row.repository_id != null &&
        row.path != null
          ? {
              organization: row.organization,
              repositoryId: row.repository_id,
              path: row.path,
            }
          : undefined;
      const owner = chooseOwner(
        (row ? claims : writtenTo).get(entityRef) ?? [],
        incumbent,
      );
      const same =
        row !== undefined
          ? row.organization === (owner?.organization ?? null) &&
            row.repository_id === (owner?.repositoryId ?? null) &&
            row.path === (owner?.path ?? null) &&
            row.hash === (owner?.hash ?? null)
          : owner === undefined;
      if (!same) {
        changed.push(pendingReference(provider, entityRef, owner, ticket));
      }
    }
    await upsert(tx, TABLES.references, REFERENCE_KEY, changed);
  }
}

/** The row of a reference of which another state is to be applied. */
function pendingReference(
  provider: string,
  entityRef: string,
  owner: Claim | undefined,
  ticket: number,
): ReferenceRow {
  return {
    provider,
    entity_ref: entityRef,
    organization: owner?.organization ?? null,
    repository_id: owner?.repositoryId ?? null,
    path: owner?.path ?? null,
    hash: owner?.hash ?? null,
    version: ticket,
    pending: 1,
    catalog_hash: null,
  };
}

async function loadClaims(
  tx: Knex.Transaction,
  provider: string,
  refs: readonly string[],
): Promise<Map<string, Claim[]>> {
  if (refs.length === 0) {
    return new Map();
  }
  const rows: Array<
    Pick<
      ClaimRow,
      | 'entity_ref'
      | 'organization'
      | 'repository_id'
      | 'path'
      | 'hash'
      | 'removal'
    > & { target: string }
  > = await tx(`${TABLES.claims} as c`)
    // Left, so that SQLite begins with the claims, and not with all descriptors.
    .leftJoin(`${TABLES.descriptors} as d`, sameKey('d', 'c', DESCRIPTOR_KEY))
    .where('c.provider', provider)
    .whereRaw(isOneOf(tx, 'c.entity_ref', refs))
    .select(
      'c.entity_ref',
      'c.organization',
      'c.repository_id',
      'c.path',
      'c.hash',
      'c.removal',
      'd.target',
    );
  return groupByReference(
    rows.map(row => ({
      entityRef: row.entity_ref,
      organization: row.organization,
      repositoryId: row.repository_id,
      path: row.path,
      target: row.target,
      hash: row.hash,
      removal: row.removal ?? undefined,
    })),
  );
}

function groupByReference(claims: readonly Claim[]): Map<string, Claim[]> {
  const groups = new Map<string, Claim[]>();
  for (const claim of claims) {
    const group = groups.get(claim.entityRef) ?? [];
    group.push(claim);
    groups.set(claim.entityRef, group);
  }
  return groups;
}
