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

/** What everything in the process that sends requests to Azure DevOps shares. */
export interface AzureDevOpsService {
  /** Which credential serves which organization, and its tokens. */
  readonly credentials: CredentialDirectory;
  /** One client an organization, and with it one limiter an identity. */
  readonly clients: AzureDevOpsClientPool;
  /** The content of repositories, through one cache. `content.invalidate(repositoryId)` ends what is fresh of a repository. */
  readonly content: RepositoryContent;
}

/**
 * The root-scoped service behind the catalog module and every plugin's URL
 * reader: URL readers exist once for each plugin, but an identity's budget at
 * Azure DevOps exists once.
 *
 * It is made from `integrations.azure`, `catalog.providers.azureDevOps` and
 * `catalog.azureDevOps.urlReader`, and closed with the backend.
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
        const credentials = once(() =>
          createCredentialDirectory({ config, logger }),
        );
        const context = once(() => readLocationContext(config));
        const clients = once(() => {
          const made = new AzureDevOpsClientPool({
            credentials: credentials(),
            configured: context().organizations,
            logger,
          });
          lifecycle.addShutdownHook(() => made.close());
          return made;
        });
        const content = once(() => {
          const made = new RepositoryContent({
            clients: clients(),
            context: context(),
            settings: readUrlReaderSettings(config),
            logger,
          });
          lifecycle.addShutdownHook(() => made.close());
          return made;
        });
        // Made when first used, so that a mistake in the configuration is an
        // error of the part that needs it. A provider whose module did not start
        // would have its entities removed by the catalog.
        return {
          get credentials() {
            return credentials();
          },
          get clients() {
            return clients();
          },
          get content() {
            return content();
          },
        };
      },
    }),
});

/** Makes a value at the first call, and gives the same from then on. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
