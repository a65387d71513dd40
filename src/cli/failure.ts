import { AzureDevOpsRequestError } from '../azure/errors';
import { CredentialError } from '../credentials/errors';
import { explainAccessError } from '../credentials/explain';
import { probeOrganization } from '../credentials/probe';
import type { Diagnosis } from '../credentials/problems/diagnosis';
import type { CredentialDescription } from '../credentials/types';
import type { Organization } from '../organization';
import { ask } from './ask';
import { CONNECTION_DATA } from './questions';
import type { Session } from './session';

/** Why an organization could not be asked, for people and for machines. */
export interface Failure {
  readonly diagnosis: Diagnosis;
  /** Absent when none matches. */
  readonly credential?: CredentialDescription;
}

/**
 * Finds the cause of a failure, by asking the organization further questions
 * where they tell more.
 *
 * @throws the error itself when it is no failure of a credential or a request.
 */
export async function findCause(
  session: Session,
  organization: Organization,
  error: unknown,
): Promise<Failure> {
  if (error instanceof CredentialError) {
    return { diagnosis: error.diagnosis, credential: error.credential };
  }
  if (!(error instanceof AzureDevOpsRequestError)) throw error;
  const credential = session.credentials.forOrganization(organization);
  const { diagnosis } = await explainAccessError(error, credential, {
    probe: ref => probeOrganization(ref, { dispatcher: session.dispatcher }),
    identityAccepted:
      error.kind === 'unauthorized'
        ? await isAccepted(session, organization)
        : undefined,
  });
  return { diagnosis, credential: credential.describe() };
}

/** Whether the credential is good for what needs no scope. */
async function isAccepted(
  session: Session,
  organization: Organization,
): Promise<boolean> {
  try {
    await ask(
      session,
      organization,
      CONNECTION_DATA,
      'ask who the credential belongs to',
    );
    return true;
  } catch {
    return false;
  }
}
