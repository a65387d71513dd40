import type { Knex } from 'knex';
import { chooseOwner, type Claimant } from '../ingestion/owner';
import { upsert } from './bulk';
import { chunks, TABLES, type ClaimRow, type ReferenceRow } from './rows';

interface ClaimWithTarget extends Claimant {
  readonly entityRef: string;
  readonly hash: string;
}

/**
 * Recomputes which claim owns each of the given references, and marks those for
 * which the catalog must be told something new. Runs inside the transaction
 * that changed the claims.
 */
export async function recomputeOwners(
  tx: Knex.Transaction,
  provider: string,
  entityRefs: Iterable<string>,
  ticket: number,
): Promise<void> {
  for (const refs of chunks([...new Set(entityRefs)])) {
    const claims = await loadClaims(tx, provider, refs);
    const rows: ReferenceRow[] = await tx<ReferenceRow>(TABLES.references)
      .where({ provider })
      .whereIn('entity_ref', refs);
    const references = new Map(rows.map(row => [row.entity_ref, row]));

    const changed: ReferenceRow[] = [];
    for (const entityRef of refs) {
      const row = references.get(entityRef);
      const incumbent =
        row?.repository_id != null && row.path != null
          ? { repositoryId: row.repository_id, path: row.path }
          : undefined;
      const owner = chooseOwner(claims.get(entityRef) ?? [], incumbent);
      const next = {
        repository_id: owner?.repositoryId ?? null,
        path: owner?.path ?? null,
        hash: owner?.hash ?? null,
      };
      const same =
        row !== undefined
          ? row.repository_id === next.repository_id &&
            row.path === next.path &&
            row.hash === next.hash
          : owner === undefined;
      if (!same) {
        changed.push({
          provider,
          entity_ref: entityRef,
          ...next,
          version: ticket,
          pending: 1,
          taken: null,
        });
      }
    }
    await upsert(tx, TABLES.references, ['provider', 'entity_ref'], changed);
  }
}

async function loadClaims(
  tx: Knex.Transaction,
  provider: string,
  refs: string[],
): Promise<Map<string, ClaimWithTarget[]>> {
  const rows: Array<
    Pick<
      ClaimRow,
      'entity_ref' | 'repository_id' | 'path' | 'hash' | 'removal'
    > & { target: string }
  > = await tx(`${TABLES.claims} as c`)
    .join(`${TABLES.descriptors} as d`, function joinDescriptor() {
      this.on('d.provider', 'c.provider')
        .andOn('d.repository_id', 'c.repository_id')
        .andOn('d.path', 'c.path');
    })
    .where('c.provider', provider)
    .whereIn('c.entity_ref', refs)
    .select(
      'c.entity_ref',
      'c.repository_id',
      'c.path',
      'c.hash',
      'c.removal',
      'd.target',
    );
  const result = new Map<string, ClaimWithTarget[]>();
  for (const row of rows) {
    const list = result.get(row.entity_ref) ?? [];
    list.push({
      entityRef: row.entity_ref,
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
