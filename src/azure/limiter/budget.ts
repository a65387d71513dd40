import type { RateLimitSignal } from '../headers';

/**
 * What an identity may still spend, as far as the service names it. Azure DevOps
 * sends `X-RateLimit-*` only near the limit; without them, nothing is known to
 * be spent. In TSTUs, the service's own unit.
 *
 * Source: https://learn.microsoft.com/azure/devops/integrate/concepts/rate-limits
 */
export interface Budget {
  /** What may be spent in a window. */
  readonly limit: number;
  /** What is left by the last answer; `undefined` when it named nothing. */
  readonly remaining?: number;
  /** What a request costs on average. */
  readonly cost: number;
  /** How many answers the average is made of. */
  readonly samples: number;
}

export const NO_BUDGET: Budget = { limit: 0, cost: 0, samples: 0 };

/** How much one answer moves the average at least: one that names its cost, and one that does not. */
const WEIGHT = { named: 0.2, inferred: 0.05 };

/** What follows from an answer to a request that was served. */
export function afterAnswer(
  budget: Budget,
  signal: RateLimitSignal | undefined,
): Budget {
  const next = afterThrottledAnswer(budget, signal ?? {});
  const spent = (budget.remaining ?? 0) - (next.remaining ?? 0);
  if (signal?.cost !== undefined) {
    return learn(next, signal.cost, WEIGHT.named);
  }
  // Where more is left than before, spending of five minutes ago was forgotten,
  // and the difference is no cost.
  return budget.remaining && next.remaining !== undefined && spent >= 0
    ? learn(next, spent, WEIGHT.inferred)
    : next;
}

/** What follows from an answer to a request that was not worked on, and is taken to cost nothing. */
export function afterThrottledAnswer(
  budget: Budget,
  { limit = budget.limit, remaining }: RateLimitSignal,
): Budget {
  return { ...budget, limit: Math.max(limit, remaining ?? 0), remaining };
}

/** Whether what is in flight, and one request more, can be paid for while this part of the limit is left alone. */
export function affords(
  { limit, remaining, cost }: Budget,
  inFlight: number,
  reserve: number,
): boolean {
  return (
    remaining === undefined ||
    limit === 0 ||
    (remaining > 0 && (inFlight + 1) * cost <= remaining - reserve * limit)
  );
}

function learn(budget: Budget, cost: number, weight: number): Budget {
  const samples = budget.samples + 1;
  const moved = Math.max(weight, 1 / samples) * (cost - budget.cost);
  return { ...budget, cost: budget.cost + moved, samples };
}
