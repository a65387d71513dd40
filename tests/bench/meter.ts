import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';

/** What something cost this process. */
export interface Cost {
  readonly wallMs: number;
  /** Of all its threads, user and system. */
  readonly cpuMs: number;
  /** The memory that was resident before, with nothing to do and no garbage, in bytes. */
  readonly idleBytes: number;
  /** The most memory that was resident meanwhile, in bytes. */
  readonly peakBytes: number;
}

/** Measures from its start to its stop. */
export class Meter {
  readonly #wall = performance.now();
  readonly #cpu = process.cpuUsage();
  #sampled = 0;
  readonly #sampler: NodeJS.Timeout | undefined;

  private constructor(
    private readonly idleBytes: number,
    systemCounts: boolean,
  ) {
    this.#sampler = systemCounts
      ? undefined
      : setInterval(() => {
          this.#sampled = Math.max(this.#sampled, process.memoryUsage.rss());
        }, 10);
  }

  /** Starts; `settled` comes first. */
  static start(): Meter {
    return new Meter(process.memoryUsage.rss(), resetPeak());
  }

  stop(): Cost {
    clearInterval(this.#sampler);
    const { user, system } = process.cpuUsage(this.#cpu);
    return {
      wallMs: performance.now() - this.#wall,
      cpuMs: (user + system) / 1000,
      idleBytes: this.idleBytes,
      peakBytes: this.#sampler ? this.#sampled : peak(),
    };
  }
}

/** Has Linux begin anew to note the peak; elsewhere it has to be sampled. */
function resetPeak(): boolean {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
    return true;
  } catch {
    return false;
  }
}

function peak(): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? NaN) * 1024;
}

/** Leaves a measurement nothing of what went before, and no garbage. */
export async function settled(): Promise<void> {
  await delay(1_000);
  globalThis.gc?.();
  await delay(50);
  globalThis.gc?.();
}

/** Rows that were inserted, updated or deleted, and statements of any kind. */
export interface Writes {
  readonly ledgerRows: number;
  readonly catalogRows: number;
  readonly statements: number;
}

/** Counts by the result that PostgreSQL sends for each statement. */
export class WriteCounter {
  #ledgerRows = 0;
  #catalogRows = 0;
  #statements = 0;

  constructor(knex: Knex) {
    knex.on('query-response', (_rows: unknown, query: unknown) => {
      const { sql, response } = query as {
        sql?: string;
        response?: { command?: string; rowCount?: number | null };
      };
      this.#statements += 1;
      const { command = '', rowCount } = response ?? {};
      if (/^(?:INSERT|UPDATE|DELETE)$/.test(command)) {
        const rows = rowCount ?? 0;
        if (sql?.includes('"azure_devops_')) this.#ledgerRows += rows;
        else if (!sql?.includes('backstage_backend_tasks')) {
          this.#catalogRows += rows;
        }
      }
    });
  }

  /** What was counted since this was last asked. */
  take(): Writes {
    const writes = {
      ledgerRows: this.#ledgerRows,
      catalogRows: this.#catalogRows,
      statements: this.#statements,
    };
    this.#ledgerRows = 0;
    this.#catalogRows = 0;
    this.#statements = 0;
    return writes;
  }
}
