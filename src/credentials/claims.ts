/** What an access token says about itself. For messages only: nothing here is verified. */
export interface TokenClaims {
  readonly tenantId?: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number;
  /** The object id of the service principal or managed identity in the tenant. */
  readonly objectId?: string;
  readonly clientId?: string;
}

/** Reads the claims of the token in an Authorization header; `undefined` when it bears none that can be read. */
export function readClaims(authorization: string): TokenClaims | undefined {
  const payload = /^Bearer [\w-]+\.([\w-]+)\./.exec(authorization)?.[1];
  if (!payload) return undefined;
  try {
    const json: unknown = JSON.parse(
      Buffer.from(payload, 'base64url').toString('utf8'),
    );
    if (typeof json !== 'object' || json === null) return undefined;
    const text = (name: string): string | undefined => {
      const value: unknown = Reflect.get(json, name);
      return typeof value === 'string' ? value : undefined;
    };
    const exp: unknown = Reflect.get(json, 'exp');
    return {
      tenantId: text('tid'),
      expiresAt: typeof exp === 'number' ? exp * 1_000 : undefined,
      objectId: text('oid'),
      clientId: text('appid') ?? text('azp'),
    };
  } catch {
    return undefined;
  }
}
