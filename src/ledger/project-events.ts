import type { Knex } from 'knex';
import type { EventRecord } from '../policy/event-health';
import { isSameKey, numberOf, TABLES, type BigIntColumn } from './rows';

/** How the events of one project fare. */
export interface ProjectEvents extends EventRecord {
  /** The organization's key. */
  readonly organization: string;
  readonly projectId: string;
  /** The project's name. */
  readonly project: string;
}

/** When events last came, project by project, of one provider. */
export class LedgerProjectEvents {
  constructor(
    private readonly knex: Knex,
    private readonly provider: string,
  ) {}

  /** A refresh found changes in these projects; those of which no event ever came are left out. */
  async countUnannounced(
    organizationKey: string,
    projectIds: readonly string[],
  ): Promise<void> {
    for (const projectId of projectIds) {
      await this.knex(TABLES.projectEvents)
        .where({
          provider: this.provider,
          organization: organizationKey,
          project_id: projectId,
        })
        .increment('unannounced', 1);
    }
  }

  /** Those of which repositories are known. */
  async list(): Promise<ProjectEvents[]> {
    const rows: Array<{
      organization: string;
      project_id: string;
      project: string | null;
      last_event_at: BigIntColumn;
      unannounced: number;
      last_unnamed_at: BigIntColumn | null;
    }> = await this.knex(`${TABLES.projectEvents} as e`)
      .where({ 'e.provider': this.provider })
      .orderBy(['e.organization', 'e.project_id'])
      .select(
        'e.*',
        this.knex(`${TABLES.repositories} as r`)
          .max('r.project')
          .whereRaw(
            isSameKey('r', 'e', ['provider', 'organization', 'project_id']),
          )
          .as('project'),
      );
    return rows.flatMap(({ organization, project, ...row }) =>
      project === null
        ? []
        : [
            {
              organization,
              projectId: row.project_id,
              project,
              lastEventAt: Number(row.last_event_at),
              unannounced: row.unannounced,
              lastUnnamedAt: numberOf(row.last_unnamed_at),
            },
          ],
    );
  }
}
