import type { Knex } from 'knex';
import type {
  KnownClaim,
  KnownDescriptor,
  Removal,
  RemovalGrade,
} from '../policy/model';
import { isOneOf } from './bulk';
import { chunks, TABLES, type ClaimRow, type DescriptorRow } from './rows';

/** How many repositories are looked up at a time. */
const BATCH = 1_000;

type SlimClaim = Pick<
  ClaimRow,
  | 'repository_id'
  | 'path'
  | 'entity_ref'
  | 'kind'
  | 'hash'
  | 'location_key'
  | 'removal'
  | 'removal_reason'
>;

/** What the ledger knows of the descriptors of some repositories, by repository id; entities themselves stay in the database. */
export async function loadKnownDescriptors(
  knex: Knex,
  provider: string,
  repositoryIds: readonly string[],
): Promise<Map<string, KnownDescriptor[]>> {
  const result = new Map<string, KnownDescriptor[]>();
  for (const ids of chunks(repositoryIds, BATCH)) {
    const descriptors: DescriptorRow[] = await knex<DescriptorRow>(
      TABLES.descriptors,
    )
      .where({ provider })
      .whereRaw(isOneOf(knex, 'repository_id', ids));
    const claims: SlimClaim[] = await knex<ClaimRow>(TABLES.claims)
      .where({ provider })
      .whereRaw(isOneOf(knex, 'repository_id', ids))
      .select(
        'repository_id',
        'path',
        'entity_ref',
        'kind',
        'hash',
        'location_key',
        'removal',
        'removal_reason',
      );
    const claimsByPath = new Map<string, KnownClaim[]>();
    for (const row of claims) {
      const key = `${row.repository_id}\n${row.path}`;
      const list = claimsByPath.get(key) ?? [];
      list.push({
        entityRef: row.entity_ref,
        kind: row.kind,
        hash: row.hash,
        locationKey: row.location_key,
        removal: removalOf(row),
      });
      claimsByPath.set(key, list);
    }
    for (const row of descriptors) {
      const list = result.get(row.repository_id) ?? [];
      list.push({
        path: row.path,
        target: row.target,
        objectId: row.object_id,
        signature: row.signature,
        removal: removalOf(row),
        claims: claimsByPath.get(`${row.repository_id}\n${row.path}`) ?? [],
      });
      result.set(row.repository_id, list);
    }
  }
  return result;
}

function removalOf(row: {
  removal: RemovalGrade | null;
  removal_reason: string | null;
}): Removal | undefined {
  return row.removal
    ? { grade: row.removal, reason: row.removal_reason ?? '' }
    : undefined;
}
