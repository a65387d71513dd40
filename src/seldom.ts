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
    this.#log(subject, message, text =>
      this.logger.warn(text, error instanceof Error ? error : undefined),
    );
  }

  debug(subject: string, message: string): void {
    this.#log(subject, message, text => this.logger.debug(text));
  }

  #log(subject: string, message: string, write: (text: string) => void): void {
    const last = this.#last.get(subject);
    const now = this.now();
    if (last && Math.abs(now - last.at) < INTERVAL_MS) {
      last.leftOut += 1;
      return;
    }
    this.#last.set(subject, { at: now, leftOut: 0 });
    const { leftOut = 0 } = last ?? {};
    write(
      leftOut > 0
        ? `${message} (and ${leftOut} more since the last such line)`
        : message,
    );
  }
}
