import { readClaims } from '../credentials/access-token';
import { composeMessage } from '../credentials/errors';
import {
  type Diagnosis,
  diagnose,
  type ProblemId,
} from '../credentials/problems/diagnosis';
import type {
  CredentialDescription,
  OrganizationCredential,
} from '../credentials/types';
import {
  type AzureDevOpsRequestError,
  ERROR_KINDS,
  type RequestFault,
} from './errors';
import { askAnonymously } from './anonymous';

/** A diagnosis, and all of it in one line. */
interface AccessExplanation {
  readonly diagnosis: Diagnosis;
  readonly message: string;
}

/**
 * Why an organization could not be read, and what to do: the cause behind
 * a request that Azure DevOps denied or did not answer.
 *
 * @param credential - the credential that the request was made with
 * @param identityAccepted - whether the same credential is accepted where no scope is needed, if that was tried
 */
export async function explainAccessError(
  { organization, fault }: AzureDevOpsRequestError,
  credential: OrganizationCredential,
  identityAccepted?: boolean,
): Promise<AccessExplanation> {
  const description = credential.describe();
  // The organization itself, or its tenant, may be what is wrong.
  const anonymous =
    ERROR_KINDS[fault.kind].aboutCredential && !fault.duringThrottling
      ? await askAnonymously(organization)
      : undefined;
  const known = {
    credential: description,
    tokenTenant: await tenantOfToken(credential),
    organizationTenant: anonymous?.tenantId ?? fault.resourceTenant,
    organizationExists: anonymous?.exists,
    identityAccepted,
  };
  const diagnosis = diagnose(classifyAccessFault(fault, known), {
    ...known,
    organization,
    detail: fault.serviceMessage ?? fault.seen,
    advice: fault.cure ?? ERROR_KINDS[fault.kind].cure(organization, fault),
  });
  const message = composeMessage(organization, description, diagnosis);
  return { diagnosis, message };
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

/** What is known beside the fault. */
interface AccessContext {
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
  fault: RequestFault,
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
    case 'malformed':
    case 'redirected':
      return 'answer-not-understood';
    case 'aborted':
    case 'bad-request':
    case 'broken-link':
    case 'disk':
    case 'too-large':
      return 'request-failed';
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

function denial(fault: RequestFault, context: AccessContext): ProblemId {
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
  fault: RequestFault,
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
}: RequestFault): boolean {
  const offers = (scheme: string) => challenges.includes(scheme);
  return (
    offers('basic') &&
    (offers('ntlm') || offers('negotiate')) &&
    !offers('bearer') &&
    typeKey === undefined &&
    !/\b(?:TF|VS)\d{5,}/.test(serviceMessage)
  );
}

function isWrongTenant(fault: RequestFault, context: AccessContext): boolean {
  const organizationTenant = context.organizationTenant ?? fault.resourceTenant;
  return (
    organizationTenant !== undefined &&
    context.tokenTenant !== undefined &&
    organizationTenant.toLowerCase() !== context.tokenTenant.toLowerCase()
  );
}

function missing(fault: RequestFault, context: AccessContext): ProblemId {
  if (/^ProjectDoesNotExist/.test(fault.typeKey ?? '')) {
    return 'project-not-found';
  }
  if (context.organizationExists === false) return 'organization-not-found';
  if (fault.typeKey) return 'permission-missing';
  // Whatever the service knows to be missing it names; a bare 404 is its front
  // end's, which does not know the organization, or somebody else's.
  return context.organizationExists
    ? 'answer-not-understood'
    : 'organization-not-found';
}
