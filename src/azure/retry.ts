// What a fault means for pacing, and whether a request is sent once more. Pure.
import { ERROR_KINDS, lastingFault, type RequestFault } from './errors';
import type { Outcome, Priority } from './limiter/state';

/** For how long after it was first asked for a request for which a person waits is still repeated. */
const PERSON_WAITS_MS = 30_000;
const FIRST_RETRY_MS = 250;

/** How the limiter counts an answer that is a fault: as served, unless the fault is about load. */
export function outcomeOf(fault: RequestFault): Outcome {
  if (fault.throttling) {
    return fault.duringThrottling ? 'doubtful' : 'throttled';
  }
  return fault.kind === 'unavailable' || fault.kind === 'malformed'
    ? 'failed'
    : 'served';
}

/** The fault of a request that the limiter rejects: the service's last answer to it, if there was one. */
export function rejected(
  retryAfterMs: number,
  last: RequestFault | undefined,
): RequestFault {
  return {
    ...(last ?? {
      ...lastingFault(
        'throttled',
        'the service has throttled this identity, and the wait is too long',
      ),
      retryable: true,
      throttling: true,
    }),
    retryAfterMs,
    rejected: true,
  };
}

/**
 * After what delay in milliseconds to send a request once more; `undefined`
 * when it is not to be sent again.
 *
 * A throttled request needs no delay of its own: it waits for its permit, and
 * the limiter knows what the service asked for.
 */
export function retryDelay({
  fault,
  attempts,
  elapsedMs,
  priority,
  random,
}: {
  readonly fault: RequestFault;
  /** How often it has been sent. */
  readonly attempts: number;
  /** Since it was first asked for, in milliseconds. */
  readonly elapsedMs: number;
  readonly priority: Priority;
  /** From 0 to 1, for jitter. */
  readonly random: number;
}): number | undefined {
  if (
    !fault.retryable ||
    attempts >= (ERROR_KINDS[fault.kind].attempts ?? 1) ||
    (priority === 'interactive' && elapsedMs >= PERSON_WAITS_MS)
  ) {
    return undefined;
  }
  if (fault.throttling) {
    return 0;
  }
  const longest = FIRST_RETRY_MS * 2 ** (attempts - 1);
  return longest * (0.5 + random / 2);
}
