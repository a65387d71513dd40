import type { Knex } from 'knex';
import { DueRepositories } from '../../src/ledger/due';
import { errorsOfLocation } from '../../src/ledger/reports';
import { DATABASES } from '../support/databases';
import { openLedger, present, probe } from './support';

const CLAIMS = 5_000;

describe.each(DATABASES)(
  'the errors of a Location that shows rejected documents, on %s,',
  kind => {
    let opened: Awaited<ReturnType<typeof openLedger>>;
    beforeEach(async () => {
      opened = await openLedger(kind);
    });
    afterEach(async () => {
      await opened.destroy();
    });

    it('are found through an index, as is whether its repository was announced to have changed, however many entities there are', async () => {
      const { knex, ledger } = opened;
      const startTicket = await ledger.currentTicket();
      await ledger.recordProbes(
        Array.from({ length: CLAIMS }, (_, i) =>
          probe(`r${i}`, [present([`c${i}`])], { startTicket }),
        ),
        1,
      );
      const statement = await statementOf(knex, async () => {
        await errorsOfLocation(knex, 'location:default/azure-devops-errors-0');
      });

      expect(await accessOf(knex, kind, statement)).toBe('by reference');
      await knex.raw(
        'insert into azure_devops_announced select repository_id, 1 from azure_devops_repositories',
      );
      const announcements = await statementOf(knex, async () => {
        await new DueRepositories(knex, 'this process').announced(
          'component:default/c0',
        );
      });
      expect(await accessOf(knex, kind, announcements)).toBe('by reference');
    });
  },
);

interface Statement {
  readonly sql: string;
  readonly bindings: Knex.RawBinding[];
}

/** The one statement that an action sends to the database. */
async function statementOf(
  knex: Knex,
  action: () => Promise<void>,
): Promise<Statement> {
  const seen: Statement[] = [];
  const note = (query: Statement) => seen.push(query);
  knex.on('query', note);
  await action();
  knex.removeListener('query', note);
  const [statement] = seen;
  if (!statement || seen.length !== 1) {
    throw new Error(`Expected one statement, saw ${seen.length}`);
  }
  return statement;
}

/** How the database would find the rows of a statement, by its own plan: `by reference` if an index over references leads it there. */
async function accessOf(
  knex: Knex,
  kind: (typeof DATABASES)[number],
  { sql, bindings }: Statement,
): Promise<string> {
  if (kind === 'sqlite') {
    const steps = (await knex.raw(
      `explain query plan ${sql}`,
      bindings,
    )) as Array<{ detail: string }>;
    const plan = steps.map(({ detail }) => detail).join('; ');
    return /^SEARCH c USING INDEX \S+ \(entity_ref=\?/.test(plan) &&
      !plan.includes('SCAN')
      ? 'by reference'
      : plan;
  }
  await knex.raw('analyze');
  const { rows } = (await knex.raw(
    `explain (format json) ${sql.replaceAll(/\$\d+/g, '?')}`,
    bindings,
  )) as { rows: unknown };
  const plan = JSON.stringify(rows);
  const [, name = ''] = /"Index Name":"(\w+)"/.exec(plan) ?? [];
  // From version 18 on PostgreSQL skips the first columns of an index where they
  // have few values; before, it reads such an index from end to end.
  const index = (await knex('pg_indexes')
    .where({ indexname: name })
    .first('indexdef')) as { indexdef: string } | undefined;
  return !plan.includes('Seq Scan') && index?.indexdef.includes('(entity_ref')
    ? 'by reference'
    : `${index?.indexdef}: ${plan}`;
}
