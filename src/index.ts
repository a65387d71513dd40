/**
 * Fills the Backstage catalog from the Git repositories of Azure DevOps.
 *
 * @packageDocumentation
 */
import { createBackendFeatureLoader } from '@backstage/backend-plugin-api';
import { catalogModuleAzureDevOpsLocationAnalyzer } from './catalog-import/module';
import { azureDevOpsUrlReaderFactory } from './url-reader/reader-factory';
import { catalogModuleAzureDevOps } from './module';

export { catalogModuleAzureDevOpsLocationAnalyzer } from './catalog-import/module';
export { azureDevOpsUrlReaderFactory } from './url-reader/reader-factory';
export { catalogModuleAzureDevOps } from './module';

/**
 * What `backend.add(import('backstage-plugin-catalog-backend-module-azure-devops'))`
 * takes: the entity providers, the analyzer behind catalog-import, and the URL
 * reader for Azure DevOps that every plugin shares.
 *
 * @public
 */
export default createBackendFeatureLoader({
  loader() {
    return [
      catalogModuleAzureDevOps,
      catalogModuleAzureDevOpsLocationAnalyzer,
      azureDevOpsUrlReaderFactory,
    ];
  },
});
