import type { RateLimitSignal } from '../headers';
import {
  affords,
  afterAnswer,
  afterThrottledAnswer,
  type Budget,
  NO_BUDGET,
} from './budget';

/** Which request goes first: one that a person waits for, then one that is repeated, then the rest. */
export const PRIORITIES = ['interactive', 'repeat', 'background'] as const;

export type Priority = (typeof PRIORITIES)[number];

/** How many requests one identity makes at once. */
export interface LimiterOptions {
  /** Before anything is known. Default: 8. */
  readonly initialConcurrency: number;
  /** At most. Default: 32. */
  readonly maxConcurrency: number;
}

export const DEFAULT_LIMITER_OPTIONS: LimiterOptions = {
  initialConcurrency: 8,
  maxConcurrency: 32,
};

/** The length of the service's sliding window in milliseconds; documented as five minutes. */
const WINDOW_MS = 300_000;
/** The part of the budget, from 0 to 1, that requests of each priority leave to the others. */
const RESERVE: Readonly<Record<Priority, number>> = {
  interactive: 0,
  repeat: 0.01,
  background: 0.01,
};
/** How long a request of each priority waits at most while the service throttles, in milliseconds. */
export const MAX_WAIT_MS: Readonly<Record<Priority, number>> = {
  interactive: 30_000,
  repeat: 120_000,
  background: 120_000,
};
/** The first pause after throttling that names no time, in milliseconds; doubled with each that follows. */
const FIRST_PAUSE_MS = 1_000;
/** The longest pause that is not the service's own, in milliseconds. */
const LONGEST_PAUSE_MS = 60_000;
/** The longest pause that the service may ask for at once, in milliseconds; after it, it is asked again. */
const LONGEST_ASKED_PAUSE_MS = 3_600_000;
/** How often a budget that is used up is looked at again, in milliseconds. */
const LOOK_AGAIN_MS = 15_000;
/** How many requests may be repeated on top of those that succeeding ones earn. */
const RETRIES = 20;

/** All that a limiter knows. Times are epoch milliseconds. */
export interface LimiterState {
  /** How many requests may be under way at once, with fractions. */
  readonly concurrency: number;
  readonly inFlight: number;
  readonly budget: Budget;
  /** Nothing is sent before this. */
  readonly pausedUntil: number;
  /** When the first of several pauses began between which nothing was served freely. */
  readonly pausedSince?: number;
  /** How many times in a row the service throttled without naming a time, with fractions. */
  readonly backoff: number;
  /** When concurrency was last cut: requests from before do not cut it again. */
  readonly cutAt: number;
  /** Until when the service last throttled. */
  readonly throttledAt: number;
  /** When the last request was sent. */
  readonly startedAt: number;
  /** How many requests may still be repeated. */
  readonly retries: number;
}

/**
 * How a request ended, as far as pacing is concerned.
 *
 * - `served`: the service did its work, even if the answer was no.
 * - `throttled`: it said, or closed the connection, which means, that there is too much.
 * - `doubtful`: it denied what it may only deny because it throttles.
 * - `failed`: something else.
 * - `unsent`: it never left.
 */
export type Outcome = 'served' | 'throttled' | 'doubtful' | 'failed' | 'unsent';

interface Finish {
  /** When the request was admitted. */
  readonly startedAt: number;
  readonly outcome: Outcome;
  readonly signal?: RateLimitSignal;
  /** From 0 to 1, for jitter. */
  readonly random: number;
}

/** Whether a request may be sent, and if not, until when it certainly may not. */
export type Admission =
  | { readonly admitted: true }
  | {
      readonly admitted: false;
      readonly because: 'concurrency' | 'pause' | 'budget';
      /** `Infinity` when only the end of another request can change it. */
      readonly until: number;
    };

/** How many served requests undo one step of the backoff. */
const SERVED_PER_STEP = 16;
const LONGEST_BACKOFF = 16;
/** How much of a retry one served request earns. */
const EARNED_RETRIES = 0.1;
/** Concurrency grows only where it is made use of. */
const IN_USE = 0.9;

export function initialState({
  initialConcurrency,
}: LimiterOptions): LimiterState {
  return {
    concurrency: initialConcurrency,
    inFlight: 0,
    budget: NO_BUDGET,
    pausedUntil: 0,
    backoff: 0,
    cutAt: -Infinity,
    throttledAt: -Infinity,
    startedAt: -Infinity,
    retries: RETRIES,
  };
}

/** Whether a request of a priority may be sent now. */
export function admission(
  state: LimiterState,
  priority: Priority,
  now: number,
): Admission {
  const { pausedUntil, inFlight, concurrency, budget, startedAt } = state;
  if (now < pausedUntil) {
    return { admitted: false, because: 'pause', until: pausedUntil };
  }
  if (inFlight + 1 > Math.max(1, Math.floor(concurrency))) {
    return { admitted: false, because: 'concurrency', until: Infinity };
  }
  if (affords(budget, inFlight, RESERVE[priority])) {
    return { admitted: true };
  }
  // Only an answer shows how much of the budget has come back: one request
  // looks, and the others follow when there is enough.
  const lookAt = inFlight > 0 ? Infinity : startedAt + LOOK_AGAIN_MS;
  return now >= lookAt
    ? { admitted: true }
    : { admitted: false, because: 'budget', until: lookAt };
}

/** Whether a request that has waited since then would have to wait for too long. */
export function isWaitTooLong(
  { pausedUntil, pausedSince = pausedUntil }: LimiterState,
  waitingSince: number,
  maxWaitMs: number,
  now: number,
): boolean {
  // Waiting for the budget does not count: meanwhile requests are served.
  const since = Math.max(pausedSince, waitingSince);
  return now < pausedUntil && pausedUntil - since > maxWaitMs;
}

/** A request was sent. */
export function started(state: LimiterState, now: number): LimiterState {
  return { ...state, inFlight: state.inFlight + 1, startedAt: now };
}

/** A request came to its end. */
export function finished(
  state: LimiterState,
  finish: Finish,
  now: number,
  options: LimiterOptions,
): LimiterState {
  const { outcome, signal } = finish;
  const ended = { ...state, inFlight: state.inFlight - 1 };
  switch (outcome) {
    case 'unsent':
      return ended;
    case 'failed':
      return pauseAsAsked(ended, signal, now);
    case 'served':
      return afterServing(
        { ...ended, budget: afterAnswer(state.budget, signal) },
        finish,
        now,
        options,
      );
    case 'throttled':
    case 'doubtful':
      return afterThrottling(
        signal?.remaining === undefined
          ? ended
          : { ...ended, budget: afterThrottledAnswer(state.budget, signal) },
        finish,
        now,
      );
  }
}

function afterServing(
  state: LimiterState,
  finish: Finish,
  now: number,
  { maxConcurrency }: LimiterOptions,
): LimiterState {
  const { signal } = finish;
  if ((signal?.retryAfterMs ?? 0) > 0 || (signal?.delayMs ?? 0) > 0) {
    // It was served, but held back: the next step would be 429.
    const held = pauseAsAsked(cut(state, finish, now), signal, now);
    return { ...held, throttledAt: Math.max(now, held.pausedUntil) };
  }
  const isFresh = finish.startedAt > state.cutAt;
  const isFree = isFresh && now >= state.pausedUntil;
  const inUse = state.inFlight + 1 >= IN_USE * Math.floor(state.concurrency);
  return {
    ...state,
    concurrency:
      isFresh && inUse
        ? Math.min(maxConcurrency, state.concurrency + growth(state))
        : state.concurrency,
    backoff: Math.max(0, state.backoff - 1 / SERVED_PER_STEP),
    pausedSince: isFree ? undefined : state.pausedSince,
    retries: Math.min(RETRIES, state.retries + EARNED_RETRIES),
  };
}

/** One for each answer until the service first throttles; from then on one a round. */
function growth({ cutAt, concurrency }: LimiterState): number {
  return cutAt === -Infinity ? 1 : 1 / concurrency;
}

function afterThrottling(
  state: LimiterState,
  finish: Finish,
  now: number,
): LimiterState {
  const { signal, startedAt, random, outcome } = finish;
  const asked = pauseAsAsked(cut(state, finish, now), signal, now);
  const paused =
    (signal?.retryAfterMs ?? 0) > 0 || startedAt <= state.cutAt
      ? asked
      : backOff(asked, random, now);
  // What is doubtful because of throttling must not be what proves throttling.
  return outcome === 'doubtful'
    ? paused
    : { ...paused, throttledAt: Math.max(now, paused.pausedUntil) };
}

/** A pause of our own, where the service names none. */
function backOff(
  state: LimiterState,
  random: number,
  now: number,
): LimiterState {
  const longest = Math.min(
    LONGEST_PAUSE_MS,
    FIRST_PAUSE_MS * 2 ** state.backoff,
  );
  const backoff = Math.min(LONGEST_BACKOFF, state.backoff + 1);
  return pauseFor({ ...state, backoff }, longest * (0.5 + random / 2), now);
}

/** Halves concurrency, once for all requests that were under way together. */
function cut(state: LimiterState, finish: Finish, now: number): LimiterState {
  return finish.startedAt > state.cutAt
    ? {
        ...state,
        concurrency: Math.max(1, Math.floor(state.concurrency / 2)),
        cutAt: now,
      }
    : state;
}

function pauseAsAsked(
  state: LimiterState,
  signal: RateLimitSignal | undefined,
  now: number,
): LimiterState {
  const asked = Math.min(signal?.retryAfterMs ?? 0, LONGEST_ASKED_PAUSE_MS);
  return asked > 0 ? pauseFor(state, asked, now) : state;
}

function pauseFor(state: LimiterState, ms: number, now: number): LimiterState {
  return {
    ...state,
    pausedUntil: Math.max(state.pausedUntil, now + ms),
    pausedSince: state.pausedSince ?? now,
  };
}

/** Takes one retry out of the store of them; `undefined` when it is empty. */
export function takeRetry(state: LimiterState): LimiterState | undefined {
  return state.retries >= 1
    ? { ...state, retries: state.retries - 1 }
    : undefined;
}

/** Whether the service has throttled this identity lately. */
export function isThrottled(state: LimiterState, now: number): boolean {
  return now - state.throttledAt < WINDOW_MS;
}
