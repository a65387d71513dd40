/**
 * Azure DevOps Services' rate limit as its documentation and its users describe
 * it: every identity may spend a budget of TSTUs (the service's own unit of
 * load) in a sliding window. Near the budget answers carry `X-RateLimit-*`
 * headers; above it they are delayed and still succeed, with `Retry-After`; far
 * above it they are blocked.
 *
 * This module decides, it does not wait: time comes in as numbers. What the
 * service does not publish is assumed; dev/simulator/README.md lists how.
 *
 * Source: https://learn.microsoft.com/azure/devops/integrate/concepts/rate-limits
 */

import { SlidingUsage, WINDOW_MS } from './sliding-usage';

/** How a blocked request is answered. The service has been seen to use each of them. */
export type BlockForm =
  /** 429 with the usual error envelope and all headers. */
  | '429-json'
  /** 429 with the bare sentence as text, and all headers. */
  | '429-plain'
  /** 429 with the error envelope and neither `Retry-After` nor `X-RateLimit-*`. */
  | '429-bare'
  /** 503 with an HTML page and no headers. */
  | '503-html'
  /** 401 as for a credential that is not accepted. */
  | '401'
  /** 203 with the sign-in page. */
  | '203';

export interface LimiterOptions {
  /** TSTUs that an identity may spend in one window. Default: 200. */
  readonly budget?: number;
  /** TSTUs of one request by endpoint, over the defaults; `default` is for endpoints not named. */
  readonly costs?: Readonly<Record<string, number>>;
  /** Share of the budget from which answers carry `X-RateLimit-*`, from 0 to 1. Default: 0.5. */
  readonly headersFrom?: number;
  /** Multiple of the budget from which requests are blocked, above 1. Default: 1.5. */
  readonly blockFrom?: number;
  /** The longest delay of one request, in milliseconds. Default: 30,000. */
  readonly maximumDelayMs?: number;
  /** How blocked requests are answered, in turn. Default: `['429-json']`. */
  readonly blockForms?: readonly BlockForm[];
}

/** What a request costs where nothing else is said. Nobody publishes the real numbers. */
const DEFAULT_COSTS: Readonly<Record<string, number>> = {
  default: 0.05,
  locations: 0.01,
  connectiondata: 0.01,
  projects: 0.2,
  repositories: 1,
  deletedrepositories: 0.2,
  items: 0.05,
  blobs: 0.03,
  codesearch: 2,
};

/** What becomes of one request. */
export type LimiterAnswer =
  | {
      readonly phase: 'served' | 'warned' | 'delayed';
      readonly cost: number;
      /** How long the answer is held back, in milliseconds of the simulator's clock. */
      readonly delayMs: number;
      readonly headers: Readonly<Record<string, string>>;
    }
  | {
      readonly phase: 'blocked';
      readonly form: BlockForm;
      readonly headers: Readonly<Record<string, string>>;
    };

const DEFAULTS: Required<LimiterOptions> = {
  budget: 200,
  costs: DEFAULT_COSTS,
  headersFrom: 0.5,
  blockFrom: 1.5,
  maximumDelayMs: 30_000,
  blockForms: ['429-json'],
};

/** The limiter of one simulator: every (organization, identity) pair has a budget of its own. */
export class Limiter {
  readonly #options: Required<LimiterOptions>;
  readonly #usage = new Map<string, SlidingUsage>();
  #blocked = 0;

  constructor(options: LimiterOptions = {}) {
    const costs = { ...DEFAULT_COSTS, ...options.costs };
    this.#options = { ...DEFAULTS, ...options, costs };
  }

  /**
   * Accounts for one request and decides what becomes of it.
   *
   * @param key - whose budget it spends
   * @param endpoint - decides the cost
   * @param now - epoch milliseconds of the simulator's clock
   */
  admit(key: string, endpoint: string, now: number): LimiterAnswer {
    const { budget, costs, headersFrom, blockFrom } = this.#options;
    const cost = costs[endpoint] ?? costs['default'] ?? 0;
    const usage = this.#usageOf(key);
    const after = usage.at(now) + cost;
    if (after > blockFrom * budget) {
      return this.#block(usage, now);
    }
    usage.spend(now, cost);
    if (after > budget) {
      const excess = (after - budget) / ((blockFrom - 1) * budget);
      const delayMs = Math.ceil(excess * this.#options.maximumDelayMs);
      return {
        phase: 'delayed',
        cost,
        delayMs,
        headers: {
          'Retry-After': this.#retryAfter(usage, now),
          'X-RateLimit-Delay': (delayMs / 1000).toFixed(3),
          ...this.#headers(usage, now, cost),
        },
      };
    }
    if (after >= headersFrom * budget) {
      const headers = this.#headers(usage, now, cost);
      return { phase: 'warned', cost, delayMs: 0, headers };
    }
    return { phase: 'served', cost, delayMs: 0, headers: {} };
  }

  /**
   * The least time, in milliseconds, in which requests of this total cost fit
   * into the budget: as much as a window holds at once, then a window's wait.
   */
  leastDuration(totalCost: number): number {
    const windows = Math.ceil(totalCost / this.#options.budget - 1e-9);
    return Math.max(0, windows - 1) * WINDOW_MS;
  }

  #usageOf(key: string): SlidingUsage {
    let usage = this.#usage.get(key);
    if (!usage) {
      usage = new SlidingUsage();
      this.#usage.set(key, usage);
    }
    return usage;
  }

  #block(usage: SlidingUsage, now: number): LimiterAnswer {
    const { blockForms } = this.#options;
    const form = blockForms[this.#blocked++ % blockForms.length] ?? '429-json';
    const isTimeNamed = form === '429-json' || form === '429-plain';
    return {
      phase: 'blocked',
      form,
      headers: isTimeNamed
        ? {
            'Retry-After': this.#retryAfter(usage, now),
            ...this.#headers(usage, now, 0),
          }
        : {},
    };
  }

  /** Whole seconds until a request would be served without delay. */
  #retryAfter(usage: SlidingUsage, now: number): string {
    const { budget } = this.#options;
    const clear = usage.fallsTo(budget, now);
    return String(Math.max(1, Math.ceil((clear - now) / 1000)));
  }

  #headers(usage: SlidingUsage, now: number, cost: number) {
    const { budget } = this.#options;
    const remaining = Math.max(0, budget - usage.at(now));
    const reset = usage.fallsTo(0, now);
    return {
      'X-RateLimit-Resource': 'Concurrency',
      'X-RateLimit-Limit': String(budget),
      'X-RateLimit-Remaining': String(Math.floor(remaining)),
      'X-RateLimit-Reset': String(Math.ceil(reset / 1000)),
      'X-RateLimit-Cost': cost.toFixed(5),
    };
  }
}
