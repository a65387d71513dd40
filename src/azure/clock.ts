/** Time as this part of the module sees it, so that a test can own it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Calls back once, after a number of milliseconds.
   *
   * @returns what takes it back; harmless once it has happened.
   */
  schedule(delayMs: number, callback: () => void): () => void;
}

/** The longest delay that a timer of Node bears; beyond it fires at once. */
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

/** A promise that is rejected as soon as the signal is aborted, whatever becomes of what it stands for. */
export async function rejectOnAbort<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (!signal) {
    return await promise;
  }
  return await new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(new Error('aborted'));
    if (signal.aborted) {
      onAbort();
    }
    signal.addEventListener('abort', onAbort, { once: true });
    promise
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}
