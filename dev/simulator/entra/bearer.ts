import { serviceError } from '../errors';
import type { SimulatedResponse } from '../http';
import { identityOf, type Organization } from '../model';
import type { BearerAuthentication } from '../seams';
import {
  AZURE_DEVOPS_RESOURCE,
  InvalidTokenError,
  type TokenMint,
  type VerifiedToken,
} from './tokens';

/** How an identity with a good token is turned away nevertheless. */
export type SignInDenial =
  /** VS403463: a conditional access policy. */
  | 'conditional-access'
  /** TF400813: known, and not let in. */
  | 'unauthorized'
  /** VS403283: added a moment ago, not everywhere known yet. */
  | 'not-yet-known';

interface BearerOptions {
  readonly mint: TokenMint;
  /** Epoch milliseconds of the simulator's clock. */
  readonly now: () => number;
}

/** How many verified tokens are kept, so that a signature is checked once and not at every request. */
const REMEMBERED_TOKENS = 200;

/**
 * Decides about Entra access tokens that organizations are shown: audience,
 * tenant, time, signature, and whether the identity was added.
 */
export class BearerGate {
  readonly #options: BearerOptions;
  readonly #verified = new Map<string, VerifiedToken>();
  readonly #denials = new Map<string, SignInDenial>();
  /** Organization and identity of everybody that was let in once. */
  readonly #seen = new Set<string>();

  constructor(options: BearerOptions) {
    this.#options = options;
  }

  /** Turns an identity away from every organization; `undefined` lets it in again. */
  deny(identity: string, denial: SignInDenial | undefined): void {
    if (denial) this.#denials.set(identity, denial);
    else this.#denials.delete(identity);
  }

  readonly authenticate: BearerAuthentication = async (token, organization) => {
    const verified = await this.#verify(token);
    if (
      !verified ||
      verified.audience !== AZURE_DEVOPS_RESOURCE ||
      verified.tenantId.toLowerCase() !== organization.tenantId.toLowerCase()
    ) {
      return invalidToken(organization);
    }
    const name = identityName(verified);
    const identity = identityOf(name);
    const denial = this.#denials.get(name);
    if (denial) return denied(denial, verified, organization);
    const key = `${organization.id}/${name}`;
    const access = organization.access(identity);
    if (access?.level === 'none') {
      return denied('unauthorized', verified, organization);
    }
    if (!access) {
      return this.#seen.has(key)
        ? denied('unauthorized', verified, organization)
        : neverAdded(verified, organization);
    }
    this.#seen.add(key);
    return { identity };
  };

  async #verify(token: string): Promise<VerifiedToken | undefined> {
    const { mint, now } = this.#options;
    const known = this.#verified.get(token);
    if (known && known.validFrom <= now() && now() < known.expiresAt) {
      return known;
    }
    try {
      const verified = await mint.verify(token);
      if (this.#verified.size >= REMEMBERED_TOKENS) this.#verified.clear();
      this.#verified.set(token, verified);
      return verified;
    } catch (error) {
      if (error instanceof InvalidTokenError) return undefined;
      throw error;
    }
  }
}

/** The name under which the bearer of a token is counted and granted access. */
function identityName(token: VerifiedToken): string {
  if (!token.isManagedIdentity) return `sp:${token.clientId}`;
  return token.isSystemAssigned
    ? `mi:${token.objectId}`
    : `mi:${token.clientId}`;
}

/** The header with the tenant of an organization, in the answer to a denied caller. */
function tenantChallenge(
  organization: Organization,
): Record<string, string | readonly string[]> {
  const authority = `https://login.microsoftonline.com/${organization.tenantId}`;
  return {
    'WWW-Authenticate': [
      `Bearer authorization_uri=${authority}`,
      'Basic realm="https://tfsprodeus1.visualstudio.com/"',
      'TFS-Federated',
    ],
    'X-VSS-ResourceTenant': organization.tenantId,
  };
}

function invalidToken(organization: Organization): SimulatedResponse {
  return serviceError(
    401,
    'InvalidIdentityException',
    'TF400813: The user is not authorized to access this resource. ',
    { headers: tenantChallenge(organization), byteOrderMark: true },
  );
}

function neverAdded(
  { tenantId, objectId }: VerifiedToken,
  organization: Organization,
): SimulatedResponse {
  return serviceError(
    401,
    'UnauthorizedRequestException',
    `TF401444: Please sign-in at least once as ${tenantId}\\${tenantId}\\${objectId} in a web browser to enable access to the service.`,
    { headers: tenantChallenge(organization) },
  );
}

function denied(
  denial: SignInDenial,
  token: VerifiedToken,
  organization: Organization,
): SimulatedResponse {
  switch (denial) {
    case 'conditional-access':
      return serviceError(
        403,
        'AccessCheckException',
        'VS403463: The conditional access policy defined by your Microsoft Entra (Azure Active Directory) administrator has failed.',
      );
    case 'unauthorized':
      return serviceError(
        401,
        'UnauthorizedRequestException',
        `TF400813: The user '${token.tenantId}\\${token.objectId}' is not authorized to access this resource.`,
        { headers: tenantChallenge(organization) },
      );
    case 'not-yet-known':
      return serviceError(
        403,
        'IdentityNotMaterializedException',
        'VS403283: Could not add user at this time. Please try again later.',
      );
  }
}
