import type {
  Accepted,
  SimulatedRequest,
  SimulatedResponse,
  SimulatedService,
} from '../http';
import type { Directory, Tenant } from './directory';
import { AadError, aadErrorResponse } from './errors';
import { grantClientCredentials } from './grants';
import { tenantIssuer, type TokenMint } from './tokens';

/** The names under which Entra is reached, in its public cloud and in those of the USA and of China. */
export const AUTHORITY_HOSTS: readonly string[] = [
  'login.microsoftonline.com',
  'login.microsoft.com',
  'login.windows.net',
  'sts.windows.net',
  'login.microsoftonline.us',
  'login.partner.microsoftonline.cn',
];

/** How long tokens live. */
export interface TokenLifetime {
  lifetimeSeconds: number;
}

interface AuthorityOptions {
  readonly directory: Directory;
  readonly mint: TokenMint;
  readonly lifetime: TokenLifetime;
  /** Epoch milliseconds of the simulator's clock. */
  readonly now: () => number;
  /** A fresh GUID for trace and correlation ids. */
  readonly newId: () => string;
}

/** The parts of the authority, as request counters and faults name them. */
type AuthorityEndpoint = 'openid' | 'token';

const ROUTES: ReadonlyArray<[AuthorityEndpoint, RegExp]> = [
  ['openid', /^\/([^/]+)\/(?:v2\.0\/)?\.well-known\/openid-configuration$/],
  ['token', /^\/([^/]+)\/oauth2\/v2\.0\/token$/],
];

/** The endpoint and the tenant of a request; `undefined` when the path is none of the authority's. */
function authorityRoute(
  pathname: string,
): { endpoint: AuthorityEndpoint; tenant: string } | undefined {
  for (const [endpoint, pattern] of ROUTES) {
    const match = pattern.exec(pathname);
    if (match) return { endpoint, tenant: decodeURIComponent(match[1] ?? '') };
  }
  return undefined;
}

/**
 * Entra's authority: OpenID configuration and tokens
 * of any tenant. Under its own name through the proxy, and under any other
 * `authorityHost` whose requests reach it.
 */
export class Authority implements SimulatedService {
  readonly #options: AuthorityOptions;

  constructor(options: AuthorityOptions) {
    this.#options = options;
  }

  accept(request: SimulatedRequest): Accepted | undefined {
    const route = authorityRoute(request.url.pathname);
    if (!route) {
      return AUTHORITY_HOSTS.includes(request.url.hostname)
        ? {
            description: { endpoint: 'other' },
            answer: () => ({
              status: 404,
              headers: { 'Content-Type': 'text/html' },
              body: '',
            }),
          }
        : undefined;
    }
    const { endpoint, tenant } = route;
    const clientId =
      endpoint === 'token' ? formOf(request).get('client_id') : null;
    return {
      description: {
        endpoint,
        identity: clientId ? `sp:${clientId.toLowerCase()}` : undefined,
      },
      answer: () => this.#answerOrError(endpoint, tenant, request),
    };
  }

  async #answerOrError(
    endpoint: AuthorityEndpoint,
    tenant: string,
    request: SimulatedRequest,
  ): Promise<SimulatedResponse> {
    try {
      return await this.#answer(endpoint, tenant, request);
    } catch (error) {
      if (!(error instanceof AadError)) throw error;
      const { now, newId } = this.#options;
      return aadErrorResponse(error, now(), {
        traceId: newId(),
        correlationId: correlationId(request) ?? newId(),
      });
    }
  }

  async #answer(
    endpoint: AuthorityEndpoint,
    tenantName: string,
    request: SimulatedRequest,
  ): Promise<SimulatedResponse> {
    switch (endpoint) {
      case 'openid':
        return openIdConfiguration(request.url, this.#tenant(tenantName));
      case 'token':
        return await this.#token(request, this.#tenant(tenantName));
    }
  }

  #tenant(name: string): Tenant {
    const tenant = this.#options.directory.tenant(name);
    if (tenant) return tenant;
    if (['common', 'organizations', 'consumers'].includes(name)) {
      throw new AadError(50059, {});
    }
    throw new AadError(90002, { tenant: name });
  }

  async #token(
    request: SimulatedRequest,
    tenant: Tenant,
  ): Promise<SimulatedResponse> {
    const { directory, mint, lifetime, now } = this.#options;
    const { subject, audience } = await grantClientCredentials(
      { directory, mint, now: now() },
      tenant,
      formOf(request),
    );
    const { lifetimeSeconds } = lifetime;
    return json({
      token_type: 'Bearer',
      expires_in: lifetimeSeconds,
      ext_expires_in: lifetimeSeconds,
      access_token: await mint.accessToken(subject, audience, lifetimeSeconds),
    });
  }
}

/** As much of it as MSAL asks for. */
function openIdConfiguration(url: URL, tenant: Tenant): SimulatedResponse {
  const base = `${url.origin}/${tenant.id}`;
  return json({
    token_endpoint: `${base}/oauth2/v2.0/token`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
    issuer: tenantIssuer(tenant.id),
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
  });
}

function formOf(request: SimulatedRequest): URLSearchParams {
  return new URLSearchParams(request.body.toString('utf8'));
}

function correlationId(request: SimulatedRequest): string | undefined {
  return (
    request.headers['client-request-id'] ??
    request.url.searchParams.get('client-request-id') ??
    undefined
  );
}

function json(body: unknown): SimulatedResponse {
  return {
    status: 200,
    headers: { 'Cache-Control': 'no-store, no-cache', Pragma: 'no-cache' },
    body,
  };
}
