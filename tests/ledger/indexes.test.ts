import type { Knex } from 'knex';
import { DueRepositories } from '../../src/ledger/due';
import { errorsOfLocation } from '../../src/ledger/reports';
import { DATABASES, type DatabaseKind } from '../support/databases';
import { planOf, statementsOf } from './plans';
import { openLedger, ORGANIZATION, present, probe } from './support';

const CLAIMS = 5_000;
/** Of these the database has as many rows as there are repositories. */
const LARGE = /azure_devops_(claims|descriptors|references|repositories)/;

describe.each(DATABASES)('of thousands of entities, on %s,', kind => {
  let opened: Awaited<ReturnType<typeof openLedger>>;
  beforeAll(async () => {
    opened = await openLedger(kind);
    const { knex, ledger } = opened;
    await ledger.recordProbes(
      Array.from({ length: CLAIMS }, (_, i) =>
        probe(`r${i}`, [present([`c${i}`])], { startTicket: 0 }),
      ),
      1,
    );
    await knex.raw(
      'insert into azure_devops_announced select repository_id, 1 from azure_devops_repositories',
    );
    // Of SQLite nobody has it gather statistics.
    if (kind === 'postgres') {
      await knex.raw('analyze');
    }
  });
  afterAll(async () => {
    await opened.destroy();
  });

  it('the errors of a Location are found through an index, as is whether its repository was announced to have changed', async () => {
    const { knex } = opened;
    const statements = await statementsOf(knex, async () => {
      await errorsOfLocation(knex, 'location:default/azure-devops-errors-0');
      await new DueRepositories(knex, 'this process').announced(
        'component:default/c0',
      );
    });
    expect(statements).toHaveLength(2);
    for (const statement of statements) {
      const plan = await planOf(knex, kind, statement);
      expect(await accessOf(knex, kind, plan)).toBe('by reference');
    }
  });

  it('no more than a thousand are marked in one statement', async () => {
    const { knex, outbox } = opened;
    const refs = Array.from(
      { length: CLAIMS },
      (_, i) => `component:default/c${i}`,
    );
    const statements = await statementsOf(knex, async () => {
      await outbox('this process').forgetCatalogHashes(refs);
      await outbox('this process').markPending(
        refs.map(entityRef => ({ entityRef, version: 1 })),
      );
    });
    expect(statements).toHaveLength((2 * CLAIMS) / 1_000);
  });

  it('those that a change or a removal does not concern are not read for it', async () => {
    const { knex, ledger } = opened;
    const removals = ledger.removalsIn(ORGANIZATION);
    const statements = await statementsOf(knex, async () => {
      const startTicket = await ledger.currentTicket();
      await ledger.recordProbes(
        [probe('r7', [present(['other'])], { startTicket })],
        2,
      );
      await removals.deleteApproved(await removals.proposals());
    });
    for (const statement of statements.filter(({ sql }) => LARGE.test(sql))) {
      expect(await planOf(knex, kind, statement)).not.toMatch(
        // By the provider, or its organization, alone.
        /SCAN|Seq Scan|autoindex_\S+ \(provider=\?( AND organization=\?)?\)/,
      );
    }
  });
});

/** `by reference` if an index over references leads to the rows; the plan if not. */
async function accessOf(
  knex: Knex,
  kind: DatabaseKind,
  plan: string,
): Promise<string> {
  if (kind === 'sqlite') {
    return /^SEARCH c USING INDEX \S+ \(entity_ref=\?/.test(plan) &&
      !plan.includes('SCAN')
      ? 'by reference'
      : plan;
  }
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
