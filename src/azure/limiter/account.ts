import type { RateLimitSignal } from '../headers';
import { ownAt, type Slot, spentAt, type Usage } from './usage';

/** How finely the mirror slides. */
const SLOTS = 120;
/** How much one answer moves the estimate of a request's cost: one that names its cost, and one that does not. */
const LEARNING = { named: 0.2, inferred: 0.05 };
/** Into how many requests what was spent is divided at least, while little is known. */
const FEWEST_REQUESTS = 25;
/** After how many answers in a row that name nothing silence is taken to mean something. */
const MEANINGFUL_SILENCE = 5;

/** Accounts for one request that the service worked on, and for what its answer said. */
export function recordAnswer(
  usage: Usage,
  signal: RateLimitSignal | undefined,
  now: number,
  windowMs: number,
): Usage {
  const known = signal?.cost;
  const recorded: Usage = {
    ...usage,
    slots: addToSlots(usage.slots, known, now, windowMs),
    cost:
      known === undefined
        ? usage.cost
        : usage.cost === 0
          ? known
          : usage.cost + LEARNING.named * (known - usage.cost),
  };
  if (!signal || !saysUsage(recorded, signal)) {
    return afterSilence(recorded, known ?? recorded.cost, now, windowMs);
  }
  const spent = spentBy(recorded, signal);
  const hasMoved = recorded.slots[0]?.from !== usage.slots[0]?.from;
  const cost =
    known === undefined
      ? inferCost(recorded, spent, hasMoved, now, windowMs)
      : recorded.cost;
  return setRight({ ...recorded, cost }, signal, now, windowMs);
}

/** Accounts for a request that the service refused, which is taken to cost nothing. */
export function recordRefusal(
  usage: Usage,
  signal: RateLimitSignal | undefined,
  now: number,
  windowMs: number,
): Usage {
  if (!signal || !saysUsage(usage, signal)) {
    return usage;
  }
  const cost =
    usage.cost === 0 ? firstCost(usage, spentBy(usage, signal)) : usage.cost;
  return setRight({ ...usage, cost }, signal, now, windowMs);
}

function addToSlots(
  slots: readonly Slot[],
  cost: number | undefined,
  now: number,
  windowMs: number,
): readonly Slot[] {
  const kept = slots.filter(slot => slot.until + windowMs > now);
  const last = kept.at(-1);
  const priced = cost ?? 0;
  const unpriced = cost === undefined ? 1 : 0;
  if (last && now - last.from < windowMs / SLOTS) {
    kept[kept.length - 1] = {
      from: last.from,
      until: now,
      priced: last.priced + priced,
      unpriced: last.unpriced + unpriced,
    };
  } else {
    kept.push({ from: now, until: now, priced, unpriced });
  }
  return kept;
}

/** Sets the mirror right by the service's own count. */
function setRight(
  usage: Usage,
  signal: RateLimitSignal,
  now: number,
  windowMs: number,
): Usage {
  const spent = spentBy(usage, signal);
  return {
    ...usage,
    limit: limitBy(usage, signal),
    correction: spent - ownAt(usage, now, windowMs),
    correctionUntil: now + Math.min(signal.resetInMs ?? windowMs, windowMs),
    spokenFrom: Math.min(usage.spokenFrom, spent),
    silence: 0,
    confirmed: spent,
  };
}

/**
 * Sets the mirror right by the service's silence: less is spent than was when
 * it spoke.
 */
function afterSilence(
  usage: Usage,
  cost: number,
  now: number,
  windowMs: number,
): Usage {
  if (usage.limit === undefined) {
    return usage;
  }
  const silence = usage.silence + 1;
  if (silence < MEANINGFUL_SILENCE) {
    return { ...usage, silence, confirmed: usage.confirmed + cost };
  }
  const { spokenFrom } = usage;
  const spent = spentAt(usage, now, windowMs);
  if (spent <= spokenFrom) {
    return { ...usage, silence, confirmed: spent };
  }
  const cheaper: Usage = {
    ...usage,
    cost: Math.min(usage.cost, spokenFrom / Math.max(1, unpriced(usage))),
  };
  return {
    ...cheaper,
    silence,
    confirmed: spokenFrom,
    correction: spokenFrom - ownAt(cheaper, now, windowMs),
    correctionUntil: now + windowMs,
  };
}

/** Whether an answer says what of a budget is left; a budget of nothing is none. */
function saysUsage(usage: Usage, signal: RateLimitSignal): boolean {
  return signal.remaining !== undefined && limitBy(usage, signal) > 0;
}

function limitBy(usage: Usage, signal: RateLimitSignal): number {
  return Math.max(signal.limit ?? usage.limit ?? 0, signal.remaining ?? 0);
}

function spentBy(usage: Usage, signal: RateLimitSignal): number {
  return limitBy(usage, signal) - (signal.remaining ?? 0);
}

/** What a request costs where the service does not say, by how its count moves. */
function inferCost(
  usage: Usage,
  spent: number,
  hasMoved: boolean,
  now: number,
  windowMs: number,
): number {
  if (usage.cost === 0) {
    return firstCost(usage, spent);
  }
  // What leaves the window leaves the service's a little earlier or later,
  // which must not be taken for cheap or dear requests.
  const most = hasMoved ? 0 : Math.max(1, usage.cost);
  const unexpected = Math.min(
    most,
    Math.max(-most, spent - spentAt(usage, now, windowMs)),
  );
  const moved = usage.cost + LEARNING.inferred * unexpected;
  // All that was spent, by whomever, is the most that our requests can have cost.
  return Math.min(Math.max(0, moved), spent / Math.max(1, unpriced(usage)));
}

/** A first estimate. What others spent is in there too, so a single request must not be taken for the whole. */
function firstCost(usage: Usage, spent: number): number {
  return spent / Math.max(unpriced(usage), FEWEST_REQUESTS);
}

function unpriced(usage: Usage): number {
  return usage.slots.reduce((sum, slot) => sum + slot.unpriced, 0);
}
