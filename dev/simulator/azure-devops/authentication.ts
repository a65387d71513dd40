import {
  CLOUD_REALM,
  credentialDenied,
  deniedByIis,
  serviceError,
  signInPage,
} from '../errors';
import type { SimulatedRequest, SimulatedResponse } from '../http';
import {
  identityOf,
  nameKey,
  type Organization,
  type UnknownCallers,
} from '../model';
import type { Authentication, BearerAuthentication } from '../seams';

export interface PersonalAccessTokenOptions {
  /** The name of the identity that it belongs to. */
  readonly identity: string;
  /** For example `vso.code`, `vso.project`. Default: full access. */
  readonly scopes?: readonly string[];
  /** The names of the organizations that it is good for. Default: all that the identity is a member of. */
  readonly organizations?: readonly string[];
  /** Default `valid`. */
  state?: 'valid' | 'expired' | 'revoked';
}

/** A personal access token as the service keeps it: change its `state` to expire, revoke or restore it. */
export type PersonalAccessToken = PersonalAccessTokenOptions &
  Required<Pick<PersonalAccessTokenOptions, 'state'>>;

/** Identifies the caller by `Authorization`, as the services and the Server do. */
export class Authenticator {
  readonly #tokens = new Map<string, PersonalAccessToken>();
  readonly #bearer: BearerAuthentication;

  constructor(bearer: BearerAuthentication) {
    this.#bearer = bearer;
  }

  add(token: string, options: PersonalAccessTokenOptions): PersonalAccessToken {
    const added: PersonalAccessToken = { state: 'valid', ...options };
    this.#tokens.set(token, added);
    return added;
  }

  token(token: string): PersonalAccessToken | undefined {
    return this.#tokens.get(token);
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
    // A Server knows nothing of Entra.
    if (bearer && organization.deployment === 'cloud') {
      return await this.#bearer(bearer[1]!, organization);
    }
    const token = this.tokenOf(request);
    const isGoodHere = token?.organizations?.some(
      name => nameKey(name) === nameKey(organization.name),
    );
    if (!token || isGoodHere === false) {
      return signIn(request, organization);
    }
    if (token.state !== 'valid') {
      return deniedToken(organization);
    }
    const identity = identityOf(token.identity);
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
export function deniedToken(organization: Organization): SimulatedResponse {
  return organization.deployment === 'cloud'
    ? credentialDenied()
    : { status: 401, headers: { 'WWW-Authenticate': SERVER_CHALLENGES } };
}

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
    return deniedByIis(SERVER_CHALLENGES);
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
