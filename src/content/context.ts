import type { Config } from '@backstage/config';
import { readAzureIntegrationConfigs } from '@backstage/integration';
import { readProviderConfigs } from '../config/read';
import { readConfiguredCredentials } from '../credentials/configured';
import { isLegacyCloudHost, Organization } from '../organization';
import { percentDecoded } from '../percent-encoding';

/** The configured hosts and organizations, as far as reading a URL needs them. */
export interface LocationContext {
  /**
   * The hosts under `integrations.azure`, in lower case, as `host[:port]`.
   * `dev.azure.com` is one of them whether it is configured or not, as in
   * Backstage.
   */
  readonly hosts: readonly string[];
  /**
   * The organizations that providers and credentials name, those of providers
   * first. An organization in a URL takes the spelling and the host of the
   * first that is the same organization.
   */
  readonly organizations: readonly Organization[];
}

/**
 * Reads `integrations.azure` and the organizations of
 * `catalog.providers.azureDevOps`. A provider whose block is wrong contributes
 * nothing here; the provider itself reports what is wrong with it.
 *
 * @throws what `@backstage/integration` throws when `integrations.azure` is wrong
 */
export function readLocationContext(config: Config): LocationContext {
  const integrations = readAzureIntegrationConfigs(
    config.getOptionalConfigArray('integrations.azure') ?? [],
  );
  const { ofProviders, ofCredentials } = readOrganizations(config);
  const hosts = [...integrations, ...ofProviders].map(({ host }) =>
    host.toLowerCase(),
  );
  return {
    hosts: [...new Set(hosts)],
    organizations: [
      ...ofProviders,
      // Under its legacy name an organization has one name only, that of the host.
      ...ofCredentials.filter(({ host }) => !isLegacyCloudHost(host)),
    ],
  };
}

/**
 * The organizations that providers name, and those that credentials are limited to.
 *
 * @throws as `readLocationContext`
 */
export function readOrganizations(config: Config): {
  readonly ofProviders: readonly Organization[];
  readonly ofCredentials: readonly Organization[];
} {
  return {
    ofProviders: readProviderConfigs(config).flatMap(
      ({ settings }) => settings?.organizations ?? [],
    ),
    ofCredentials: readConfiguredCredentials(config).flatMap(
      ({ host, organizations }) =>
        organizations.map(name => new Organization(host, percentDecoded(name))),
    ),
  };
}
