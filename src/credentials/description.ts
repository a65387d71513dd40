import {
  type ConfiguredCredential,
  kindOf,
  SYSTEM_ASSIGNED,
} from './configured';
import type { CredentialDescription } from './types';

/** What may be said about a configured credential, whichever organization it serves. */
export function describeConfigured({
  credential,
  configKey,
}: ConfiguredCredential): Omit<CredentialDescription, 'matchedBy'> {
  return {
    kind: kindOf(credential),
    configKey,
    ...('clientId' in credential &&
      credential.clientId !== SYSTEM_ASSIGNED && {
        clientId: credential.clientId,
      }),
    ...('tenantId' in credential && { tenantId: credential.tenantId }),
  };
}

/** One line a credential, for the message that none of them matches. */
export function listConfigured(
  configured: readonly ConfiguredCredential[],
): string[] {
  return configured.map(({ credential, configKey, organizations }) => {
    const names = organizations.map(name => `'${name}'`).join(', ');
    return `${kindOf(credential)} (${configKey}) for ${names || 'all organizations'}`;
  });
}

/**
 * Who is behind a credential, without saying anything secret: two entries of
 * one identity have one key.
 */
export function identityKeyOf(
  entry: ConfiguredCredential,
  configured: readonly ConfiguredCredential[],
): string {
  const { credential } = entry;
  switch (credential.kind) {
    case 'PersonalAccessToken': {
      const first = configured.find(
        other =>
          other.credential.kind === 'PersonalAccessToken' &&
          other.credential.personalAccessToken ===
            credential.personalAccessToken,
      );
      return `personal-access-token:${(first ?? entry).configKey}`;
    }
    case 'ClientSecret':
    case 'ManagedIdentityClientAssertion':
      return `service-principal:${credential.tenantId}/${credential.clientId}`.toLowerCase();
    case 'ManagedIdentity':
      return `managed-identity:${credential.clientId}`.toLowerCase();
  }
}
