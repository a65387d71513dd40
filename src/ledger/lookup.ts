import type { Knex } from 'knex';
import type { FileFacts, LedgerFacts, ReferenceFacts } from '../policy/explain';
import type { Rejection } from '../policy/model';
import { guidOf } from '../azure/parse';
import { isOneOf } from './bulk';
import { CATALOG } from './catalog-view';
import {
  CLAIM_KEY,
  DESCRIPTOR_KEY,
  numberOf,
  removalOf,
  sameKey,
  TABLES,
  type ClaimRow,
  type DescriptorRow,
  type RepositoryRow,
} from './rows';

/** How many repositories of one name, files and entities of one repository an answer takes into account. */
const MOST = { repositories: 100, files: 1_000, entities: 5_000 } as const;

/** Which repository of which provider. */
interface RepositoryPlace {
  readonly provider: string;
  /** The organization's key. */
  readonly organization: string;
  readonly repositoryId: string;
}

/** A repository that the ledger of some provider has. */
export interface FoundRepository extends RepositoryPlace {
  readonly facts: NonNullable<LedgerFacts['repository']>;
}

/** A file that gives an entity. */
interface FoundClaim extends RepositoryPlace {
  readonly path: string;
  readonly isOwner: boolean;
}

/**
 * What the ledgers of all providers have of one repository or one entity. Every
 * question is answered through an index.
 */
export class LedgerLookup {
  constructor(private readonly knex: Knex) {}

  /**
   * Repositories by their names, in whatever case, or by their GUIDs; those that are there before those that are gone.
   *
   * @param asked - names or GUIDs, as a URL has them
   * @param organizations - keys; all if left out
   */
  async repositories(
    asked: { readonly project?: string; readonly repository: string },
    organizations?: readonly string[],
  ): Promise<FoundRepository[]> {
    const { project, repository } = asked;
    const rows: RepositoryRow[] = await this.knex<RepositoryRow>(
      TABLES.repositories,
    )
      .where(query => {
        const id = guidOf(repository);
        void (id === undefined
          ? query.whereRaw('lower(name) = lower(?)', [repository])
          : query.where('repository_id', id));
        if (organizations) {
          void query.whereIn('organization', organizations);
        }
        if (project !== undefined) {
          const projectId = guidOf(project);
          void (projectId === undefined
            ? query.whereRaw('lower(project) = lower(?)', [project])
            : query.where('project_id', projectId));
        }
      })
      // One that was deleted may have left its name to another.
      .orderByRaw(
        "case when outcome = 'gone' then 1 else 0 end, missed, verified_at desc",
      )
      .limit(MOST.repositories);
    return rows.map(row => ({
      provider: row.provider,
      organization: row.organization,
      repositoryId: row.repository_id,
      facts: {
        id: row.repository_id,
        organization: row.organization,
        projectId: row.project_id,
        project: row.project,
        name: row.name,
        branch: row.branch ?? undefined,
        outcome: row.outcome,
        problem: row.problem ?? undefined,
        verifiedAt: numberOf(row.verified_at),
        missed: row.missed,
      },
    }));
  }

  /** The files that give an entity. @param entityRef - in lower case */
  async claims(entityRef: string): Promise<FoundClaim[]> {
    const rows: Array<
      Pick<ClaimRow, 'provider' | 'organization' | 'repository_id' | 'path'> & {
        owner: string | null;
      }
    > = await this.knex(`${TABLES.claims} as c`)
      .leftJoin(`${TABLES.references} as r`, sameKey('r', 'c', CLAIM_KEY))
      .where({ 'c.entity_ref': entityRef, 'c.kind': 'entity' })
      .limit(MOST.repositories)
      .select(
        'c.provider',
        'c.organization',
        'c.repository_id',
        'c.path',
        'r.path as owner',
      );
    return rows.map(row => ({
      provider: row.provider,
      organization: row.organization,
      repositoryId: row.repository_id,
      path: row.path,
      isOwner: row.owner !== null,
    }));
  }

  /** The files of a repository, those with rejected documents first. @param path - only this one */
  async files(place: RepositoryPlace, path?: string): Promise<FileFacts[]> {
    const key = {
      provider: place.provider,
      organization: place.organization,
      repository_id: place.repositoryId,
      ...(path === undefined ? {} : { path }),
    };
    const descriptors: DescriptorRow[] = await this.knex<DescriptorRow>(
      TABLES.descriptors,
    )
      .where(key)
      .orderByRaw('case when errors is null then 1 else 0 end, path')
      .limit(MOST.files);
    const claims: Array<Pick<ClaimRow, 'path' | 'entity_ref'>> =
      await this.knex<ClaimRow>(TABLES.claims)
        .where({ ...key, kind: 'entity' })
        .orderBy(['path', 'entity_ref'])
        .limit(MOST.entities)
        .select('path', 'entity_ref');
    const refs = new Map<string, string[]>();
    for (const claim of claims) {
      const some = refs.get(claim.path) ?? [];
      some.push(claim.entity_ref);
      refs.set(claim.path, some);
    }
    return descriptors.map(row => ({
      path: row.path,
      url: row.target,
      objectId: row.object_id,
      rejections: row.errors ? (JSON.parse(row.errors) as Rejection[]) : [],
      entityRefs: refs.get(row.path) ?? [],
    }));
  }

  /** Who gives references, and what of them is in the catalog. @param place - of the repository that is asked about */
  async references(
    place: RepositoryPlace,
    entityRefs: readonly string[],
  ): Promise<Map<string, ReferenceFacts>> {
    const some = entityRefs.slice(0, MOST.entities);
    const rows: Array<
      Pick<ClaimRow, 'entity_ref' | 'path' | 'removal' | 'removal_reason'> & {
        location_key: string;
        organization: string;
        repository_id: string;
        pending: number;
        target: string;
      }
    > = await this.knex(`${TABLES.references} as r`)
      .join(`${TABLES.claims} as c`, sameKey('c', 'r', CLAIM_KEY))
      .join(`${TABLES.descriptors} as d`, sameKey('d', 'r', DESCRIPTOR_KEY))
      .where('r.provider', place.provider)
      .whereRaw(isOneOf(this.knex, 'r.entity_ref', some))
      .select(
        'r.entity_ref',
        'r.organization',
        'r.repository_id',
        'r.path',
        'r.pending',
        'c.removal',
        'c.removal_reason',
        'c.location_key',
        'd.target',
      );
    const catalogKeys = await this.catalogKeys(rows.map(it => it.entity_ref));
    return new Map(
      rows.map(row => [
        row.entity_ref,
        {
          owner: {
            isOwn:
              row.organization === place.organization &&
              row.repository_id === place.repositoryId,
            path: row.path,
            url: row.target,
          },
          removal: removalOf(row),
          isApplied: Number(row.pending) === 0,
          catalogKey: catalogKeys && (catalogKeys.get(row.entity_ref) ?? null),
          locationKey: row.location_key,
        },
      ]),
    );
  }

  /** Whether an event said to look at a repository, or at all of its project. */
  async isDue(place: RepositoryPlace, projectId: string): Promise<boolean> {
    const row: unknown = await this.knex(TABLES.due)
      .where({ provider: place.provider, organization: place.organization })
      .whereIn('project_id', [projectId, ''])
      .whereIn('repository_id', [place.repositoryId, ''])
      .first('since');
    return row !== undefined;
  }

  /** Under which keys the catalog has entities; `undefined` where its table is not as it is known. */
  private async catalogKeys(
    entityRefs: readonly string[],
  ): Promise<Map<string, string> | undefined> {
    try {
      const rows: Array<{ entity_ref: string; location_key: string | null }> =
        await this.knex(CATALOG)
          .whereRaw(isOneOf(this.knex, 'entity_ref', entityRefs))
          .select('entity_ref', 'location_key');
      return new Map(
        rows.map(row => [row.entity_ref, row.location_key ?? 'no location']),
      );
    } catch {
      return undefined;
    }
  }
}
