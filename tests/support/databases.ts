import { randomBytes } from 'node:crypto';
import knexFactory, { type Knex } from 'knex';
import { secretScan } from './secret-scan';

/** The embedded databases that the module supports, both real. */
export const DATABASES = ['sqlite', 'postgres'] as const;
export type DatabaseKind = (typeof DATABASES)[number];

export interface TestDatabase {
  readonly knex: Knex;
  /** As `backend.database` takes it. PostgreSQL: a server on which each plugin makes its own database. */
  readonly connection: string;
  destroy(): Promise<void>;
}

/** The PostgreSQL server that the test run started. */
export function postgresUrl(): string {
  const url = process.env.TEST_POSTGRES_URL;
  if (!url) {
    throw new Error(
      'TEST_POSTGRES_URL is not set: run the tests with `npm test -- <path>`, which starts PostgreSQL',
    );
  }
  return url;
}

/** A fresh database of its own, gone with `destroy()`. */
export async function createDatabase(
  kind: DatabaseKind,
): Promise<TestDatabase> {
  if (kind === 'sqlite') {
    const knex = knexFactory({
      client: 'better-sqlite3',
      connection: ':memory:',
      useNullAsDefault: true,
    });
    return {
      knex,
      connection: ':memory:',
      async destroy() {
        await secretScan()?.sawDatabase('a database', knex);
        await knex.destroy();
      },
    };
  }
  const name = `test_${randomBytes(6).toString('hex')}`;
  const admin = knexFactory({
    client: 'pg',
    connection: postgresUrl(),
    pool: { min: 0, max: 1 },
  });
  await admin.raw(`create database ${name}`);
  const url = new URL(postgresUrl());
  url.pathname = `/${name}`;
  const knex = knexFactory({
    client: 'pg',
    connection: url.toString(),
    pool: { min: 0, max: 10 },
  });
  return {
    knex,
    connection: url.toString(),
    async destroy() {
      await secretScan()?.sawDatabase('a database', knex);
      await knex.destroy();
      await admin.raw(`drop database if exists ${name} with (force)`);
      await admin.destroy();
    },
  };
}
