/** Requests that were answered in one slot of time. */
export interface Slot {
  readonly from: number;
  /** When the last of them was answered. */
  readonly until: number;
  /** The cost of those that named one, in TSTUs. */
  readonly priced: number;
  /** How many named none. */
  readonly unpriced: number;
}

/**
 * A mirror of the service's own account of one identity: what we spent in its
 * sliding window, set right by what it says. All costs in TSTUs.
 */
export interface Usage {
  /** Oldest first; none outside the window. */
  readonly slots: readonly Slot[];
  /** What the identity may spend in a window; unknown until the service says so. */
  readonly limit?: number;
  /** What one request is expected to cost. */
  readonly cost: number;
  /** What the service counts beyond our own requests: other users of the identity, and our errors. */
  readonly correction: number;
  /** Epoch milliseconds at which the correction has left the window. */
  readonly correctionUntil: number;
  /** The least that was spent when the service named what is left: it is silent far from the limit. */
  readonly spokenFrom: number;
  /** How many answers in a row named nothing. */
  readonly silence: number;
  /** What was spent when the service last confirmed it, and since, with nothing taken to have left the window. */
  readonly confirmed: number;
}

export const NO_USAGE: Usage = {
  slots: [],
  cost: 0,
  correction: 0,
  correctionUntil: 0,
  spokenFrom: Infinity,
  silence: 0,
  confirmed: 0,
};

/** Sums of fractions seldom come back to zero exactly. */
export const ROUNDING = 1e-9;

/** What of the budget is spent at an instant, by us and by others. */
export function spentAt(usage: Usage, now: number, windowMs: number): number {
  return Math.max(0, ownAt(usage, now, windowMs) + correctionAt(usage, now));
}

/** What of it we spent. */
export function ownAt(usage: Usage, now: number, windowMs: number): number {
  let own = 0;
  for (const slot of usage.slots) {
    if (slot.until + windowMs > now) {
      own += costOf(slot, usage.cost);
    }
  }
  return own;
}

/** What of that is not accounted for by our own requests. */
export function correctionAt(usage: Usage, now: number): number {
  return now < usage.correctionUntil ? usage.correction : 0;
}

/**
 * The first instant after `now` at which no more than `level` is spent, if
 * nobody spends any more.
 */
export function fallsTo(
  usage: Usage,
  level: number,
  now: number,
  windowMs: number,
): number {
  let own = usage.slots.reduce(
    (sum, slot) => sum + costOf(slot, usage.cost),
    0,
  );
  const { correctionUntil } = usage;
  const isLow = (instant: number) =>
    own + correctionAt(usage, instant) <= level + ROUNDING;
  for (const slot of usage.slots) {
    const leaves = slot.until + windowMs;
    if (
      correctionUntil > now &&
      correctionUntil < leaves &&
      isLow(correctionUntil)
    ) {
      return correctionUntil;
    }
    own -= costOf(slot, usage.cost);
    if (leaves > now && isLow(leaves)) {
      return leaves;
    }
  }
  return Math.max(now, correctionUntil);
}

function costOf(slot: Slot, cost: number): number {
  return slot.priced + slot.unpriced * cost;
}
