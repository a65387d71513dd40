import type { Knex } from 'knex';
import type { Due } from '../policy/due';
import { databaseNow, isOneOf, isPostgres, upsert } from './bulk';
import {
  chunks,
  REPOSITORY_KEY,
  sameKey,
  TABLES,
  type BigIntColumn,
  type RepositoryRow,
} from './rows';

/** How long a process has for what it took before another may, in milliseconds; it renews that while it works. */
export const HOLD_MS = 30_000;

/** Something due, as this process took it. */
export interface TakenDue extends Due {
  /** Grows with every further event: what came meanwhile stays due. */
  readonly version: number;
  /** How long ago the first of these events came, by the database's clock, in milliseconds. */
  readonly ageMs: number;
}

/** Where a repository stands in the ledger of one provider. */
interface LedgerPlace extends Due {
  /** The branch that was probed last; absent for an empty repository, and before the first probe that was conclusive. */
  readonly branch?: string;
}

interface DueRow {
  provider: string;
  organization: string;
  project_id: string;
  repository_id: string;
  since: BigIntColumn;
  version: BigIntColumn;
  holder: string;
  until: BigIntColumn;
}

const KEY = [
  'provider',
  'organization',
  'project_id',
  'repository_id',
] as const;

/** Each once, since one statement cannot write a row twice; in order, since statements that write the same rows in different orders may wait for each other for good. */
function inOrder(things: readonly Due[]): Due[] {
  const keyOf = (it: Due) =>
    [it.provider, it.organization, it.projectId, it.repositoryId].join('\n');
  return [...new Map(things.map(it => [keyOf(it), it]))]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, it]) => it);
}

/**
 * What events said to look at, of all providers, in the catalog plugin's
 * database: a restart in between, and another process that takes over, are then
 * one and the same case.
 */
export class DueRepositories {
  /** @param holder - identifies this process */
  constructor(
    private readonly knex: Knex,
    private readonly holder: string,
  ) {}

  /** Where the ledgers have these repositories. */
  async placesOf(repositoryIds: readonly string[]): Promise<LedgerPlace[]> {
    const rows: RepositoryRow[] = await this.knex<RepositoryRow>(
      TABLES.repositories,
    ).whereRaw(isOneOf(this.knex, 'repository_id', repositoryIds));
    return rows.map(row => ({
      repositoryId: row.repository_id,
      provider: row.provider,
      organization: row.organization,
      projectId: row.project_id,
      branch:
        row.outcome === 'conclusive' ? (row.branch ?? undefined) : undefined,
    }));
  }

  /** Which providers have anything of these projects, and in which organization. */
  async placesOfProjects(
    projectIds: readonly string[],
  ): Promise<Array<Omit<Due, 'repositoryId'>>> {
    if (projectIds.length === 0) {
      return [];
    }
    const rows: RepositoryRow[] = await this.knex<RepositoryRow>(
      TABLES.repositories,
    )
      .whereRaw(isOneOf(this.knex, 'project_id', projectIds))
      .distinct('provider', 'organization', 'project_id');
    return rows.map(row => ({
      provider: row.provider,
      organization: row.organization,
      projectId: row.project_id,
    }));
  }

  /** The repositories whose descriptors give an entity, whichever has it in the catalog. */
  async placesOfEntity(entityRef: string): Promise<Due[]> {
    const rows: RepositoryRow[] = await this.knex(`${TABLES.claims} as c`)
      .join(`${TABLES.repositories} as r`, sameKey('r', 'c', REPOSITORY_KEY))
      .where('c.entity_ref', entityRef)
      .distinct(
        'r.provider',
        'r.organization',
        'r.project_id',
        'r.repository_id',
      );
    return rows.map(row => ({
      provider: row.provider,
      organization: row.organization,
      projectId: row.project_id,
      repositoryId: row.repository_id,
    }));
  }

  /** How often each repository that gives an entity was made due: one query by an index. */
  async announced(
    entityRef: string,
  ): Promise<Array<{ repositoryId: string; times: number }>> {
    const rows: Array<{ repository_id: string; times: BigIntColumn }> =
      await this.knex(`${TABLES.claims} as c`)
        .join(`${TABLES.announced} as a`, sameKey('a', 'c', ['repository_id']))
        .where('c.entity_ref', entityRef)
        .distinct('a.repository_id', 'a.times');
    return rows.map(row => ({
      repositoryId: row.repository_id,
      times: Number(row.times),
    }));
  }

  /** Makes things due, for this process to look at; tells the other processes that what they keep of these repositories may be old. What is due already stays so, once. */
  async add(things: readonly Due[]): Promise<void> {
    for (const due of chunks(inOrder(things))) {
      await this.addAll(due);
    }
  }

  /** Notes that events came of the projects of these things. @param now - milliseconds since 1970 */
  async noteEvents(things: readonly Due[], now: number): Promise<void> {
    const ofProject = ({ provider, organization, projectId }: Due) => ({
      provider,
      organization,
      projectId,
      repositoryId: '',
    });
    const note = async (due: readonly Due[], more: object) => {
      await upsert(
        this.knex,
        TABLES.projectEvents,
        ['provider', 'organization', 'project_id'],
        inOrder(due.map(ofProject)).map(it => ({
          provider: it.provider,
          organization: it.organization,
          project_id: it.projectId,
          last_event_at: now,
          unannounced: 0,
          ...more,
        })),
      );
    };
    const known = things.filter(({ projectId }) => projectId !== '');
    const isUnnamed = ({ repositoryId }: Due) => repositoryId === '';
    await note(
      known.filter(it => !isUnnamed(it)),
      {},
    );
    await note(known.filter(isUnnamed), { last_unnamed_at: now });
  }

  private async addAll(due: readonly Due[]): Promise<void> {
    const now = databaseNow(this.knex);
    const announce = this.announce(due.map(it => it.repositoryId));
    const add = this.knex(TABLES.due)
      .insert(
        due.map(it => ({
          provider: it.provider,
          organization: it.organization,
          project_id: it.projectId,
          repository_id: it.repositoryId,
          since: now,
          holder: this.holder,
          until: this.heldUntil(),
        })),
      )
      .onConflict([...KEY])
      .merge({
        version: this.knex.raw(`${TABLES.due}.version + 1`),
        holder: this.holder,
        until: this.heldUntil(),
      });
    if (isPostgres(this.knex)) {
      // In one statement: in a storm each waits for a connection.
      await add.with('announced', announce);
    } else {
      await announce;
      await add;
    }
  }

  /** The organizations, by key, of which a provider has anything for this process to look at. */
  async organizations(provider: string): Promise<string[]> {
    const rows: DueRow[] = await this.free(provider).distinct('organization');
    return rows.map(({ organization }) => organization);
  }

  /** What this process has to look at in an organization, and what no other holds any more; the longest due first. */
  async take(
    provider: string,
    organizationKey: string,
    limit: number,
  ): Promise<TakenDue[]> {
    const rows: Array<DueRow & { age: BigIntColumn }> = await this.free(
      provider,
    )
      .andWhere({ organization: organizationKey })
      .select('*', this.knex.raw('? - since as age', [databaseNow(this.knex)]))
      .orderBy(['since', 'project_id', 'repository_id'])
      .limit(limit);
    const others = rows.filter(({ holder }) => holder !== this.holder);
    if (others.length > 0) {
      // Of two processes that see the same, the first to write has it.
      await this.knex<DueRow>(TABLES.due)
        .where({ provider, organization: organizationKey })
        .andWhere('until', '<', databaseNow(this.knex))
        .whereRaw(
          isOneOf(
            this.knex,
            'repository_id',
            others.map(row => row.repository_id),
          ),
        )
        .update({ holder: this.holder, until: this.heldUntil() as never });
      return await this.take(provider, organizationKey, limit);
    }
    return rows.map(row => ({
      provider: row.provider,
      organization: row.organization,
      projectId: row.project_id,
      repositoryId: row.repository_id,
      version: Number(row.version),
      ageMs: Number(row.age),
    }));
  }

  /** Keeps what this process holds for a provider from others. */
  async renew(provider: string): Promise<void> {
    await this.knex<DueRow>(TABLES.due)
      .where({ provider, holder: this.holder })
      .update({ until: this.heldUntil() as never });
  }

  /** Strikes out what was looked at, unless a further event came meanwhile. */
  async done(taken: readonly TakenDue[]): Promise<void> {
    for (const it of taken) {
      await this.rowOf(it).delete();
    }
  }

  /** Leaves what could not be looked at to whichever process comes to it after {@link HOLD_MS}. */
  async postpone(taken: readonly TakenDue[]): Promise<void> {
    for (const it of taken) {
      await this.rowOf(it).update({ holder: '', until: this.heldUntil() });
    }
  }

  /** Leaves all that this process took to the others: it stops. */
  async release(): Promise<void> {
    await this.knex<DueRow>(TABLES.due)
      .where({ holder: this.holder })
      .update({ until: 0 as never });
  }

  /** Has every process read anew what it keeps of the known ones of these repositories. */
  private announce(ids: readonly string[]): Knex.Raw {
    return this.knex.raw(
      `insert into ${TABLES.announced} (repository_id, times) ` +
        `select distinct repository_id, 1 from ${TABLES.repositories} where ? order by repository_id ` +
        `on conflict (repository_id) do update set times = ${TABLES.announced}.times + 1`,
      [isOneOf(this.knex, 'repository_id', ids)],
    );
  }

  private free(provider: string): Knex.QueryBuilder<DueRow, DueRow[]> {
    return this.knex<DueRow>(TABLES.due)
      .where({ provider })
      .andWhere(
        query =>
          void query
            .where('holder', this.holder)
            .orWhere('until', '<', databaseNow(this.knex)),
      ) as Knex.QueryBuilder<DueRow, DueRow[]>;
  }

  /** The row of something due, unless a further event came meanwhile. */
  private rowOf(it: TakenDue): Knex.QueryBuilder {
    return this.knex(TABLES.due).where({
      provider: it.provider,
      organization: it.organization,
      project_id: it.projectId,
      repository_id: it.repositoryId,
      version: it.version,
    });
  }

  private heldUntil(): Knex.Raw {
    return this.knex.raw(`? + ${HOLD_MS}`, [databaseNow(this.knex)]);
  }
}
