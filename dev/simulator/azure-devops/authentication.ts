import { serviceError, signInPage } from '../errors';
import type { SimulatedRequest, SimulatedResponse } from '../http';
import type { Identities, Organization, UnknownCallers } from '../model';
import type { Authentication, BearerAuthentication } from '../seams';

export interface PersonalAccessTokenOptions {
  /** The name of the identity that it belongs to. */
  readonly identity: string;
  /** Default `valid`. */
  readonly state?: PersonalAccessTokenState;
  /** For example `vso.code`, `vso.project`. Default: full access. */
  readonly scopes?: readonly string[];
  /** The names of the organizations that it is good for. Default: all that the identity is a member of. */
  readonly organizations?: readonly string[];
}

type PersonalAccessTokenState = 'valid' | 'expired' | 'revoked';

/** A personal access token as the service keeps it. */
export class PersonalAccessToken {
  readonly token: string;
  readonly identity: string;
  readonly scopes: readonly string[] | undefined;
  readonly organizations: readonly string[] | undefined;
  /** Change it to expire, revoke or restore the token. */
  state: PersonalAccessTokenState;

  constructor(token: string, options: PersonalAccessTokenOptions) {
    this.token = token;
    this.identity = options.identity;
    this.state = options.state ?? 'valid';
    this.scopes = options.scopes;
    this.organizations = options.organizations?.map(name => name.toLowerCase());
  }
}

/** Identifies the caller by `Authorization`, as the services and the Server do. */
export class Authenticator {
  readonly #identities: Identities;
  readonly #tokens = new Map<string, PersonalAccessToken>();
  #bearer: BearerAuthentication | undefined;

  constructor(identities: Identities) {
    this.#identities = identities;
  }

  add(token: string, options: PersonalAccessTokenOptions): PersonalAccessToken {
    this.#identities.named(options.identity);
    const added = new PersonalAccessToken(token, options);
    this.#tokens.set(token, added);
    return added;
  }

  token(token: string): PersonalAccessToken | undefined {
    return this.#tokens.get(token);
  }

  useBearer(authentication: BearerAuthentication): void {
    this.#bearer = authentication;
  }

  /** The personal access token that a request bears, whatever its state. */
  tokenOf(request: SimulatedRequest): PersonalAccessToken | undefined {
    const password = basicPassword(request.headers['authorization']);
    return password === undefined ? undefined : this.#tokens.get(password);
  }

  async authenticate(
    request: SimulatedRequest,
    organization: Organization,
  ): Promise<Authentication> {
    const bearer = /^bearer (.+)$/i.exec(
      request.headers['authorization'] ?? '',
    );
    if (bearer && this.#bearer) {
      return await this.#bearer(bearer[1]!, organization, request);
    }
    const token = this.tokenOf(request);
    if (
      !token ||
      token.organizations?.includes(organization.name.toLowerCase()) === false
    ) {
      return signIn(request, organization);
    }
    if (token.state !== 'valid') {
      return refusedToken(organization);
    }
    const identity = this.#identities.named(token.identity);
    const access = organization.access(identity);
    return access && access.level !== 'none'
      ? { identity }
      : serviceError(
          401,
          'UnauthorizedRequestException',
          `TF400813: The user '${identity.displayName}' is not authorized to access this resource.`,
        );
  }
}

/** The answer to a token that is expired or revoked, or lacks a scope: empty. */
export function refusedToken(organization: Organization): SimulatedResponse {
  return {
    status: 401,
    headers: {
      'WWW-Authenticate':
        organization.deployment === 'cloud' ? CLOUD_REALM : SERVER_CHALLENGES,
    },
  };
}

const CLOUD_REALM = 'Basic realm="https://tfsprodcus14.visualstudio.com/"';
const SERVER_CHALLENGES = [
  'Bearer',
  'Basic realm="localhost"',
  'Negotiate',
  'NTLM',
];

/** TF400813 as the service answers a caller without any credential, and one whose token it does not know. */
function unknownCaller(
  kind: Exclude<UnknownCallers, 'sign-in'>,
): SimulatedResponse {
  return serviceError(
    401,
    'UnauthorizedRequestException',
    kind === 'anonymous'
      ? 'TF400813: Resource not available for anonymous access. Client authentication required.'
      : "TF400813: The user 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa' is not authorized to access this resource.",
  );
}

/** The answer to an unknown caller: the sign-in page, or 401 if a redirect is not wanted. */
function signIn(
  request: SimulatedRequest,
  organization: Organization,
): SimulatedResponse {
  if (organization.unknownCallers !== 'sign-in') {
    return unknownCaller(organization.unknownCallers);
  }
  if (organization.deployment === 'server') {
    return {
      status: 401,
      headers: {
        'Content-Type': 'text/html',
        'WWW-Authenticate': SERVER_CHALLENGES,
      },
      body: '<!DOCTYPE html>\r\n<html><head><title>401 - Unauthorized: Access is denied due to invalid credentials.</title></head><body></body></html>\r\n',
    };
  }
  if (request.headers['x-tfs-fedauthredirect']?.toLowerCase() === 'suppress') {
    return {
      status: 401,
      headers: {
        'WWW-Authenticate': [
          `Bearer authorization_uri=https://login.microsoftonline.com/${organization.tenantId}`,
          CLOUD_REALM,
          'TFS-Federated',
        ],
        'X-VSS-ResourceTenant': organization.tenantId,
      },
    };
  }
  return signInPage(203);
}

function basicPassword(authorization: string | undefined): string | undefined {
  const match = /^basic ([a-z0-9+/=]+)$/i.exec(authorization ?? '');
  if (!match) {
    return undefined;
  }
  const decoded = Buffer.from(match[1]!, 'base64').toString();
  const colon = decoded.indexOf(':');
  // The user's name may be anything.
  return colon < 0 ? undefined : decoded.slice(colon + 1);
}
