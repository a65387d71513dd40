import type { Clock } from '../clock';
import type { RateLimitSignal } from '../headers';
import { type Hold, PacingReporter } from './report';
import {
  type Admission,
  admission,
  finished,
  initialState,
  isThrottled,
  isWaitTooLong,
  type LimiterOptions,
  type LimiterState,
  MAX_WAIT_MS,
  type Outcome,
  PRIORITIES,
  type Priority,
  started,
  takeRetry,
} from './state';

/** What came of asking for a permit. One that is granted must be released once. */
export type Permit =
  | { readonly outcome: 'granted'; readonly startedAt: number }
  /** The service throttles for longer than requests of this priority wait. */
  | { readonly outcome: 'rejected'; readonly retryAfterMs: number }
  | { readonly outcome: 'aborted' }
  | { readonly outcome: 'closed' };

/** What a limiter is doing, for status pages. Times are epoch milliseconds, costs are TSTUs. */
export interface LimiterSnapshot {
  readonly inFlight: number;
  readonly waiting: number;
  /** Present while the service asked to be left alone. */
  readonly pausedUntil?: number;
  /** Whether the service has throttled this identity in the last window. */
  readonly throttled: boolean;
  /** For how long requests have been held up since the start, in milliseconds. */
  readonly throttledMs: number;
  /** What an identity may spend in a window, once the service has said so. */
  readonly limit?: number;
  /** What the service last said is left of it. */
  readonly remaining?: number;
}

interface LimiterDependencies {
  readonly options: LimiterOptions;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Called once for each change of pace. */
  readonly onReport: (hold: Hold) => void;
}

interface AcquireOptions {
  readonly signal?: AbortSignal;
  /** When the request was first asked for; default: now. */
  readonly since?: number;
}

interface Waiter {
  readonly since: number;
  readonly settle: (permit: Permit) => void;
}

/** Paces the requests of one identity to one organization: the state machine of `state.ts`, with a queue and a timer. */
export class Limiter {
  readonly #options: LimiterOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #reporter: PacingReporter;
  /** Those who wait, first come first served within a priority. */
  readonly #queues: Record<Priority, Set<Waiter>> = {
    interactive: new Set(),
    repeat: new Set(),
    background: new Set(),
  };
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

  /** Waits for a permit. */
  async acquire(
    priority: Priority,
    { signal, since = this.#clock.now() }: AcquireOptions = {},
  ): Promise<Permit> {
    if (this.#closed) {
      return { outcome: 'closed' };
    }
    if (signal?.aborted) {
      return { outcome: 'aborted' };
    }
    return await new Promise<Permit>(resolve => {
      const queue = this.#queues[priority];
      const onAbort = () => {
        if (queue.delete(waiter)) {
          resolve({ outcome: 'aborted' });
          this.#pump();
        }
      };
      const waiter: Waiter = {
        since,
        settle: permit => {
          signal?.removeEventListener('abort', onAbort);
          resolve(permit);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      const isNext = !this.#hasBefore(priority);
      queue.add(waiter);
      if (isNext) {
        this.#pump();
      }
    });
  }

  /** Ends an admitted request, and lets the next one go. */
  release(startedAt: number, outcome: Outcome, signal?: RateLimitSignal): void {
    const now = this.#clock.now();
    const finish = { startedAt, outcome, signal, random: this.#random() };
    this.#state = finished(this.#state, finish, now, this.#options);
    this.#pump();
  }

  /** Takes one retry out of the budget of them: retries are earned, so that an outage is not met with more requests than usual. */
  takeRetry(): boolean {
    const state = takeRetry(this.#state);
    this.#state = state ?? this.#state;
    return state !== undefined;
  }

  /** Whether the service has throttled this identity lately. */
  get throttled(): boolean {
    return isThrottled(this.#state, this.#clock.now());
  }

  snapshot(): LimiterSnapshot {
    const now = this.#clock.now();
    const { inFlight, pausedUntil, budget } = this.#state;
    return {
      inFlight,
      waiting: this.#waiting,
      pausedUntil: pausedUntil > now ? pausedUntil : undefined,
      throttled: this.throttled,
      throttledMs: this.#reporter.heldMs(now),
      limit: budget.limit || undefined,
      remaining: budget.remaining,
    };
  }

  /** Ends every wait, and grants no more permits. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    for (const priority of PRIORITIES) {
      this.#settleAll(priority, { outcome: 'closed' });
    }
  }

  get #waiting(): number {
    return PRIORITIES.reduce((sum, it) => sum + this.#queues[it].size, 0);
  }

  /** Grants the permits that can be granted, and sets the timer for the next one. */
  #pump(): void {
    const now = this.#clock.now();
    this.#cancelTimer();
    this.#rejectQueued(now);
    let held: Admission | undefined;
    let next = this.#first();
    while (next && !held) {
      held = this.#serve(next.priority, next.waiter, now);
      next = this.#first();
    }
    const { inFlight, pausedUntil, budget } = this.#state;
    this.#reporter.observe(
      now < pausedUntil
        ? { by: 'pause', until: pausedUntil }
        : held?.admitted === false && held.because === 'budget'
          ? { by: 'budget', until: held.until, limit: budget.limit }
          : { by: 'nothing' },
      !next && inFlight === 0,
      now,
    );
  }

  /** Ends the wait of those who would wait for too long. */
  #rejectQueued(now: number): void {
    const retryAfterMs = this.#state.pausedUntil - now;
    for (const priority of PRIORITIES) {
      const [first] = this.#queues[priority];
      if (
        first &&
        isWaitTooLong(this.#state, first.since, MAX_WAIT_MS[priority], now)
      ) {
        this.#settleAll(priority, { outcome: 'rejected', retryAfterMs });
      }
    }
  }

  /** @returns why the waiter has to go on waiting; `undefined` when it was granted a permit. */
  #serve(
    priority: Priority,
    waiter: Waiter,
    now: number,
  ): Admission | undefined {
    const verdict = admission(this.#state, priority, now);
    if (verdict.admitted) {
      this.#state = started(this.#state, now);
      this.#queues[priority].delete(waiter);
      waiter.settle({ outcome: 'granted', startedAt: now });
      return undefined;
    }
    if (Number.isFinite(verdict.until)) {
      this.#cancelTimer = this.#clock.schedule(
        Math.ceil(verdict.until - now),
        () => this.#pump(),
      );
    }
    return verdict;
  }

  /** Whose turn it is. */
  #first(): { priority: Priority; waiter: Waiter } | undefined {
    for (const priority of PRIORITIES) {
      const [waiter] = this.#queues[priority];
      if (waiter) {
        return { priority, waiter };
      }
    }
    return undefined;
  }

  /** Whether a newcomer of this priority has others before it. */
  #hasBefore(priority: Priority): boolean {
    return PRIORITIES.slice(0, PRIORITIES.indexOf(priority) + 1).some(
      before => this.#queues[before].size > 0,
    );
  }

  #settleAll(priority: Priority, permit: Permit): void {
    const waiters = [...this.#queues[priority]];
    this.#queues[priority].clear();
    for (const waiter of waiters) {
      waiter.settle(permit);
    }
  }
}
