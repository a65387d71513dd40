import {
  coreServices,
  createServiceFactory,
  type BackendFeature,
} from '@backstage/backend-plugin-api';
import {
  AzureDevOpsClientPool,
  type AzureDevOpsClientsOptions,
} from '../../../src/azure/clients';
import { createCredentialDirectory } from '../../../src/credentials/directory';
import { RepositoryContent } from '../../../src/content/content';
import { readLocationContext } from '../../../src/content/context';
import { readUrlReaderSettings } from '../../../src/config/url-reader';
import { CatalogRules } from '../../../src/descriptors/rules';
import { YamlParser } from '../../../src/descriptors/yaml';
import { azureDevOpsServiceRef } from '../../../src/shared-service';

export type ClientSettings = Pick<
  AzureDevOpsClientsOptions,
  'clock' | 'timeouts' | 'limiter'
>;

/**
 * The module's shared service with another clock or other deadlines than the
 * real ones, so that an outage of an hour, or a connection that hangs, takes
 * seconds.
 */
export function serviceWith(settings: ClientSettings): BackendFeature {
  return createServiceFactory({
    service: azureDevOpsServiceRef,
    deps: {
      config: coreServices.rootConfig,
      logger: coreServices.rootLogger,
      lifecycle: coreServices.rootLifecycle,
    },
    async factory({ config, logger, lifecycle }) {
      const credentials = createCredentialDirectory({ config, logger });
      const clients = new AzureDevOpsClientPool({
        credentials,
        logger,
        ...settings,
      });
      lifecycle.addShutdownHook(() => clients.close());
      const content = new RepositoryContent({
        clients,
        context: readLocationContext(config),
        settings: readUrlReaderSettings(config),
        logger,
      });
      const yaml = YamlParser.fromConfig(config);
      lifecycle.addShutdownHook(() => yaml.close());
      const rules = CatalogRules.fromConfig(config);
      return { credentials, clients, content, yaml, rules };
    },
  });
}
