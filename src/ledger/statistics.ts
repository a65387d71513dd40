import type { Knex } from 'knex';
import { isPostgres } from './bulk';
import { TABLES } from './rows';

/** After so many new rows PostgreSQL is first told to look at the tables anew, and after so many times more again. */
const FIRST = 250;
const TIMES = 4;

/**
 * Keeps PostgreSQL's statistics of the ledger fit for use while it fills for
 * the first time. PostgreSQL gathers them by itself only about once a minute;
 * until then it takes every table for what it was when it was empty, and reads
 * it from end to end to find one row.
 */
export class Statistics {
  #written = 0;
  #next = FIRST;

  constructor(private readonly knex: Knex) {}

  /** @param rows - how many were written since this was last called */
  async grewBy(rows: number): Promise<void> {
    this.#written += rows;
    if (this.#written < this.#next || !isPostgres(this.knex)) {
      return;
    }
    this.#next = this.#written * TIMES;
    for (const table of [
      TABLES.repositories,
      TABLES.descriptors,
      TABLES.claims,
      TABLES.references,
    ]) {
      await this.knex.raw('analyze ??', [table]);
    }
  }
}
