import type { Organization } from '../organization';
import { CredentialError } from './errors';
import { diagnose } from './problems/diagnosis';
import { TokenError } from './token-error';
import type { TokenSource } from './token-source';
import { authorityOf } from './tokens';
import type { CredentialDescription, OrganizationCredential } from './types';

interface Identity {
  readonly organization: Organization;
  readonly description: CredentialDescription;
  readonly identityKey: string;
}

// The secrets live in closures rather than in properties, so that nothing that
// prints or serializes a credential can show them.

/** The credential of an organization that is served by a personal access token. */
export function personalAccessTokenCredential(
  { organization, description, identityKey }: Identity,
  token: string,
): OrganizationCredential {
  return {
    identityKey,
    describe: () => description,
    getAuthorization: async ({ signal } = {}) => {
      signal?.throwIfAborted();
      // Backstage accepts a token of blanks. Sent, it would be no credential at all.
      if (token === '') {
        throw problem(organization, description, 'personal-access-token-empty');
      }
      return `Basic ${Buffer.from(`:${token}`).toString('base64')}`;
    },
    reject: async () => false,
  };
}

/** The credential of an organization that is served by tokens of Microsoft Entra. */
export function tokenCredential(
  { organization, description, identityKey }: Identity,
  source: TokenSource,
): OrganizationCredential {
  return {
    identityKey,
    describe: () => description,
    getAuthorization: async ({ signal } = {}) => {
      try {
        return bearer((await source.get(signal)).token);
      } catch (error) {
        throw error instanceof TokenError
          ? problem(organization, description, error.problem, error.detail)
          : error;
      }
    },
    reject: async authorization =>
      await source.replace(authorization.replace(/^Bearer /, '')),
  };
}

function bearer(token: string): string {
  return `Bearer ${token}`;
}

function problem(
  organization: Organization,
  credential: CredentialDescription,
  id: TokenError['problem'],
  detail?: string,
): CredentialError {
  const authority = authorityOf(process.env);
  return new CredentialError(
    organization,
    credential,
    diagnose(id, { organization, credential, detail, authority }),
  );
}
