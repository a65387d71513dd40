import type { Knex } from 'knex';
import { chunks, TABLES, type DescriptorRow } from './rows';

/** How many repositories are looked up at a time: what SQLite has taken at all times. */
const LOOKUP = 900;

/** What hints need to know of the ledger, and what is held against their sources. */
export class LedgerHints {
  constructor(
    private readonly knex: Knex,
    private readonly provider: string,
  ) {}

  /** How many descriptors each project of an organization has, by the project's id. */
  async descriptorCounts(organization: string): Promise<Map<string, number>> {
    const rows: Array<{ project_id: string; count: string | number }> =
      await this.knex(`${TABLES.repositories} as p`)
        .join(`${TABLES.descriptors} as d`, function joinDescriptor() {
          this.on('d.provider', 'p.provider').andOn(
            'd.repository_id',
            'p.repository_id',
          );
        })
        .where({
          'p.provider': this.provider,
          'p.organization': organization,
        })
        .groupBy('p.project_id')
        .select('p.project_id')
        .count({ count: '*' });
    return new Map(rows.map(row => [row.project_id, Number(row.count)]));
  }

  /** The object ids of the descriptors of some repositories, by repository id and path. */
  async objectIds(
    repositoryIds: readonly string[],
  ): Promise<Map<string, Map<string, string>>> {
    const result = new Map<string, Map<string, string>>();
    for (const ids of chunks(repositoryIds, LOOKUP)) {
      const rows: Array<
        Pick<DescriptorRow, 'repository_id' | 'path' | 'object_id'>
      > = await this.knex<DescriptorRow>(TABLES.descriptors)
        .where({ provider: this.provider })
        .whereIn('repository_id', ids)
        .select('repository_id', 'path', 'object_id');
      for (const row of rows) {
        const paths =
          result.get(row.repository_id) ?? new Map<string, string>();
        result.set(row.repository_id, paths.set(row.path, row.object_id));
      }
    }
    return result;
  }

  /** What was saved of the trust in the sources of an organization's hints. */
  async trust(organization: string): Promise<string | undefined> {
    const row: { hints: string | null } | undefined = await this.knex(
      TABLES.organizations,
    )
      .where({ provider: this.provider, organization })
      .first('hints');
    return row?.hints ?? undefined;
  }

  async saveTrust(organization: string, hints: string): Promise<void> {
    await this.knex(TABLES.organizations)
      .insert({ provider: this.provider, organization, hints })
      .onConflict(['provider', 'organization'])
      .merge(['hints']);
  }
}
