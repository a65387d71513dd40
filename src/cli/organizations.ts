import type { Config } from '@backstage/config';
import { type ConfigurationError, readProviderConfigs } from '../config/index';
import { readConfiguredCredentials } from '../credentials/configured';
import { decodeName, fitOfName } from '../credentials/match';
import { CLOUD_HOST, isLegacyCloudHost, Organization } from '../organization';
import { UsageError } from './io';

/** The organizations that a command is about. */
export interface Selection {
  readonly organizations: readonly Organization[];
  /** Every one that a provider or a credential names. */
  readonly configured: readonly Organization[];
  /** What is wrong with the blocks of providers; their organizations are not known. */
  readonly mistakes: readonly ConfigurationError[];
}

function ofCredentials(config: Config): Organization[] {
  return readConfiguredCredentials(config).flatMap(({ host, organizations }) =>
    organizations.map(name => new Organization(host, name)),
  );
}

/**
 * The organizations that were named on the command line, or else those of the
 * providers, or else those that credentials are limited to.
 *
 * @throws UsageError when there are none.
 */
export function selectOrganizations(
  config: Config,
  named: readonly string[],
): Selection {
  const providers = readProviderConfigs(config);
  const ofProviders = distinct(
    providers.flatMap(provider => provider.settings?.organizations ?? []),
  );
  const limitedTo = distinct(ofCredentials(config));
  const configured = distinct([...ofProviders, ...limitedTo]);
  if (named.length > 0) {
    return {
      organizations: distinct(named.map(name => parseName(name, configured))),
      configured,
      mistakes: [],
    };
  }
  const mistakes = providers.flatMap(({ error }) => (error ? [error] : []));
  const organizations = ofProviders.length > 0 ? ofProviders : limitedTo;
  if (organizations.length === 0 && mistakes.length === 0) {
    throw new UsageError(
      'The configuration names no organization: neither under catalog.providers.azureDevOps ' +
        'nor among the organizations of a credential. Name one with --organization.',
    );
  }
  return { organizations, configured, mistakes };
}

/**
 * An organization as people write it: a name, `host/name`, or its address. A
 * name alone is one that the configuration knows, or else one of dev.azure.com.
 */
export function parseName(
  text: string,
  known: readonly Organization[],
): Organization {
  const path = text
    .trim()
    .replace(/^https?:\/\/([^/@]*@)?/i, '')
    .replace(/\/+$/, '');
  const [first = '', ...rest] = path.split('/');
  if (path === '') {
    throw new UsageError(
      '--organization is empty; expected a name such as contoso',
    );
  }
  if (isLegacyCloudHost(first)) {
    return new Organization(first.toLowerCase(), first.split('.')[0] ?? '');
  }
  if (rest.length > 0 && /[.:]|^localhost$/.test(first)) {
    const host = first.toLowerCase();
    // An address of dev.azure.com may go on with a project.
    const organization = host === CLOUD_HOST ? (rest[0] ?? '') : rest.join('/');
    return new Organization(host, decodeName(organization));
  }
  const configured = known.find(({ name }) => fitOfName(path, name) > 0);
  // Azure DevOps allows no dot and no colon in the name of an organization.
  if (!configured && (/[.:]/.test(path) || /^https?:/i.test(text.trim()))) {
    throw new UsageError(
      `--organization ${path} names a host and no organization; expected one on it, such as ${path}/${path === CLOUD_HOST ? 'contoso' : 'DefaultCollection'}`,
    );
  }
  return configured ?? new Organization(CLOUD_HOST, path);
}

function distinct(all: readonly Organization[]): Organization[] {
  return [...new Map(all.map(each => [each.key, each])).values()];
}
