/** The time, so that a test can set it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Calls back once, after a number of milliseconds.
   *
   * @returns a function that cancels it; harmless afterwards.
   */
  schedule(delayMs: number, callback: () => void): () => void;
}

/** The longest delay of a timer in Node; a longer one fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The machine's clock, made monotonic: a clock that is set back must not make
 * a pause longer.
 */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  schedule(delayMs, callback) {
    const delay = Math.min(Math.max(delayMs, 0), LONGEST_TIMER_MS);
    const timer = setTimeout(callback, delay);
    return () => clearTimeout(timer);
  },
};

/**
 * Waits a while.
 *
 * @returns whether the time has passed; false as soon as the signal is aborted.
 */
export async function delay(
  milliseconds: number,
  clock: Clock,
  signal?: AbortSignal,
): Promise<boolean> {
  if (signal?.aborted) {
    return false;
  }
  if (milliseconds <= 0) {
    return true;
  }
  return await new Promise(resolve => {
    const onAbort = () => {
      cancel();
      resolve(false);
    };
    const cancel = clock.schedule(milliseconds, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve(true);
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
