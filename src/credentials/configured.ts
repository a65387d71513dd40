import type { Config } from '@backstage/config';
import {
  type AzureDevOpsCredential,
  readAzureIntegrationConfigs,
} from '@backstage/integration';
import { quote } from '../quotation';
import type { CertificateSource } from './certificate';
import type { CredentialDescription, CredentialKind } from './types';
import {
  SYSTEM_ASSIGNED,
  type WorkloadIdentity,
  workloadIdentityOf,
} from './workload-identity';

/**
 * The kind that `@backstage/integration` has since 2.2.0. Older versions reject
 * its fields, and their types do not know it.
 */
interface CertificateCredential extends CertificateSource {
  readonly kind: 'ClientCertificate';
  readonly tenantId: string;
  readonly clientId: string;
}

/** A credential of any kind that one of the supported versions of `@backstage/integration` reads. */
export type Credential =
  | Exclude<AzureDevOpsCredential, { kind: 'ClientCertificate' }>
  | CertificateCredential;

/** One entry of `integrations.azure[].credentials[]`. It holds the secret, so it must not be logged or thrown. */
export interface ConfiguredCredential {
  /** The host of the integration, as it is written there. */
  readonly host: string;
  /** Where it stands in the configuration: `integrations.azure[0].credentials[1]`. */
  readonly configKey: string;
  /** The organizations it is limited to; empty when it serves all the others of its host. */
  readonly organizations: readonly string[];
  readonly credential: Credential;
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
      credential: credential as Credential,
    })),
  );
}

/** The kind of a credential as messages and documentation name it. */
function kindOf(credential: Credential): CredentialKind {
  switch (credential.kind) {
    case 'PersonalAccessToken':
      return 'personal access token';
    case 'ClientSecret':
      return 'service principal (client secret)';
    case 'ClientCertificate':
      return 'service principal (certificate)';
    case 'ManagedIdentityClientAssertion':
      return 'service principal (managed identity assertion)';
    case 'ManagedIdentity':
      if (workloadIdentityOf(credential.clientId)) return 'workload identity';
      return credential.clientId === SYSTEM_ASSIGNED
        ? 'managed identity (system-assigned)'
        : 'managed identity (user-assigned)';
    default:
      return assertNever(credential);
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
  const workload =
    credential.kind === 'ManagedIdentity'
      ? workloadIdentityOf(credential.clientId)
      : undefined;
  const { clientId = SYSTEM_ASSIGNED, tenantId }: Partial<WorkloadIdentity> =
    workload ?? ('clientId' in credential ? credential : {});
  return {
    kind: kindOf(credential),
    configKey,
    ...(clientId !== SYSTEM_ASSIGNED && { clientId: idInWords(clientId) }),
    ...(tenantId && { tenantId: idInWords(tenantId) }),
  };
}

/** An id as it is, and a tenant's domain. What else stands in its place may be the secret. */
function idInWords(id: string): string | undefined {
  return /^[a-z\d-]+(?:\.[a-z\d-]+)+$/.test(id) ? id : quote(id);
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
