import {
  coreServices,
  createBackendModule,
} from '@backstage/backend-plugin-api';
import { catalogProcessingExtensionPoint } from '@backstage/plugin-catalog-node';
import { readProviderConfigs } from './config';
import { DescriptorErrorProcessor } from './descriptors/error-processor';
import { AzureDevOpsEntityProvider } from './ingestion/provider';
import { LedgerErrors } from './ledger/errors';
import { azureDevOpsServiceRef } from './services';

/**
 * Registers one entity provider for each block under
 * `catalog.providers.azureDevOps`.
 *
 * @public
 */
export const catalogModuleAzureDevOps = createBackendModule({
  pluginId: 'catalog',
  moduleId: 'azure-devops-entity-provider',
  register(env) {
    env.registerInit({
      deps: {
        catalog: catalogProcessingExtensionPoint,
        config: coreServices.rootConfig,
        database: coreServices.database,
        logger: coreServices.logger,
        scheduler: coreServices.scheduler,
        azureDevOps: azureDevOpsServiceRef,
      },
      async init({
        catalog,
        config,
        database,
        logger,
        scheduler,
        azureDevOps,
      }) {
        for (const reading of readProviderConfigs(config)) {
          catalog.addEntityProvider(
            new AzureDevOpsEntityProvider({
              reading,
              config,
              database,
              scheduler,
              logger: logger.child({ provider: reading.providerName }),
              service: azureDevOps,
            }),
          );
        }
        const errors = new LedgerErrors(database);
        catalog.addProcessor(
          new DescriptorErrorProcessor(async entity => errors.of(entity)),
        );
      },
    });
  },
});
