import type { LoggerService } from '@backstage/backend-plugin-api';

/** What repeats itself is logged once in this time, in milliseconds. */
const INTERVAL_MS = 60_000;

/**
 * Lines of the log for what may come as often as events do: one a minute of each
 * subject, with how many were left out since the last. A subject is one of few,
 * since it is remembered.
 */
export class SeldomLog {
  readonly #last = new Map<string, { at: number; leftOut: number }>();

  constructor(
    private readonly logger: LoggerService,
    /** Milliseconds since 1970. */
    private readonly now: () => number,
  ) {}

  warn(subject: string, message: string, error?: unknown): void {
    const leftOut = this.#turn(subject);
    if (leftOut !== undefined) {
      this.logger.warn(
        `${message}${others(leftOut, 'failures since the last warning')}`,
        error instanceof Error ? error : undefined,
      );
    }
  }

  debug(subject: string, message: string): void {
    const leftOut = this.#turn(subject);
    if (leftOut !== undefined) {
      this.logger.debug(
        `${message}${others(leftOut, 'events since the last such line')}`,
      );
    }
  }

  /** How many were left out since the last, where it is time for another. */
  #turn(subject: string): number | undefined {
    const last = this.#last.get(subject);
    const now = this.now();
    if (last && Math.abs(now - last.at) < INTERVAL_MS) {
      last.leftOut += 1;
      return undefined;
    }
    this.#last.set(subject, { at: now, leftOut: 0 });
    return last?.leftOut ?? 0;
  }
}

function others(leftOut: number, what: string): string {
  return leftOut > 0 ? ` (and ${leftOut} more such ${what})` : '';
}
