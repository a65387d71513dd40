import type { Config } from '@backstage/config';
import { InputError } from '@backstage/errors';
import type { ConfigurationError } from '../config/mistakes';
import { readProviderConfigs } from '../config/read';
import { readOrganizations } from '../content/context';
import { parseOrganization } from '../content/organizations';
import type { Organization } from '../organization';

/** The organizations that a command is about. */
export interface Selection {
  readonly organizations: readonly Organization[];
  /** Every one that a provider or a credential names. */
  readonly configured: readonly Organization[];
  /** What is wrong with the blocks of providers; their organizations are not known. */
  readonly mistakes: readonly ConfigurationError[];
}

/**
 * The organizations that were named on the command line, or else those of the
 * providers, or else those that credentials are limited to.
 *
 * @throws InputError when there are none.
 */
export function selectOrganizations(
  config: Config,
  named: readonly string[],
): Selection {
  const { ofProviders, ofCredentials } = readOrganizations(config);
  const configured = distinct([...ofProviders, ...ofCredentials]);
  if (named.length > 0) {
    return {
      organizations: distinct(
        named.map(name => parseOrganization(name, configured)),
      ),
      configured,
      mistakes: [],
    };
  }
  const mistakes = readProviderConfigs(config).flatMap(
    ({ error }) => error ?? [],
  );
  const organizations = distinct(
    ofProviders.length > 0 ? ofProviders : ofCredentials,
  );
  if (organizations.length === 0 && mistakes.length === 0) {
    throw new InputError(
      'The configuration names no organization: neither under catalog.providers.azureDevOps ' +
        'nor among the organizations of a credential. Name one with --organization.',
    );
  }
  return { organizations, configured, mistakes };
}

function distinct(all: readonly Organization[]): Organization[] {
  return [...new Map(all.map(each => [each.key, each])).values()];
}
