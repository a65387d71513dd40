import type { Clock } from '../clock';
import { type Admission, admission } from './admission';
import type { RateLimitSignal } from '../headers';
import { Lanes } from './lanes';
import { LANES, type Lane, type LimiterOptions } from './options';
import { type Hold, PacingReporter, type PacingReport } from './report';
import {
  type Ending,
  finished,
  initialState,
  isGivenUp,
  isThrottled,
  type LimiterState,
  started,
  takeRepeat,
} from './state';
import { spentAt } from './usage';

/** What came of asking for a turn. Whoever is admitted must call `finish` once. */
export type Turn =
  | { readonly outcome: 'admitted'; readonly startedAt: number }
  /** The service stands in the way for longer than the lane waits. */
  | { readonly outcome: 'refused'; readonly retryAfterMs: number }
  | { readonly outcome: 'aborted' }
  | { readonly outcome: 'closed' };

/** What a limiter is doing, for status pages. Times are epoch milliseconds, costs are TSTUs. */
export interface LimiterSnapshot {
  readonly concurrency: number;
  readonly inFlight: number;
  readonly waiting: number;
  /** Present while the service asked to be left alone. */
  readonly pausedUntil?: number;
  /** Whether the service has shed load of this identity in the last window. */
  readonly throttled: boolean;
  /** What an identity may spend in a window, once the service has said so. */
  readonly limit?: number;
  /** What is left of it by our account. */
  readonly remaining?: number;
  /** What a request costs by our account. */
  readonly cost?: number;
}

export interface LimiterDependencies {
  readonly options: LimiterOptions;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Told once per change of pace. */
  readonly onReport: (report: PacingReport) => void;
}

interface Waiter {
  readonly settle: (turn: Turn) => void;
}

/** Paces the requests of one identity to one organization: the state machine of `state.ts`, with a queue and a timer. */
export class Limiter {
  readonly #options: LimiterOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #reporter: PacingReporter;
  readonly #waiting = new Lanes<Waiter>();
  #state: LimiterState;
  #cancelTimer: () => void = () => {};
  #closed = false;

  constructor(dependencies: LimiterDependencies) {
    this.#options = dependencies.options;
    this.#clock = dependencies.clock;
    this.#random = dependencies.random;
    this.#reporter = new PacingReporter(dependencies.onReport);
    this.#state = initialState(dependencies.options);
  }

  /** Waits for a turn. */
  async acquire(lane: Lane, signal?: AbortSignal): Promise<Turn> {
    if (this.#closed) {
      return { outcome: 'closed' };
    }
    if (signal?.aborted) {
      return { outcome: 'aborted' };
    }
    if (!this.#waiting.hasBefore(lane)) {
      const now = this.#clock.now();
      if (admission(this.#state, lane, now, this.#options).admitted) {
        this.#state = started(this.#state, now);
        return { outcome: 'admitted', startedAt: now };
      }
    }
    return await this.#wait(lane, signal);
  }

  /** Says how an admitted request ended, and lets the next one go. */
  finish(startedAt: number, ending: Ending, signal?: RateLimitSignal): void {
    const now = this.#clock.now();
    const finish = { startedAt, ending, signal, random: this.#random() };
    this.#state = finished(this.#state, finish, now, this.#options);
    if (ending === 'shed' && isGivenUp(this.#state, now, this.#options)) {
      const retryAfterMs = Math.max(0, this.#state.pausedUntil - now);
      this.#sendAway(LANES, { outcome: 'refused', retryAfterMs });
    }
    this.#pump();
  }

  /** Whether a request that failed may be repeated: repeats are earned, so that an outage is not met with more requests than usual. */
  mayRepeat(): boolean {
    const state = takeRepeat(this.#state);
    this.#state = state ?? this.#state;
    return state !== undefined;
  }

  /** Whether the service has been shedding load of this identity lately. */
  get throttled(): boolean {
    return isThrottled(this.#state, this.#clock.now(), this.#options);
  }

  snapshot(): LimiterSnapshot {
    const now = this.#clock.now();
    const { concurrency, inFlight, pausedUntil, usage } = this.#state;
    const spent = spentAt(usage, now, this.#options.windowMs);
    return {
      concurrency: Math.floor(concurrency),
      inFlight,
      waiting: this.#waiting.size,
      pausedUntil: pausedUntil > now ? pausedUntil : undefined,
      throttled: this.throttled,
      limit: usage.limit,
      remaining:
        usage.limit === undefined
          ? undefined
          : Math.max(0, usage.limit - spent),
      cost: usage.cost || undefined,
    };
  }

  /** Sends everybody away who waits, and whoever comes. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    this.#sendAway(LANES, { outcome: 'closed' });
  }

  async #wait(lane: Lane, signal: AbortSignal | undefined): Promise<Turn> {
    return await new Promise<Turn>(resolve => {
      const onAbort = () => {
        if (this.#waiting.remove(lane, waiter)) {
          resolve({ outcome: 'aborted' });
          this.#pump();
        }
      };
      const waiter: Waiter = {
        settle: turn => {
          signal?.removeEventListener('abort', onAbort);
          resolve(turn);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      const isNext = !this.#waiting.hasBefore(lane);
      this.#waiting.add(lane, waiter);
      if (isNext) {
        this.#pump();
      }
    });
  }

  /** Admits whoever may go, and sets the timer for whoever may not yet. */
  #pump(): void {
    const now = this.#clock.now();
    this.#cancelTimer();
    let held: Admission | undefined;
    let next = this.#waiting.first();
    while (next && !held) {
      held = this.#serve(next.lane, next.item, now);
      next = this.#waiting.first();
    }
    const idle = !next && this.#state.inFlight === 0;
    this.#reporter.observe(this.#hold(held, now), idle, now);
  }

  /** @returns the verdict if the one whose turn it is has to go on waiting. */
  #serve(lane: Lane, waiter: Waiter, now: number): Admission | undefined {
    const verdict = admission(this.#state, lane, now, this.#options);
    if (verdict.admitted) {
      this.#state = started(this.#state, now);
      this.#waiting.remove(lane, waiter);
      waiter.settle({ outcome: 'admitted', startedAt: now });
      return undefined;
    }
    const wait = verdict.until - now;
    if (Number.isFinite(wait) && wait > this.#options.patienceMs[lane]) {
      this.#sendAway([lane], { outcome: 'refused', retryAfterMs: wait });
      return undefined;
    }
    this.#sleepUntil(verdict.until, now);
    return verdict;
  }

  #hold(held: Admission | undefined, now: number): Hold {
    const { pausedUntil, usage } = this.#state;
    if (now < pausedUntil) {
      return { by: 'pause', until: pausedUntil };
    }
    return held?.admitted === false && held.because === 'budget'
      ? { by: 'budget', until: held.until, limit: usage.limit }
      : { by: 'nothing' };
  }

  #sleepUntil(at: number, now: number): void {
    if (Number.isFinite(at)) {
      this.#cancelTimer = this.#clock.schedule(Math.ceil(at - now), () =>
        this.#pump(),
      );
    }
  }

  #sendAway(lanes: readonly Lane[], turn: Turn): void {
    for (const lane of lanes) {
      for (const waiter of this.#waiting.take(lane)) {
        waiter.settle(turn);
      }
    }
  }
}
