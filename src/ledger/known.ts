import type { Knex } from 'knex';
import type {
  KnownClaim,
  KnownDescriptor,
  KnownRepository,
} from '../policy/model';
import { isOneOf } from './bulk';
import {
  chunks,
  numberOf,
  removalOf,
  TABLES,
  type ClaimRow,
  type DescriptorRow,
  type RepositoryRow,
} from './rows';

/** How many repositories are read at a time. */
const PAGE = 2_000;

/** Of how many repositories the descriptors are looked up at a time. */
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
> & { bytes: number };

/**
 * What the ledger knows of the repositories of one organization, by id. Read in
 * pages: the rows as the database gives them take more memory than what is kept of
 * them.
 *
 * @param among - ids; all repositories if left out
 */
export async function loadKnownRepositories(
  knex: Knex,
  provider: string,
  organizationKey: string,
  among?: readonly string[],
): Promise<Map<string, KnownRepository>> {
  const found = new Map<string, KnownRepository>();
  // Thousands of rows have the same names in them.
  const texts = new Map<string, string>();
  const shared = (text: string) => {
    const known = texts.get(text) ?? text;
    texts.set(known, known);
    return known;
  };
  for (let after = ''; ;) {
    const rows: RepositoryRow[] = await knex(TABLES.repositories)
      .where({ provider, organization: organizationKey })
      .andWhere('repository_id', '>', after)
      .andWhere(query => {
        if (among) {
          void query.whereRaw(isOneOf(knex, 'repository_id', among));
        }
      })
      .orderBy('repository_id')
      .limit(PAGE)
      .select(
        'repository_id',
        'project_id',
        'project',
        'name',
        'branch',
        'signature',
        'outcome',
        'verified_at',
        'missed',
        'ticket',
      );
    for (const row of rows) {
      found.set(row.repository_id, {
        id: row.repository_id,
        organization: organizationKey,
        projectId: shared(row.project_id),
        project: shared(row.project),
        name: row.name,
        branch: row.branch === null ? undefined : shared(row.branch),
        signature: row.signature ?? undefined,
        outcome: row.outcome,
        verifiedAt: numberOf(row.verified_at),
        missed: row.missed,
        ticket: Number(row.ticket),
      });
    }
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) {
      return found;
    }
    after = last.repository_id;
  }
}

/**
 * What the ledger knows of the descriptors of some repositories of an organization,
 * by repository id; entities themselves stay in the database.
 *
 * @param paths - only of these paths
 */
export async function loadKnownDescriptors(
  knex: Knex,
  provider: string,
  organizationKey: string,
  repositoryIds: readonly string[],
  paths?: readonly string[],
): Promise<Map<string, KnownDescriptor[]>> {
  const result = new Map<string, KnownDescriptor[]>();
  const refine = (query: Knex.QueryBuilder, ids: readonly string[]) => {
    query
      .where({ provider, organization: organizationKey })
      .whereRaw(isOneOf(knex, 'repository_id', ids));
    return paths ? query.whereRaw(isOneOf(knex, 'path', paths)) : query;
  };
  for (const ids of chunks(repositoryIds, BATCH)) {
    const descriptors: DescriptorRow[] = await refine(
      knex(TABLES.descriptors),
      ids,
    );
    const claims: SlimClaim[] = await refine(
      knex(TABLES.claims).select(
        'repository_id',
        'path',
        'entity_ref',
        'kind',
        'hash',
        'location_key',
        'removal',
        'removal_reason',
        knex.raw('octet_length(entity) as bytes'),
      ),
      ids,
    );
    const claimsByPath = new Map<string, KnownClaim[]>();
    const bytesByPath = new Map<string, number>();
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
      bytesByPath.set(key, (bytesByPath.get(key) ?? 0) + row.bytes);
    }
    for (const row of descriptors) {
      const key = `${row.repository_id}\n${row.path}`;
      const list = result.get(row.repository_id) ?? [];
      list.push({
        path: row.path,
        target: row.target,
        objectId: row.object_id,
        signature: row.signature,
        bytes: bytesByPath.get(key) ?? 0,
        branch: row.branch ?? undefined,
        removal: removalOf(row),
        claims: claimsByPath.get(key) ?? [],
      });
      result.set(row.repository_id, list);
    }
  }
  return result;
}
