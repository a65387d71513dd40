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
interface Claim extends Claimant {
  readonly hash: string;
}

/** How many references are looked up at a time. */
const BATCH = 1_000;

/**
 * Recomputes which claim owns each of the given references, and marks those for
 * which something is to be applied to the catalog. Runs inside the transaction
 * that changed the claims.
 */
export async function recomputeOwners(
  tx: Knex.Transaction,
  provider: string,
  entityRefs: Iterable<string>,
  ticket: number,
): Promise<void> {
  for (const refs of chunks([...new Set(entityRefs)], BATCH)) {
    const claims = await loadClaims(tx, provider, refs);
    const rows: ReferenceRow[] = await tx<ReferenceRow>(TABLES.references)
      .where({ provider })
      .whereRaw(isOneOf(tx, 'entity_ref', refs));
    const references = new Map(rows.map(row => [row.entity_ref, row]));

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
      const owner = chooseOwner(claims.get(entityRef) ?? [], incumbent);
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
  refs: string[],
): Promise<Map<string, Claim[]>> {
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
  const result = new Map<string, Claim[]>();
  for (const row of rows) {
    const list = result.get(row.entity_ref) ?? [];
    list.push({
      organization: row.organization,
      repositoryId: row.repository_id,
      path: row.path,
      target: row.target,
      hash: row.hash,
      removal: row.removal ?? undefined,
    });
    result.set(row.entity_ref, list);
  }
  return result;
}
