import type { Organization } from '../organization';
import { readClaims } from './access-token';
import { composeMessage, CredentialError } from './errors';
import { type Diagnosis, diagnose, type ProblemId } from './problems/diagnosis';
import { authorityOf } from './tokens';
import type { CredentialDescription, OrganizationCredential } from './types';

/** What an organization shows without a credential. */
export interface OrganizationProbe {
  /** False on a positive 404; absent when the answer shows neither. */
  readonly exists?: boolean;
  /** The tenant that it is connected to; all zeros for an organization of personal accounts. */
  readonly tenantId?: string;
  /** How far the service's clock is ahead of ours, in milliseconds; 0 when no further than the request itself took. */
  readonly clockAheadMs?: number;
}

export interface ExplainOptions {
  /** Asks the organization about itself, without a credential: see `probeOrganization`. Without it a wrong tenant shows only where the answer names the right one. */
  readonly probe?: (
    organization: Organization,
  ) => Promise<OrganizationProbe | undefined>;
  /** Whether the same credential is accepted where no scope is needed, if that was tried. */
  readonly identityAccepted?: boolean;
}

/** A request to Azure DevOps that failed. An `AzureDevOpsRequestError` is one. */
export interface AccessFailure {
  readonly organization: Organization;
  readonly fault: AccessFault;
}

/** A diagnosis, and all of it in one line. */
export interface AccessExplanation {
  readonly diagnosis: Diagnosis;
  readonly message: string;
}

/**
 * Why an organization could not be read, and what to do: the cause behind
 * a request that Azure DevOps denied or did not answer.
 *
 * @param failure - the fault of an `AzureDevOpsRequestError`, or a `CredentialError`
 * @param credential - the credential that the request was made with
 */
export async function explainAccessError(
  failure: AccessFailure | CredentialError,
  credential: OrganizationCredential,
  options: ExplainOptions = {},
): Promise<AccessExplanation> {
  if (failure instanceof CredentialError) {
    return { diagnosis: failure.diagnosis, message: failure.message };
  }
  const { organization, fault } = failure;
  const description = credential.describe();
  const probe = mayBeElsewhere(fault)
    ? await options.probe?.(organization)
    : undefined;
  const context = {
    credential: description,
    tokenTenant: await tenantOfToken(credential),
    organizationTenant: probe?.tenantId ?? fault.resourceTenant,
    organizationExists: probe?.exists,
    identityAccepted: options.identityAccepted,
  };
  const problem = classifyAccessFault(fault, context);
  const diagnosis = diagnose(problem, {
    organization,
    credential: description,
    detail: fault.serviceMessage ?? fault.seen,
    advice: fault.cure,
    authority: authorityOf(process.env),
    tokenTenant: context.tokenTenant,
    organizationTenant: context.organizationTenant,
  });
  const message = composeMessage(organization, description, diagnosis);
  return { diagnosis, message };
}

/** Whether the organization itself, or its tenant, may be what is wrong. */
function mayBeElsewhere(fault: AccessFault): boolean {
  return (
    !fault.duringThrottling &&
    ['unauthorized', 'sign-in', 'forbidden', 'not-found'].includes(fault.kind)
  );
}

async function tenantOfToken(
  credential: OrganizationCredential,
): Promise<string | undefined> {
  try {
    return readClaims(await credential.getAuthorization())?.tenantId;
  } catch {
    return undefined;
  }
}

/** As much of what went wrong with a request as a diagnosis needs. */
export interface AccessFault {
  readonly kind: string;
  /** What was seen, as a clause. */
  readonly seen: string;
  /** What to do, where more is known than the kind. */
  readonly cure?: string;
  readonly status?: number;
  readonly typeKey?: string;
  readonly serviceMessage?: string;
  /** The tenant that the organization is connected to, where the answer names it. */
  readonly resourceTenant?: string;
  /** The schemes that a 401 offers, in lower case. */
  readonly challenges?: readonly string[];
  /** The service was throttling the identity, and then denies valid credentials too. */
  readonly duringThrottling?: boolean;
}

/** What else is known when it is judged. */
export interface AccessContext {
  readonly credential: CredentialDescription;
  /** The tenant of the token, if the credential is one of Microsoft Entra and the token names it. */
  readonly tokenTenant?: string;
  /** The tenant that the organization is connected to. */
  readonly organizationTenant?: string;
  /** Whether the organization is there, if it was asked. */
  readonly organizationExists?: boolean;
  /** Whether the same credential is accepted where no scope is needed, if that was tried. */
  readonly identityAccepted?: boolean;
}

/** The problem that a request to Azure DevOps failed with. */
export function classifyAccessFault(
  fault: AccessFault,
  context: AccessContext,
): ProblemId {
  if (fault.duringThrottling) return 'service-throttled';
  switch (fault.kind) {
    case 'throttled':
      return 'service-throttled';
    case 'unavailable':
    case 'timeout':
      return 'service-unavailable';
    case 'network':
      return 'service-unreachable';
    case 'unauthorized':
    case 'sign-in':
    case 'forbidden':
      return context.organizationExists === false
        ? 'organization-not-found'
        : denial(fault, context);
    case 'not-found':
      return missing(fault, context);
    default:
      return 'answer-not-understood';
  }
}

/**
 * How the service answers somebody whom it takes for nobody: without a
 * credential, or with one that it does not know. The user is one that stands
 * for nobody.
 *
 * Sources: microsoft/azure-pipelines-agent issues 1839 and 2565
 */
const TAKEN_FOR_NOBODY =
  /TF400813.*(?:anonymous access|aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa)/is;

function denial(fault: AccessFault, context: AccessContext): ProblemId {
  const { serviceMessage = '' } = fault;
  if (/VS403463/.test(serviceMessage)) return 'conditional-access';
  if (context.credential.kind === 'personal access token') {
    return denialOfPersonalAccessToken(fault, context);
  }
  if (isWrongTenant(fault, context)) return 'wrong-tenant';
  if (/TF401444|VS403283/.test(serviceMessage)) return 'identity-not-added';
  if (
    fault.typeKey === 'InvalidIdentityException' ||
    TAKEN_FOR_NOBODY.test(serviceMessage)
  ) {
    return 'token-not-accepted';
  }
  if (/TF400813/.test(serviceMessage)) return 'identity-not-authorized';
  if (fault.kind === 'sign-in') return 'sign-in-page';
  return fault.kind === 'unauthorized'
    ? 'token-not-accepted'
    : 'permission-missing';
}

function denialOfPersonalAccessToken(
  fault: AccessFault,
  context: AccessContext,
): ProblemId {
  const { serviceMessage = '', kind } = fault;
  if (/\bexpired\b/i.test(serviceMessage)) {
    return 'personal-access-token-expired';
  }
  if (/\brevoked\b/i.test(serviceMessage)) {
    return 'personal-access-token-revoked';
  }
  if (/\bscopes?\b/i.test(serviceMessage)) return 'personal-access-token-scope';
  if (TAKEN_FOR_NOBODY.test(serviceMessage)) {
    return 'personal-access-token-unknown';
  }
  if (/TF400813/.test(serviceMessage)) return 'identity-not-authorized';
  if (kind === 'forbidden') return 'permission-missing';
  if (context.identityAccepted) return 'personal-access-token-scope';
  if (isAnsweredByIis(fault)) return 'iis-basic-authentication';
  // The service answers a token that it does not know as it answers none at all:
  // with the ways to sign in, which are absent for a token that it knows.
  return kind === 'sign-in' || fault.resourceTenant !== undefined
    ? 'personal-access-token-unknown'
    : 'personal-access-token-refused';
}

/**
 * Whether IIS denied the request before Azure DevOps Server saw it: with the
 * Windows schemes and Basic, without a word of the Server's, and without the
 * Bearer scheme that the Server offers itself.
 *
 * Source: https://learn.microsoft.com/azure/devops/integrate/get-started/authentication/iis-basic-auth
 */
function isAnsweredByIis({
  challenges = [],
  typeKey,
  serviceMessage = '',
}: AccessFault): boolean {
  const offers = (scheme: string) => challenges.includes(scheme);
  return (
    offers('basic') &&
    (offers('ntlm') || offers('negotiate')) &&
    !offers('bearer') &&
    typeKey === undefined &&
    !/\b(?:TF|VS)\d{5,}/.test(serviceMessage)
  );
}

function isWrongTenant(fault: AccessFault, context: AccessContext): boolean {
  const organizationTenant = context.organizationTenant ?? fault.resourceTenant;
  return (
    organizationTenant !== undefined &&
    context.tokenTenant !== undefined &&
    organizationTenant.toLowerCase() !== context.tokenTenant.toLowerCase()
  );
}

function missing(fault: AccessFault, context: AccessContext): ProblemId {
  if (/^ProjectDoesNotExist/.test(fault.typeKey ?? '')) {
    return 'project-not-found';
  }
  // Whatever the service knows to be missing it names; a bare 404 is its front
  // end's, which does not know the organization.
  return context.organizationExists === false || !fault.typeKey
    ? 'organization-not-found'
    : 'permission-missing';
}
