import {
  coreServices,
  createBackendModule,
} from '@backstage/backend-plugin-api';
import { catalogServiceRef } from '@backstage/plugin-catalog-node';
import { catalogAnalysisExtensionPoint } from '../backstage';
import { readProviderConfigs } from '../config/read';
import { azureDevOpsServiceRef } from '../shared-service';
import { AzureDevOpsLocationAnalyzer } from './analyzer';
import { catalogKnownLocations } from './known-locations';

/** What catalog-import calls a descriptor where nothing is configured. */
const DEFAULT_FILENAME = 'catalog-info.yaml';

/**
 * Lets catalog-import see the descriptors that a repository of Azure DevOps has.
 *
 * @public
 */
export const catalogModuleAzureDevOpsLocationAnalyzer = createBackendModule({
  pluginId: 'catalog',
  moduleId: 'azure-devops-location-analyzer',
  register(env) {
    env.registerInit({
      deps: {
        analysis: catalogAnalysisExtensionPoint,
        auth: coreServices.auth,
        azureDevOps: azureDevOpsServiceRef,
        catalog: catalogServiceRef,
        config: coreServices.rootConfig,
        logger: coreServices.logger,
      },
      async init({ analysis, auth, azureDevOps, catalog, config, logger }) {
        const { content, rules, yaml } = azureDevOps;
        const { context } = content;
        analysis.addScmLocationAnalyzer(
          new AzureDevOpsLocationAnalyzer({
            content,
            entityFilename:
              config.getOptionalString('catalog.import.entityFilename') ??
              DEFAULT_FILENAME,
            providerPaths: readProviderConfigs(config).flatMap(
              ({ settings }) => settings?.paths ?? [],
            ),
            rules,
            yaml,
            knownLocations: () =>
              catalogKnownLocations({ catalog, auth, config, context }),
            logger,
          }),
        );
      },
    });
  },
});
