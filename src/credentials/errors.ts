import { type Organization } from '../organization';
import {
  type Diagnosis,
  describeCredential,
  type ProblemId,
} from './problems/diagnosis';
import type { CredentialDescription } from './types';

/**
 * An organization cannot be reached with the credential that is meant for it.
 * The message names the organization, the kind of credential (never its value),
 * the cause, the cure and the section of the documentation.
 *
 * There is deliberately no `cause`: what the libraries throw can carry the
 * request, and with it the secret.
 */
export class CredentialError extends Error {
  override readonly name = 'CredentialError';

  /** @param credential - absent when none matches */
  constructor(
    readonly organization: Organization,
    readonly credential: CredentialDescription | undefined,
    readonly diagnosis: Diagnosis,
  ) {
    super(composeMessage(organization, credential, diagnosis));
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

/** No token could be had. It knows of no organization yet; that is added where an organization asks. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
  /** Whose token it was, where it may be another's than the credential's. */
  identity?: { readonly clientId: string; readonly tenantId: string };

  /** @param detail - what the token service said, without anything secret in it */
  constructor(
    readonly problem: ProblemId,
    readonly detail?: string,
  ) {
    super(detail ? `${problem} (${detail})` : problem);
  }
}
