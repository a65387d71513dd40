import type { Organization } from '../organization';
import { type AccessFailure, classifyAccessFailure } from './access';
import { readClaims } from './claims';
import { composeMessage, CredentialError } from './errors';
import { type Diagnosis, diagnose } from './problems/diagnosis';
import type { OrganizationProbe } from './probe';
import { authorityOf } from './tokens';
import type { OrganizationCredential } from './types';

export interface ExplainOptions {
  /** Asks the organization about itself, without a credential: see `probeOrganization`. Without it a wrong tenant shows only where the answer names the right one. */
  readonly probe?: (
    organization: Organization,
  ) => Promise<OrganizationProbe | undefined>;
  /** Whether the same credential is accepted where no scope is needed, if that was tried. */
  readonly identityAccepted?: boolean;
}

/** A diagnosis, and all of it in one line. */
export interface AccessExplanation {
  readonly diagnosis: Diagnosis;
  readonly message: string;
}

/**
 * Says why an organization could not be read, and what to do: the cause behind
 * a request that Azure DevOps refused or did not answer.
 *
 * @param failure - an `AzureDevOpsRequestError` or a `CredentialError`
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
  const { organization } = failure;
  const description = credential.describe();
  const probe = mayBeElsewhere(failure)
    ? await options.probe?.(organization)
    : undefined;
  const context = {
    credential: description,
    tokenTenant: await tenantOfToken(credential),
    organizationTenant: probe?.tenantId ?? failure.resourceTenant,
    organizationExists: probe?.exists,
    identityAccepted: options.identityAccepted,
  };
  const problem = classifyAccessFailure(failure, context);
  const diagnosis = diagnose(problem, {
    organization,
    credential: description,
    detail: failure.serviceMessage ?? failure.seen,
    authority: authorityOf(process.env),
    tokenTenant: context.tokenTenant,
    organizationTenant: context.organizationTenant,
  });
  const message = composeMessage(organization, description, diagnosis);
  return { diagnosis, message };
}

/** Whether the organization itself, or its tenant, may be what is wrong. */
function mayBeElsewhere(failure: AccessFailure): boolean {
  return (
    !failure.duringThrottling &&
    ['unauthorized', 'sign-in', 'forbidden', 'not-found'].includes(failure.kind)
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
