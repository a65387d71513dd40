import type { DatabaseService } from '@backstage/backend-plugin-api';
import { stringifyEntityRef, type Entity } from '@backstage/catalog-model';
import { type Rejection, describeRejection } from '../policy/model';
import { TABLES } from './rows';

/** What is wrong with the file that an error Location stands for, from the ledger. */
export class LedgerErrors {
  constructor(private readonly database: DatabaseService) {}

  /** One line for each rejected document; `undefined` when the ledger knows of none. */
  async of(entity: Entity): Promise<string[] | undefined> {
    const knex = await this.database.getClient();
    const row: { errors: string | null } | undefined = await knex(
      `${TABLES.claims} as c`,
    )
      .join(`${TABLES.descriptors} as d`, function joinDescriptor() {
        this.on('d.provider', 'c.provider')
          .andOn('d.repository_id', 'c.repository_id')
          .andOn('d.path', 'c.path');
      })
      .where({ 'c.entity_ref': stringifyEntityRef(entity), 'c.kind': 'error' })
      .first('d.errors');
    return row?.errors
      ? (JSON.parse(row.errors) as Rejection[]).map(describeRejection)
      : undefined;
  }
}
