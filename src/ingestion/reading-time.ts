import { seconds } from '../azure/failures';

/** The part of a refresh's time in which it may read; the rest is for removing, taking over and reconciling. */
const READING_SHARE = 0.75;
/** The part of it that one request may take at most: it is sent twice where it hangs. */
const REQUEST_SHARE = 0.25;
/** How long one request may take anyway, in milliseconds. */
const REQUEST_MS = 120_000;

/**
 * How long one refresh may read, of the time after which the scheduler aborts it.
 * What it knows when that is over is still applied, removed and reconciled.
 */
export class ReadingTime {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;

  /** @param timeoutMs - the task's timeout, in milliseconds */
  constructor(private readonly timeoutMs: number) {
    const readingMs = timeoutMs * READING_SHARE;
    this.timer = setTimeout(
      () => {
        this.controller.abort(
          new Error(
            `the refresh had read for ${seconds(readingMs)}, of the ${seconds(timeoutMs)} that schedule.timeout gives it`,
          ),
        );
      },
      Math.min(readingMs, 2 ** 31 - 1),
    ).unref();
  }

  /** Aborted when the time is over, with an error that says so. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** How long one request may take, in milliseconds; `undefined` where that needs no further limit. */
  get requestMs(): number | undefined {
    const limit = this.timeoutMs * REQUEST_SHARE;
    return limit < REQUEST_MS ? limit : undefined;
  }

  end(): void {
    clearTimeout(this.timer);
  }
}
