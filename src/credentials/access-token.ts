/** An access token and the time at which it stops being valid, in milliseconds since the epoch. */
export interface AccessToken {
  readonly token: string;
  readonly expiresAt: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** A renewal starts this long before expiry, or after three quarters of a shorter life. */
const RENEW_AHEAD = 15 * MINUTE;

/**
 * `@azure/identity` hands out a managed identity's token from its own cache
 * until less than five minutes are left, whoever asks. Asking again makes sense
 * only after that.
 */
const LIBRARY_CACHE_ENDS = 5 * MINUTE;

/** How long a token is not used any more before it expires: it has to arrive while it is valid. */
const MARGIN = 10 * SECOND;

/** Until when a token may be sent. */
export function usableUntil(token: AccessToken, obtainedAt: number): number {
  const life = token.expiresAt - obtainedAt;
  return token.expiresAt - Math.min(MARGIN, life / 10);
}

/** When to start renewing a token that has just been obtained. */
export function renewAt(token: AccessToken, obtainedAt: number): number {
  const life = token.expiresAt - obtainedAt;
  return token.expiresAt - Math.min(RENEW_AHEAD, life / 4);
}

/** When to ask again, after a renewal gave the very token that we had. */
export function renewAgainAt(token: AccessToken, now: number): number {
  return Math.max(
    token.expiresAt - LIBRARY_CACHE_ENDS + SECOND,
    now + 30 * SECOND,
  );
}

/** How long after the n-th failure in a row nobody asks again: 2, 4, 8, ... 60 seconds. */
export function pauseAfterFailure(failures: number): number {
  return Math.min(MINUTE, SECOND * 2 ** Math.min(failures, 10));
}

/**
 * When a token that has itself replaced a denied one may be replaced again:
 * not soon, since a second token is not accepted where the first was not.
 */
export function replaceableFrom(
  token: AccessToken,
  obtainedAt: number,
): number {
  const life = token.expiresAt - obtainedAt;
  return obtainedAt + Math.min(10 * MINUTE, life / 4);
}

/** What an access token says about itself. For messages only: nothing here is verified. */
interface TokenClaims {
  readonly tenantId?: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number;
  /** The object id of the service principal or managed identity in the tenant. */
  readonly objectId?: string;
  readonly clientId?: string;
}

/** Reads the claims of the token in an Authorization header; `undefined` when it bears none that can be read. */
export function readClaims(authorization: string): TokenClaims | undefined {
  const [scheme, token = ''] = authorization.split(' ', 2);
  const claims = scheme === 'Bearer' ? claimsOf(token) : undefined;
  if (!claims) return undefined;
  const text = (name: string): string | undefined => {
    const value = claims[name];
    return typeof value === 'string' ? value : undefined;
  };
  const { exp } = claims;
  return {
    tenantId: text('tid'),
    expiresAt: typeof exp === 'number' ? exp * 1_000 : undefined,
    objectId: text('oid'),
    clientId: text('appid') ?? text('azp'),
  };
}

/** The claims of a JSON Web Token, not verified; `undefined` for anything else. */
export function claimsOf(token: string): Record<string, unknown> | undefined {
  const payload = /^[\w-]+\.([\w-]+)\./.exec(token)?.[1];
  if (!payload) return undefined;
  try {
    const json: unknown = JSON.parse(
      Buffer.from(payload, 'base64url').toString('utf8'),
    );
    return typeof json === 'object' && json !== null ? { ...json } : undefined;
  } catch {
    return undefined;
  }
}
