import type { Lane, LimiterOptions } from './options';
import type { LimiterState } from './state';
import { correctionAt, fallsTo, ROUNDING, spentAt } from './usage';

/** Whether a request may be sent, and if not, until when it certainly may not. */
export type Admission =
  | { readonly admitted: true }
  | {
      readonly admitted: false;
      readonly because: 'concurrency' | 'pause' | 'budget';
      /** `Infinity` when only the end of another request can change it. */
      readonly until: number;
    };

/** The part of a budget that others must have spent for it to pay to look again. */
const MUCH_BY_OTHERS = 0.05;

/** Whether a request of a lane may be sent now. */
export function admission(
  state: LimiterState,
  lane: Lane,
  now: number,
  options: LimiterOptions,
): Admission {
  if (now < state.pausedUntil) {
    return { admitted: false, because: 'pause', until: state.pausedUntil };
  }
  if (state.inFlight + 1 > Math.max(1, Math.floor(state.concurrency))) {
    return { admitted: false, because: 'concurrency', until: Infinity };
  }
  return budgetAdmission(state, lane, now, options);
}

function budgetAdmission(
  { usage, inFlight, startedAt }: LimiterState,
  lane: Lane,
  now: number,
  { reserve, windowMs, lookAgainMs }: LimiterOptions,
): Admission {
  if (usage.limit === undefined) {
    return { admitted: true };
  }
  const underWay = (inFlight + 1) * usage.cost;
  const level = usage.limit * (1 - reserve[lane]) - underWay;
  const spent = spentAt(usage, now, windowMs);
  // Where one request alone is beyond the budget, it is sent when nothing else is.
  const fits = spent <= level + ROUNDING || (inFlight === 0 && spent <= 0);
  if (fits && (inFlight === 0 || usage.confirmed <= level)) {
    return { admitted: true };
  }
  if (inFlight > 0 && (fits || level < 0)) {
    // That something has left the window is our own reckoning: the answer to
    // one request confirms it before the others follow.
    return { admitted: false, because: 'budget', until: Infinity };
  }
  const until = fallsTo(usage, Math.max(0, level), now, windowMs);
  const byOthers = correctionAt(usage, now);
  if (
    inFlight > 0 ||
    spent - byOthers > level ||
    byOthers < MUCH_BY_OTHERS * usage.limit
  ) {
    return { admitted: false, because: 'budget', until };
  }
  // Others fill it, and only an answer can tell when they stop.
  const lookAgain = startedAt + lookAgainMs;
  return now >= lookAgain
    ? { admitted: true }
    : { admitted: false, because: 'budget', until: Math.min(until, lookAgain) };
}
