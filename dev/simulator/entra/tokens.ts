import type { KeyObject } from 'node:crypto';
import type { CryptoKey, JWTPayload } from 'jose' with {
  'resolution-mode': 'import',
};

// The library is an ES module, which CommonJS can only import while running.
export const loadJose = () => import('jose');
type Jose = Awaited<ReturnType<typeof loadJose>>;
type KeyPair = Awaited<ReturnType<Jose['generateKeyPair']>>;

/** The application id of Azure DevOps, the audience of its tokens. */
export const AZURE_DEVOPS_RESOURCE = '499b84ac-1321-427f-aa17-267ca6975798';

/** The resource for which a managed identity gets the assertion of an application. */
export const TOKEN_EXCHANGE_RESOURCE = 'api://AzureADTokenExchange';

/** Resources for which tokens are given, by every name they go under, without a trailing slash. */
const RESOURCES = new Map<string, string>([
  [AZURE_DEVOPS_RESOURCE, AZURE_DEVOPS_RESOURCE],
  [`api://${AZURE_DEVOPS_RESOURCE}`, AZURE_DEVOPS_RESOURCE],
  ['https://app.vssps.visualstudio.com', AZURE_DEVOPS_RESOURCE],
  [TOKEN_EXCHANGE_RESOURCE.toLowerCase(), TOKEN_EXCHANGE_RESOURCE],
]);

/** The audience of tokens for a resource; `undefined` for one that no tenant knows. */
export function audienceOf(resource: string): string | undefined {
  return RESOURCES.get(resource.toLowerCase().replace(/\/+$/, ''));
}

/** The issuer of a tenant's version 2 tokens; federated credentials name it. */
export function tenantIssuer(tenantId: string): string {
  return `https://login.microsoftonline.com/${tenantId.toLowerCase()}/v2.0`;
}

/** Whether an issuer is some tenant, rather than another provider of identities. */
export function isTenantIssuer(issuer: string): boolean {
  return issuer.startsWith('https://login.microsoftonline.com/');
}

/** Who a token is about. */
export interface TokenSubject {
  readonly tenantId: string;
  readonly objectId: string;
  readonly clientId: string;
  /** The Azure resource of a managed identity. */
  readonly resourceId?: string;
}

/** What an assertion says of itself, after verification. */
export interface AssertionClaims {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
}

/** The claims of an access token that passed verification. */
export interface VerifiedToken {
  readonly audience: string;
  readonly issuer: string;
  readonly subject: string;
  readonly tenantId: string;
  readonly objectId: string;
  readonly clientId: string;
  readonly isManagedIdentity: boolean;
  /** Whether the managed identity belongs to one resource alone. */
  readonly isSystemAssigned: boolean;
  /** Epoch milliseconds. */
  readonly validFrom: number;
  readonly expiresAt: number;
}

/** Why a token is not valid. */
export class InvalidTokenError extends Error {
  constructor(
    readonly reason: 'malformed' | 'signature' | 'expired' | 'not-yet-valid',
    message: string,
    /** Seconds since 1970, as the token says. */
    readonly validity?: { notBefore?: number; expires?: number },
  ) {
    super(message);
  }
}

/** Stands in the Azure resource id of every user-assigned identity. */
const USER_ASSIGNED = '/userAssignedIdentities/';

/** Signs and verifies tokens with one RSA key pair, made when it is first needed. */
export class Signer {
  #keys: Promise<KeyPair> | undefined;

  constructor(
    private readonly keyId: string,
    private readonly now: () => number,
  ) {}

  /** A token that is valid from now on, for so many seconds. */
  async sign(claims: JWTPayload, lifetimeSeconds: number): Promise<string> {
    const issuedAt = Math.floor(this.now() / 1000);
    const { SignJWT } = await loadJose();
    const { privateKey } = await this.#keyPair();
    return await new SignJWT({
      ...claims,
      iat: issuedAt,
      nbf: issuedAt,
      exp: issuedAt + lifetimeSeconds,
    })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: this.keyId })
      .sign(privateKey);
  }

  /**
   * Checks form, signature and time of a token.
   *
   * @throws InvalidTokenError
   */
  async verify(
    token: string,
  ): Promise<AssertionClaims & { claims: JWTPayload }> {
    const { publicKey } = await this.#keyPair();
    return await verifySigned(token, publicKey, this.now());
  }

  #keyPair(): Promise<KeyPair> {
    this.#keys ??= loadJose().then(jose => jose.generateKeyPair('RS256'));
    return this.#keys;
  }
}

/** The access tokens of Entra. */
export class TokenMint {
  readonly #signer: Signer;

  constructor(now: () => number) {
    this.#signer = new Signer('simulator-1', now);
  }

  /** An access token as Entra would sign it; the lifetime is in seconds. */
  async accessToken(
    subject: TokenSubject,
    audience: string,
    lifetimeSeconds: number,
  ): Promise<string> {
    // Azure DevOps takes version 1 tokens; the token exchange wants version 2.
    const issuer =
      audience === TOKEN_EXCHANGE_RESOURCE
        ? tenantIssuer(subject.tenantId)
        : `https://sts.windows.net/${subject.tenantId}/`;
    return await this.#signer.sign(
      {
        aud: audience,
        iss: issuer,
        appid: subject.clientId,
        appidacr: subject.resourceId ? '2' : '1',
        idp: issuer,
        idtyp: 'app',
        oid: subject.objectId,
        sub: subject.objectId,
        tid: subject.tenantId,
        ver: audience === TOKEN_EXCHANGE_RESOURCE ? '2.0' : '1.0',
        ...(subject.resourceId ? { xms_mirid: subject.resourceId } : {}),
      },
      lifetimeSeconds,
    );
  }

  /**
   * Checks form, signature and time, against the simulator's clock.
   *
   * @throws InvalidTokenError
   */
  async verify(token: string): Promise<VerifiedToken> {
    const { claims, ...verified } = await this.#signer.verify(token);
    const resourceId = text(claims['xms_mirid']);
    return {
      ...verified,
      tenantId: text(claims['tid']),
      objectId: text(claims['oid']),
      clientId: text(claims['appid']),
      isManagedIdentity: resourceId !== '',
      isSystemAssigned:
        resourceId !== '' && !resourceId.includes(USER_ASSIGNED),
      validFrom: (claims.nbf ?? 0) * 1000,
      expiresAt: (claims.exp ?? 0) * 1000,
    };
  }
}

/**
 * Checks form, signature and time of a JSON Web Token.
 *
 * @param now - epoch milliseconds
 * @param clockTolerance - seconds by which the clock of its maker may be off
 * @throws InvalidTokenError
 */
export async function verifySigned(
  token: string,
  key: CryptoKey | KeyObject,
  now: number,
  clockTolerance = 0,
): Promise<AssertionClaims & { claims: JWTPayload }> {
  const jose = await loadJose();
  let claims: JWTPayload;
  try {
    claims = jose.decodeJwt(token);
  } catch {
    throw new InvalidTokenError('malformed', 'The token is not a JWT');
  }
  try {
    await jose.jwtVerify(token, key, {
      algorithms: ['RS256', 'PS256'],
      currentDate: new Date(now),
      clockTolerance,
    });
  } catch (error) {
    throw invalidTokenError(error, claims, jose.errors);
  }
  return {
    issuer: claims.iss ?? '',
    subject: claims.sub ?? '',
    audience: first(claims.aud),
    claims,
  };
}

function invalidTokenError(
  error: unknown,
  claims: JWTPayload,
  errors: Jose['errors'],
): InvalidTokenError {
  const validity = { notBefore: claims.nbf, expires: claims.exp };
  if (error instanceof errors.JWTExpired) {
    return new InvalidTokenError('expired', 'The token has expired', validity);
  }
  if (
    error instanceof errors.JWTClaimValidationFailed &&
    error.claim === 'nbf'
  ) {
    return new InvalidTokenError(
      'not-yet-valid',
      'The token is not valid yet',
      validity,
    );
  }
  return new InvalidTokenError(
    'signature',
    'The signature could not be verified',
  );
}

function first(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? '';
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
