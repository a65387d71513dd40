import type { Knex } from 'knex';
import type { DatabaseKind } from '../support/databases';

interface Statement {
  readonly sql: string;
  readonly bindings: Knex.RawBinding[];
}

/** What an action sends to the database. */
export async function statementsOf(
  knex: Knex,
  action: () => Promise<unknown>,
): Promise<Statement[]> {
  const seen: Statement[] = [];
  const note = (query: Statement) => seen.push(query);
  knex.on('query', note);
  await action();
  knex.removeListener('query', note);
  return seen;
}

/**
 * How the database would find the rows of a statement, by its own plan.
 *
 * @param options.evenSo - it may read a table from end to end only where nothing else is possible, however few rows there are
 */
export async function planOf(
  knex: Knex,
  kind: DatabaseKind,
  { sql, bindings }: Statement,
  { evenSo = false }: { evenSo?: boolean } = {},
): Promise<string> {
  if (kind === 'sqlite') {
    const steps = (await knex.raw(
      `explain query plan ${sql}`,
      bindings,
    )) as Array<{ detail: string }>;
    return steps
      .map(({ detail }) => detail)
      .filter(detail => !/json_each/.test(detail))
      .join('; ');
  }
  return await knex.transaction(async tx => {
    if (evenSo) {
      await tx.raw('set local enable_seqscan = off');
    }
    const { rows } = (await tx.raw(
      `explain (format json) ${sql.replaceAll(/\$\d+/g, '?')}`,
      bindings,
    )) as { rows: unknown };
    return JSON.stringify(rows);
  });
}
