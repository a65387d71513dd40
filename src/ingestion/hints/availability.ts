import { AzureDevOpsRequestError } from '../../azure/errors';
import { IndexUnusableError } from './code-search-memory';

/** After this time a source that the service lacks or refuses is tried again, in milliseconds. */
const REFUSED_FOR_MS = 6 * 60 * 60 * 1_000;
/** An index that is being built is looked at again after this time, in milliseconds. */
const BUILDING_FOR_MS = 60 * 60 * 1_000;
/** After a failure that may pass; doubled with each further one, in milliseconds. */
const FAILED_FOR_MS = 15 * 60 * 1_000;

/** What only somebody can change: the service lacks it, the identity may not use it, or something is in the way. */
const REFUSALS: ReadonlySet<string> = new Set([
  'not-found',
  'forbidden',
  'unauthorized',
  'sign-in',
  'bad-request',
  'redirected',
  'too-large',
]);

/** Whether something can be asked at present. */
export interface Availability {
  /** Failures in a row. */
  readonly failures: number;
  /** Until when it is not asked, in milliseconds since 1970. */
  readonly offUntil?: number;
  readonly reason?: string;
}

export const AVAILABLE: Availability = { failures: 0 };

/** Pure. What follows from a question that ended in an error. */
export function afterFailure(
  { failures }: Availability,
  error: unknown,
  now: number,
): Availability {
  const pause = isRefusal(error)
    ? REFUSED_FOR_MS
    : error instanceof IndexUnusableError
      ? BUILDING_FOR_MS
      : Math.min(FAILED_FOR_MS * 2 ** failures, REFUSED_FOR_MS);
  return {
    failures: failures + 1,
    offUntil: now + pause,
    reason: error instanceof Error ? error.message : String(error),
  };
}

export function isOff({ offUntil }: Availability, now: number): boolean {
  return offUntil !== undefined && now < offUntil;
}

/** Whether the service lacks what was asked for, or refuses it; the same will come of asking again. */
export function isRefusal(error: unknown): boolean {
  return (
    error instanceof AzureDevOpsRequestError &&
    REFUSALS.has(error.kind) &&
    !error.duringThrottling
  );
}
