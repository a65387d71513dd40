import type { Knex } from 'knex';
import { TABLES, type BigIntColumn } from './rows';

/** How the events of one project fare. */
export interface ProjectEvents {
  readonly organization: string;
  readonly projectId: string;
  /** Milliseconds since 1970. */
  readonly lastEventAt: number;
  /** How many changes refreshes found since then, which no event announced. */
  readonly unannounced: number;
}

/** When events last came, project by project, of one provider. */
export class LedgerProjectEvents {
  constructor(
    private readonly knex: Knex,
    private readonly provider: string,
  ) {}

  /** Notes that an event of a project came. @param now - milliseconds since 1970 */
  async note(
    organization: string,
    projectId: string,
    now: number,
  ): Promise<void> {
    await this.knex(TABLES.projectEvents)
      .insert({
        provider: this.provider,
        organization,
        project_id: projectId,
        last_event_at: now,
      })
      .onConflict(['provider', 'organization', 'project_id'])
      .merge({ last_event_at: now, unannounced: 0 });
  }

  /** Counts a change that a refresh found; a project of which no event ever came is left out. */
  async countUnannounced(
    organization: string,
    projectIds: readonly string[],
  ): Promise<void> {
    for (const projectId of projectIds) {
      await this.knex(TABLES.projectEvents)
        .where({
          provider: this.provider,
          organization,
          project_id: projectId,
        })
        .increment('unannounced', 1);
    }
  }

  async list(): Promise<ProjectEvents[]> {
    const rows: Array<{
      organization: string;
      project_id: string;
      last_event_at: BigIntColumn;
      unannounced: number;
    }> = await this.knex(TABLES.projectEvents)
      .where({ provider: this.provider })
      .orderBy(['organization', 'project_id']);
    return rows.map(row => ({
      organization: row.organization,
      projectId: row.project_id,
      lastEventAt: Number(row.last_event_at),
      unannounced: row.unannounced,
    }));
  }
}
