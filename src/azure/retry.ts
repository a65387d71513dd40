import type { ClassifiedFault } from './classify';
import type { RequestErrorKind } from './errors';
import type { Priority } from './limiter/state';

/** What happened to a request so far. */
export interface RepeatQuestion {
  readonly fault: ClassifiedFault;
  /** How often it has been sent. */
  readonly attempts: number;
  /** Since it was first asked for, in milliseconds. */
  readonly elapsedMs: number;
  readonly priority: Priority;
  /** From 0 to 1, for jitter. */
  readonly random: number;
}

/** How often a request is sent at most, by what went wrong. Kinds not named are not repeated. */
const ATTEMPTS: Partial<Record<RequestErrorKind, number>> = {
  throttled: 6,
  unauthorized: 3,
  'sign-in': 3,
  unavailable: 4,
  network: 4,
  malformed: 3,
  // Each has already cost the whole of its deadline.
  timeout: 2,
};
/** For how long after it was first asked for a request is still repeated. */
const PERSISTENCE_MS: Readonly<Record<Priority, number>> = {
  interactive: 30_000,
  repeat: 900_000,
  background: 900_000,
};
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 10_000;

/**
 * Whether to send a request once more, and after what delay in milliseconds;
 * `undefined` when it is time to say what the service said.
 *
 * A throttled request needs no delay of its own: it waits for its turn, and the
 * limiter knows what the service asked for.
 */
export function retryDelay(question: RepeatQuestion): number | undefined {
  const { fault, attempts, elapsedMs, priority, random } = question;
  if (
    !fault.retryable ||
    attempts >= (ATTEMPTS[fault.kind] ?? 1) ||
    elapsedMs >= PERSISTENCE_MS[priority]
  ) {
    return undefined;
  }
  if (fault.throttling) {
    return 0;
  }
  const longest = Math.min(
    LONGEST_DELAY_MS,
    FIRST_DELAY_MS * 2 ** (attempts - 1),
  );
  return longest * (0.5 + random / 2);
}
