import { type Organization } from '../organization';
import { type Diagnosis, describeCredential } from './problems/diagnosis';
import type { CredentialDescription } from './types';

/**
 * An organization cannot be reached with the credential that is meant for it.
 * The message names the organization, the kind of credential (never its value),
 * the cause, the cure and the section of the documentation.
 *
 * There is deliberately no `cause`: what the libraries throw can carry the
 * request, and with it the secret.
 *
 * @public
 */
export class CredentialError extends Error {
  readonly organization: Organization;
  /** Absent when no credential matches. */
  readonly credential: CredentialDescription | undefined;
  readonly diagnosis: Diagnosis;

  constructor(
    organization: Organization,
    credential: CredentialDescription | undefined,
    diagnosis: Diagnosis,
  ) {
    super(composeMessage(organization, credential, diagnosis));
    this.name = 'CredentialError';
    this.organization = organization;
    this.credential = credential;
    this.diagnosis = diagnosis;
  }

  /** Whether waiting may be all that it takes: nobody has to change anything. */
  get transient(): boolean {
    return this.diagnosis.transient;
  }
}

/** A diagnosis in one line, as it is logged and thrown. */
export function composeMessage(
  organization: Organization,
  credential: CredentialDescription | undefined,
  diagnosis: Diagnosis,
): string {
  return [
    `${organization.label}: ${diagnosis.cause}.`,
    ...(credential ? [`Credential: ${describeCredential(credential)}.`] : []),
    `What to do: ${diagnosis.cure}.`,
    `More: ${diagnosis.docs}`,
  ].join(' ');
}
