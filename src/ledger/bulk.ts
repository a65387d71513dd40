import type { Knex } from 'knex';

/** How much one statement writes, in characters, unless one row alone is more. */
const STATEMENT_LENGTH = 2 * 1_048_576;

/**
 * Inserts rows, or updates those of the same key, in one statement for each few
 * megabytes with one parameter: the rows as JSON, which both databases take apart faster than a
 * statement with a placeholder for every value can be put together.
 *
 * @param key - the columns of the table's primary key
 * @param rows - all with the same columns; values are texts, integers or null
 */
export async function upsert<R extends object>(
  tx: Knex,
  table: string,
  key: ReadonlyArray<keyof R & string>,
  rows: readonly R[],
): Promise<void> {
  const [first] = rows;
  if (!first) {
    return;
  }
  const columns = Object.keys(first);
  const names = columns.map(quote).join(', ');
  const updates = columns
    .filter(column => !key.some(part => part === column))
    .map(column => `${quote(column)} = excluded.${quote(column)}`)
    .join(', ');
  const source = isPostgres(tx)
    ? `select ${names} from json_populate_recordset(null::${quote(table)}, ?::json)`
    : // Without a condition SQLite takes "on conflict" for the "on" of a join.
      `select ${columns.map(extract).join(', ')} from json_each(?) where true`;
  for (const part of bySize(rows)) {
    await tx.raw(
      `insert into ${quote(table)} (${names}) ${source} ` +
        `on conflict (${key.map(quote).join(', ')}) do update set ${updates}`,
      [toJson(part)],
    );
  }
}

/** The rows in parts that are not too large for one statement. */
function bySize<R extends object>(rows: readonly R[]): R[][] {
  const parts: R[][] = [];
  let part: R[] = [];
  let length = 0;
  for (const row of rows) {
    const size = Object.values(row).reduce<number>(
      (sum, value) => sum + (typeof value === 'string' ? value.length : 0),
      0,
    );
    if (part.length > 0 && length + size > STATEMENT_LENGTH) {
      parts.push(part);
      part = [];
      length = 0;
    }
    part.push(row);
    length += size;
  }
  return [...parts, part];
}

/** A condition for `whereRaw`: that a column is one of these texts, in one parameter whatever their number. */
export function isOneOf(
  knex: Knex,
  column: string,
  texts: readonly string[],
): Knex.Raw {
  return isPostgres(knex)
    ? knex.raw(`${quote(column)} = any(?::text[])`, [[...texts]])
    : knex.raw(`${quote(column)} in (select value from json_each(?))`, [
        toJson(texts),
      ]);
}

/** A condition for `whereRaw`: that a column of texts and one of integers are one of these pairs. */
export function isOneOfPairs(
  knex: Knex,
  columns: readonly [text: string, integer: string],
  pairs: ReadonlyArray<readonly [string, number]>,
): Knex.Raw {
  const names = columns.map(quote).join(', ');
  const texts = pairs.map(([text]) => text);
  return isPostgres(knex)
    ? knex.raw(
        // The texts alone first: for pairs PostgreSQL reads the table from end to end.
        `${quote(columns[0])} = any(?::text[]) and (${names}) in (select * from unnest(?::text[], ?::bigint[]))`,
        [texts, texts, pairs.map(([, integer]) => integer)],
      )
    : knex.raw(
        `(${names}) in (select json_extract(value, '$[0]'), json_extract(value, '$[1]') from json_each(?))`,
        [toJson(pairs)],
      );
}

/**
 * The JSON of rows or texts for a database. Half a surrogate pair and NUL, which are no
 * text to it, become the replacement character, as half a pair does in any other parameter.
 */
function toJson(rows: ReadonlyArray<object | string>): string {
  const json = JSON.stringify(rows);
  return /\\ud[89a-f]|\\u0000/.test(json)
    ? JSON.stringify(rows, (_key, value: unknown) =>
        typeof value === 'string'
          ? Buffer.from(value).toString().replaceAll('\0', '\ufffd')
          : value,
      )
    : json;
}

export function isPostgres(knex: Knex): boolean {
  return knex.client.config.client === 'pg';
}

/** The database's clock in milliseconds since 1970: replicas' own clocks may be minutes apart. */
export function databaseNow(knex: Knex): Knex.Raw {
  return isPostgres(knex)
    ? knex.raw('(extract(epoch from clock_timestamp()) * 1000)::bigint')
    : knex.raw("cast((julianday('now') - 2440587.5) * 86400000 as integer)");
}

function extract(column: string): string {
  return `json_extract(value, '$.${column}')`;
}

/** A column may bear the name of its table. */
function quote(name: string): string {
  return name
    .split('.')
    .map(part => `"${part}"`)
    .join('.');
}
