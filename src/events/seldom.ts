import type { LoggerService } from '@backstage/backend-plugin-api';

/** What repeats itself is logged once in this time, in milliseconds. */
const INTERVAL_MS = 60_000;

/**
 * Warnings of what events bring about, which may come as often as events do: one
 * a minute of each subject, with how many were left out since the last.
 */
export class SeldomWarnings {
  readonly #last = new Map<string, { at: number; leftOut: number }>();

  constructor(
    private readonly logger: LoggerService,
    /** Milliseconds since 1970. */
    private readonly now: () => number,
  ) {}

  /** @param subject - one of few: it is remembered */
  warn(subject: string, message: string, error?: unknown): void {
    const last = this.#last.get(subject);
    const now = this.now();
    if (last && Math.abs(now - last.at) < INTERVAL_MS) {
      last.leftOut += 1;
      return;
    }
    this.#last.set(subject, { at: now, leftOut: 0 });
    const others = last?.leftOut
      ? ` (and ${last.leftOut} more such failures since the last warning)`
      : '';
    this.logger.warn(
      `${message}${others}`,
      error instanceof Error ? error : undefined,
    );
  }
}
