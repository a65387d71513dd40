import type { RateLimitSignal } from '../headers';
import type { LimiterOptions } from './options';
import { NO_USAGE, type Usage } from './usage';
import { recordAnswer, recordRefusal } from './account';

/** All that a limiter knows. Times are epoch milliseconds. */
export interface LimiterState {
  /** How many requests may be under way at once, with fractions. */
  readonly concurrency: number;
  readonly inFlight: number;
  readonly usage: Usage;
  /** Nothing is sent before this. */
  readonly pausedUntil: number;
  /** How many blocks in a row named no time, with fractions. */
  readonly backoff: number;
  /** When concurrency was last cut: requests from before do not cut it again. */
  readonly cutAt: number;
  /** Until when the service last shed load, or asked not to be given any. */
  readonly throttledAt: number;
  /** When the service began to refuse everything; absent while it does not. */
  readonly blockedSince?: number;
  readonly startedAt: number;
  /** How many requests may still be repeated. */
  readonly repeats: number;
}

/**
 * How a request ended, as far as pacing is concerned.
 *
 * - `served`: the service did its work, even if the answer was no.
 * - `shed`: it refused or closed, which says that there is too much.
 * - `doubtful`: it refused in a way that means that only if it was shedding anyway.
 * - `failed`: something else.
 * - `unsent`: it never left.
 */
export type Ending = 'served' | 'shed' | 'doubtful' | 'failed' | 'unsent';

export interface Finish {
  /** When the request was admitted. */
  readonly startedAt: number;
  readonly ending: Ending;
  readonly signal?: RateLimitSignal;
  /** From 0 to 1, for jitter. */
  readonly random: number;
}

/** How many served requests undo one step of the backoff. */
const SERVED_PER_STEP = 16;
const LONGEST_BACKOFF = 16;
/** How much of a repeat one served request earns. */
const EARNED_REPEATS = 0.1;
/** Concurrency grows only where it is made use of. */
const IN_USE = 0.9;

export function initialState(options: LimiterOptions): LimiterState {
  return {
    concurrency: options.initialConcurrency,
    inFlight: 0,
    usage: NO_USAGE,
    pausedUntil: 0,
    backoff: 0,
    cutAt: -Infinity,
    throttledAt: -Infinity,
    startedAt: -Infinity,
    repeats: options.repeats,
  };
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
  const ended = { ...state, inFlight: state.inFlight - 1 };
  if (finish.ending === 'unsent') {
    return ended;
  }
  const wasRefused = finish.ending === 'shed' || finish.ending === 'doubtful';
  const record = wasRefused ? recordRefusal : recordAnswer;
  const counted: LimiterState = {
    ...ended,
    usage: record(state.usage, finish.signal, now, options.windowMs),
  };
  switch (finish.ending) {
    case 'shed':
    case 'doubtful':
      return afterShedding(counted, finish, now, options);
    case 'served':
      return afterServing(counted, finish, now, options);
    case 'failed':
      return pauseAsAsked(counted, finish.signal, now, options);
  }
}

function afterServing(
  state: LimiterState,
  finish: Finish,
  now: number,
  options: LimiterOptions,
): LimiterState {
  const { signal } = finish;
  if ((signal?.retryAfterMs ?? 0) > 0 || (signal?.delayMs ?? 0) > 0) {
    // It was served, but held back: the next step would be a refusal.
    const held = pauseAsAsked(cut(state, finish, now), signal, now, options);
    return {
      ...held,
      throttledAt: Math.max(now, held.pausedUntil),
      blockedSince: undefined,
    };
  }
  const isFresh = finish.startedAt > state.cutAt;
  const inUse = state.inFlight + 1 >= IN_USE * Math.floor(state.concurrency);
  return {
    ...state,
    concurrency:
      isFresh && inUse
        ? Math.min(options.maxConcurrency, state.concurrency + growth(state))
        : state.concurrency,
    backoff: Math.max(0, state.backoff - 1 / SERVED_PER_STEP),
    blockedSince: isFresh ? undefined : state.blockedSince,
    repeats: Math.min(options.repeats, state.repeats + EARNED_REPEATS),
  };
}

/** One for each answer until the service first says that it is too much; from then on one a round. */
function growth({ cutAt, concurrency }: LimiterState): number {
  return cutAt === -Infinity ? 1 : 1 / concurrency;
}

function afterShedding(
  state: LimiterState,
  finish: Finish,
  now: number,
  options: LimiterOptions,
): LimiterState {
  const shed: LimiterState = {
    ...pauseAsAsked(cut(state, finish, now), finish.signal, now, options),
    blockedSince: state.blockedSince ?? now,
  };
  const asked = (finish.signal?.retryAfterMs ?? 0) > 0;
  const paused =
    asked || finish.startedAt <= state.cutAt
      ? shed
      : backOff(shed, finish.random, now, options);
  // What is doubtful because of throttling must not be what proves throttling.
  return finish.ending === 'doubtful'
    ? paused
    : { ...paused, throttledAt: Math.max(now, paused.pausedUntil) };
}

/** A pause of our own, for a refusal that names none. */
function backOff(
  state: LimiterState,
  random: number,
  now: number,
  options: LimiterOptions,
): LimiterState {
  const longest = Math.min(
    options.longestPauseMs,
    options.firstPauseMs * 2 ** state.backoff,
  );
  const pause = longest * (0.5 + random / 2);
  return {
    ...state,
    backoff: Math.min(LONGEST_BACKOFF, state.backoff + 1),
    pausedUntil: Math.max(state.pausedUntil, now + pause),
  };
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
  { longestAskedPauseMs }: LimiterOptions,
): LimiterState {
  const pause = Math.min(signal?.retryAfterMs ?? 0, longestAskedPauseMs);
  return pause > 0
    ? { ...state, pausedUntil: Math.max(state.pausedUntil, now + pause) }
    : state;
}

/** Takes one repeat out of the store of them; `undefined` when it is empty. */
export function takeRepeat(state: LimiterState): LimiterState | undefined {
  return state.repeats >= 1
    ? { ...state, repeats: state.repeats - 1 }
    : undefined;
}

/** Whether the service has been shedding load of this identity lately. */
export function isThrottled(
  state: LimiterState,
  now: number,
  { windowMs }: LimiterOptions,
): boolean {
  return now - state.throttledAt < windowMs;
}

/** Whether it has refused everything for so long that waiting is over. */
export function isGivenUp(
  state: LimiterState,
  now: number,
  { giveUpMs }: LimiterOptions,
): boolean {
  return (
    state.blockedSince !== undefined && now - state.blockedSince >= giveUpMs
  );
}
