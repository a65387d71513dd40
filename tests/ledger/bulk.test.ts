import fc from 'fast-check';
import { isOneOf, isOneOfPairs, upsert } from '../../src/ledger/bulk';
import {
  createDatabase,
  DATABASES,
  type TestDatabase,
} from '../support/databases';

interface Row {
  id: string;
  part: string;
  text: string | null;
  count: number | null;
}

const KEY = ['id', 'part'] as const;

/** Any text but NUL, which PostgreSQL does not keep in any way. */
const text = fc
  .string({ unit: 'binary' })
  .map(value => value.replaceAll('\0', ''));

describe.each(DATABASES)('a statement with many rows on %s', kind => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase(kind);
    await database.knex.schema.createTable('things', table => {
      table.text('id').notNullable();
      table.text('part').notNullable();
      table.text('text');
      table.bigInteger('count');
      table.primary([...KEY]);
    });
  });
  afterAll(() => database.destroy());
  beforeEach(() => database.knex('things').delete());

  async function rows(): Promise<Row[]> {
    const found: Array<Omit<Row, 'count'> & { count: string | number | null }> =
      await database.knex('things').orderBy(['id', 'part']);
    return found.map(row => ({
      ...row,
      count: row.count === null ? null : Number(row.count),
    }));
  }

  it('inserts the rows that are new and updates those that are there', async () => {
    const { knex } = database;
    await upsert<Row>(knex, 'things', KEY, [
      { id: 'a', part: '1', text: 'first', count: 1 },
      { id: 'a', part: '2', text: null, count: null },
    ]);
    await upsert<Row>(knex, 'things', KEY, [
      { id: 'a', part: '1', text: null, count: 1_790_000_000_000 },
      { id: 'b', part: '1', text: 'it\'s, "?" :name $1 \\', count: 0 },
    ]);

    expect(await rows()).toEqual([
      { id: 'a', part: '1', text: null, count: 1_790_000_000_000 },
      { id: 'a', part: '2', text: null, count: null },
      { id: 'b', part: '1', text: 'it\'s, "?" :name $1 \\', count: 0 },
    ]);
  });

  it('writes nothing when there are no rows', async () => {
    await upsert<Row>(database.knex, 'things', KEY, []);

    expect(await rows()).toEqual([]);
  });

  it('takes more rows than the database allows placeholders', async () => {
    const many = Array.from({ length: 20_000 }, (_, i) => ({
      id: `id ${i}`,
      part: '',
      text: 'x',
      count: i,
    }));
    await upsert<Row>(database.knex, 'things', KEY, many);

    const count = await database
      .knex('things')
      .whereRaw(
        isOneOf(
          database.knex,
          'id',
          many.map(({ id }) => id),
        ),
      )
      .count({ count: '*' })
      .first();
    expect(Number(count?.count)).toBe(20_000);
  });

  it('stores every text unchanged', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1 }), async texts => {
        const { knex } = database;
        await knex('things').delete();
        await upsert<Row>(
          knex,
          'things',
          KEY,
          texts.map((value, index) => ({
            id: String(index),
            part: value,
            text: value,
            count: null,
          })),
        );
        const found: Row[] = await knex('things').whereRaw(
          isOneOf(knex, 'part', texts),
        );
        const byId = new Map(found.map(row => [row.id, row.text]));
        expect(texts.map((_, index) => byId.get(String(index)))).toEqual(texts);
      }),
      { numRuns: 50 },
    );
  });

  it('finds exactly the rows whose pairs are asked for', async () => {
    const pair = fc.tuple(text, fc.nat({ max: 3 }));
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(pair, { selector: String, minLength: 1 }),
        fc.array(pair),
        fc.nat(),
        async (written, others, seed) => {
          const { knex } = database;
          await knex('things').delete();
          await upsert<Row>(
            knex,
            'things',
            KEY,
            written.map(([part, count], index) => ({
              id: String(index),
              part,
              text: null,
              count,
            })),
          );
          const asked = [
            ...written.filter((_, index) => (seed >> (index % 31)) % 2 === 0),
            ...others,
          ];
          const found: Row[] = await knex('things').whereRaw(
            isOneOfPairs(knex, ['part', 'count'], asked),
          );

          const keys = new Set(asked.map(String));
          expect(found.map(({ id }) => Number(id)).sort()).toEqual(
            written
              .flatMap((it, index) => (keys.has(String(it)) ? [index] : []))
              .sort(),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it('writes the replacement character for half a character', async () => {
    await upsert<Row>(database.knex, 'things', KEY, [
      { id: 'a', part: '', text: 'half \ud83d of \ud83d\ude00', count: null },
    ]);

    expect((await rows())[0]?.text).toBe('half \ufffd of \ud83d\ude00');
  });
});
