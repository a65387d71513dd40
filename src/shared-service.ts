import {
  coreServices,
  createServiceFactory,
  createServiceRef,
} from '@backstage/backend-plugin-api';
import { AzureDevOpsClientPool } from './azure/clients';
import { createCredentialDirectory } from './credentials/directory';
import type { CredentialDirectory } from './credentials/types';
import { RepositoryContent } from './content/content';
import { readLocationContext } from './content/context';
import { readUrlReaderSettings } from './config/url-reader';
import { CatalogRules } from './descriptors/rules';
import { YamlParser } from './descriptors/yaml';

/** What everything in the process that reads from Azure DevOps shares. */
export interface AzureDevOpsService {
  /** Which credential serves which organization, and its tokens. */
  readonly credentials: CredentialDirectory;
  /** One client an organization, and with it one limiter an identity. */
  readonly clients: AzureDevOpsClientPool;
  /** The content of repositories, through one cache. `content.invalidate(repositoryId)` ends what is fresh of a repository. */
  readonly content: RepositoryContent;
  /** Reads descriptors, in one thread where they are not plainly simple. */
  readonly yaml: YamlParser;
  /** Which entities `catalog.rules` allow. */
  readonly rules: CatalogRules;
}

/**
 * The root-scoped service behind the catalog module and every plugin's URL
 * reader: URL readers exist once for each plugin, but an identity's budget at
 * Azure DevOps exists once.
 *
 * It is made from `integrations.azure`, `catalog.providers.azureDevOps`,
 * `catalog.azureDevOps.urlReader` and `catalog.rules`, and closed with the backend.
 */
export const azureDevOpsServiceRef = createServiceRef<AzureDevOpsService>({
  id: 'catalog-azure-devops.shared',
  scope: 'root',
  defaultFactory: async service =>
    createServiceFactory({
      service,
      deps: {
        config: coreServices.rootConfig,
        logger: coreServices.rootLogger,
        lifecycle: coreServices.rootLifecycle,
      },
      async factory({ config, logger: rootLogger, lifecycle }) {
        const logger = rootLogger.child({ module: 'azure-devops' });
        const untilShutdown = <T extends { close(): unknown }>(made: T): T => {
          lifecycle.addShutdownHook(async () => void (await made.close()));
          return made;
        };
        // A mistake in the configuration is an error of the part that needs it. A
        // provider whose module did not start would have its entities removed by
        // the catalog.
        return whenFirstRead<AzureDevOpsService>({
          credentials: () => createCredentialDirectory({ config, logger }),
          clients: ({ credentials }) =>
            untilShutdown(
              new AzureDevOpsClientPool({
                credentials,
                configured: readLocationContext(config).organizations,
                logger,
              }),
            ),
          content: ({ clients }) =>
            untilShutdown(
              new RepositoryContent({
                clients,
                context: readLocationContext(config),
                settings: readUrlReaderSettings(config),
                logger,
              }),
            ),
          yaml: () => untilShutdown(YamlParser.fromConfig(config)),
          rules: () => CatalogRules.fromConfig(config),
        });
      },
    }),
});

/** An object whose values are each made when they are first read, by functions that get the object. */
function whenFirstRead<T extends object>(make: {
  readonly [Name in keyof T]: (all: T) => T[Name];
}): T {
  const all = {} as T;
  for (const name of Object.keys(make) as Array<keyof T>) {
    let made: { readonly value: T[keyof T] } | undefined;
    Object.defineProperty(all, name, {
      enumerable: true,
      get: () => (made ??= { value: make[name](all) }).value,
    });
  }
  return all;
}
