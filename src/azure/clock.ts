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
