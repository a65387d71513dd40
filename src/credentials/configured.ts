import type { Config } from '@backstage/config';
import {
  type AzureDevOpsCredential,
  readAzureIntegrationConfigs,
} from '@backstage/integration';
import type { CredentialDescription, CredentialKind } from './types';

/** One entry of `integrations.azure[].credentials[]`. It holds the secret, so it must not be logged or thrown. */
export interface ConfiguredCredential {
  /** The host of the integration, as it is written there. */
  readonly host: string;
  /** Where it stands in the configuration: `integrations.azure[0].credentials[1]`. */
  readonly configKey: string;
  /** The organizations it is limited to; empty when it serves all the others of its host. */
  readonly organizations: readonly string[];
  readonly credential: AzureDevOpsCredential;
}

/**
 * Reads `integrations.azure` as Backstage itself does.
 *
 * @throws what `@backstage/integration` throws, in its own words: what is a mistake to Backstage is one here.
 */
export function readConfiguredCredentials(
  config: Config,
): ConfiguredCredential[] {
  const integrations = readAzureIntegrationConfigs(
    config.getOptionalConfigArray('integrations.azure') ?? [],
  );
  return integrations.flatMap((integration, i) =>
    (integration.credentials ?? []).map((credential, j) => ({
      host: integration.host,
      configKey: `integrations.azure[${i}].credentials[${j}]`,
      organizations: credential.organizations ?? [],
      credential,
    })),
  );
}

/** The value of `clientId` and `managedIdentityClientId` that stands for the identity of the machine itself. */
export const SYSTEM_ASSIGNED = 'system-assigned';

/** The kind of a credential as messages and documentation name it. */
export function kindOf(credential: AzureDevOpsCredential): CredentialKind {
  switch (credential.kind) {
    case 'PersonalAccessToken':
      return 'personal access token';
    case 'ClientSecret':
      return 'service principal (client secret)';
    case 'ManagedIdentityClientAssertion':
      return 'service principal (managed identity assertion)';
    case 'ManagedIdentity':
      return credential.clientId === SYSTEM_ASSIGNED
        ? 'managed identity (system-assigned)'
        : 'managed identity (user-assigned)';
    default:
      return assertNever(credential as never);
  }
}

function assertNever(credential: never): never {
  // Only the kind: the rest of it may be secret.
  const { kind } = credential as { kind?: unknown };
  throw new Error(
    `Expected a kind of Azure DevOps credential that this version knows, got '${String(kind)}'; ` +
      `update backstage-plugin-catalog-backend-module-azure-devops to a version that matches @backstage/integration`,
  );
}

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
