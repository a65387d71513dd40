import { randomBytes } from 'node:crypto';
import knexFactory, { type Knex } from 'knex';
import { postgresUrl } from '../../support/databases';

/** The catalog plugin's database of a backend whose databases have this prefix. */
function catalogDatabase(prefix: string): string {
  return `${prefix}catalog`;
}

/** A prefix that nobody else has. */
function newPrefix(): string {
  return `faults_${randomBytes(5).toString('hex')}_`;
}

/**
 * Makes sure of a template database, and clones it: copying a filled catalog
 * takes a fraction of a second, filling it takes many.
 *
 * Of several processes that ask at the same time one builds; a build that dies
 * half-way leaves no template behind.
 *
 * @param build - fills the catalog database of this prefix, and disconnects from it
 * @returns the prefix of the clone
 */
export async function cloneTemplate(
  name: string,
  build: (prefix: string) => Promise<void>,
): Promise<string> {
  return await withAdmin(async admin => {
    const template = `template_${name}_catalog`;
    await admin.raw('select pg_advisory_lock(hashtext(?))', [template]);
    try {
      const { rows } = (await admin.raw(
        'select 1 from pg_database where datname = ?',
        [template],
      )) as { rows: unknown[] };
      if (rows.length === 0) {
        const prefix = newPrefix();
        await build(prefix);
        await admin.raw('alter database ?? rename to ??', [
          catalogDatabase(prefix),
          template,
        ]);
      }
    } finally {
      await admin.raw('select pg_advisory_unlock(hashtext(?))', [template]);
    }
    const prefix = newPrefix();
    await admin.raw('create database ?? template ??', [
      catalogDatabase(prefix),
      template,
    ]);
    return prefix;
  });
}

export async function dropCatalogDatabase(prefix: string): Promise<void> {
  await withAdmin(admin =>
    admin.raw('drop database if exists ?? with (force)', [
      catalogDatabase(prefix),
    ]),
  );
}

/** A connection of our own to the catalog's database, past all that the row does to the backend's. */
export function connectTo(prefix: string): Knex {
  const url = new URL(postgresUrl());
  url.pathname = `/${catalogDatabase(prefix)}`;
  return knexFactory({
    client: 'pg',
    connection: url.toString(),
    pool: { min: 0, max: 2 },
  });
}

async function withAdmin<T>(action: (admin: Knex) => Promise<T>): Promise<T> {
  // One connection: an advisory lock belongs to it.
  const admin = knexFactory({
    client: 'pg',
    connection: postgresUrl(),
    pool: { min: 1, max: 1 },
  });
  try {
    return await action(admin);
  } finally {
    await admin.destroy();
  }
}
