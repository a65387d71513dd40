import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseService } from '@backstage/backend-plugin-api';
import type { Knex } from 'knex';

// From src/ledger as from dist/ledger, the package's root is two folders up.
const directory = resolve(__dirname, '..', '..', 'migrations');

/** How often, and how many milliseconds apart, a start waits for another replica's migration to end. */
const LOCK_ATTEMPTS = 30;
const LOCK_PAUSE_MS = 1_000;

/** Providers of one process connect at the same time and share the catalog's database. */
const migrated = new WeakMap<Knex, Promise<void>>();

/**
 * Brings the ledger's tables up to date in the catalog plugin's own database,
 * unless the `database` service says that migrations are to be skipped.
 */
export async function migrateLedger(
  database: DatabaseService,
  knex: Knex,
): Promise<void> {
  if (database.migrations?.skip) {
    return;
  }
  const underWay = migrated.get(knex) ?? migrate(knex);
  migrated.set(knex, underWay);
  try {
    await underWay;
  } catch (error) {
    migrated.delete(knex);
    throw error;
  }
}

async function migrate(knex: Knex): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await knex.migrate.latest({
        directory,
        // The default table is the catalog's own, which refuses to start when
        // it finds migrations in it that it does not know.
        tableName: 'azure_devops_migrations',
      });
      return;
    } catch (error) {
      // Replicas that start together meet at knex's lock; all but one wait.
      const locked = error instanceof Error && /lock/i.test(error.message);
      if (!locked || attempt >= LOCK_ATTEMPTS) {
        throw error;
      }
      await delay(LOCK_PAUSE_MS);
    }
  }
}
