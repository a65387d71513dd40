import { guidOf } from './parse';

/** Response headers by lower-case name, as undici gives them. */
export type ResponseHeaders = Readonly<
  Record<string, string | string[] | undefined>
>;

/**
 * The rate limit as an answer's headers name it, with every time relative to the
 * answer: clocks differ, so absolute times are read against the `Date` header.
 *
 * Source: https://learn.microsoft.com/azure/devops/integrate/concepts/rate-limits
 */
export interface RateLimitSignal {
  /** `Retry-After`, in milliseconds. Also comes with 200. */
  readonly retryAfterMs?: number;
  /** `X-RateLimit-Delay`: how long this answer was held back, in milliseconds. */
  readonly delayMs?: number;
  /** `X-RateLimit-Limit`, in TSTUs. */
  readonly limit?: number;
  /** `X-RateLimit-Remaining`, in TSTUs. */
  readonly remaining?: number;
  /** `X-RateLimit-Cost`: what this request cost, in TSTUs. */
  readonly cost?: number;
}

/** Numbers beyond this are no measure of anything. */
const LARGEST = 1e12;

/** The first value of a header. */
export function headerOf(
  headers: ResponseHeaders,
  name: string,
): string | undefined {
  const value = headers[name];
  return typeof value === 'object' ? value[0] : value;
}

/** The media type of an answer, in lower case and without parameters; empty when absent. */
export function mediaTypeOf(headers: ResponseHeaders): string {
  const value = headerOf(headers, 'content-type') ?? '';
  return (value.split(';', 1)[0] ?? '').trim().toLowerCase();
}

/** The tenant that the organization is connected to, where the answer names it; all zeros for one of personal accounts. */
export function resourceTenantOf(headers: ResponseHeaders): string | undefined {
  return guidOf(headerOf(headers, 'x-vss-resourcetenant'));
}

/** The schemes of `WWW-Authenticate`, in lower case: ways to authenticate that the answer offers. */
export function challengesOf(headers: ResponseHeaders): string[] {
  const values = [headers['www-authenticate'] ?? []].flat();
  // A scheme stands alone or before its first parameter; proxies put several into one line.
  const schemes = /(?:^|,)\s*([A-Za-z][\w-]*)(?=\s*(?:,|$)|\s+[^=\s,])/g;
  return values.flatMap(value =>
    [...value.matchAll(schemes)].map(([, scheme = '']) => scheme.toLowerCase()),
  );
}

/**
 * What an answer names of the rate limit; `undefined` when it names nothing,
 * which is the rule far from the limits.
 *
 * @param now - epoch milliseconds, for answers without a `Date`
 */
export function readRateLimit(
  headers: ResponseHeaders,
  now: number,
): RateLimitSignal | undefined {
  if (
    headers['retry-after'] === undefined &&
    headers['x-ratelimit-remaining'] === undefined &&
    headers['x-ratelimit-delay'] === undefined &&
    headers['x-ratelimit-cost'] === undefined
  ) {
    return undefined;
  }
  const serviceNow = Date.parse(headerOf(headers, 'date') ?? '') || now;
  const delay = numberOf(headers, 'x-ratelimit-delay');
  return {
    retryAfterMs: readRetryAfter(headerOf(headers, 'retry-after'), serviceNow),
    delayMs: delay === undefined ? undefined : delay * 1000,
    limit: numberOf(headers, 'x-ratelimit-limit'),
    remaining: numberOf(headers, 'x-ratelimit-remaining'),
    cost: numberOf(headers, 'x-ratelimit-cost'),
  };
}

/** `Retry-After` in milliseconds: whole or decimal seconds, or an HTTP date. */
function readRetryAfter(
  value: string | undefined,
  serviceNow: number,
): number | undefined {
  if (value === undefined) {
    return undefined;
  }
  const seconds = numberIn(value);
  if (seconds !== undefined) {
    return seconds * 1000;
  }
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - serviceNow);
}

/** A header that is a number of 0 or more. */
function numberOf(headers: ResponseHeaders, name: string): number | undefined {
  const value = headerOf(headers, name);
  return value === undefined ? undefined : numberIn(value);
}

function numberIn(value: string): number | undefined {
  const number = /^\s*\d+(\.\d+)?\s*$/.test(value) ? Number(value) : NaN;
  return number <= LARGEST ? number : undefined;
}
