/**
 * Fills the Backstage catalog from the Git repositories of Azure DevOps.
 *
 * @packageDocumentation
 */
export {
  azureDevOpsFeatures as default,
  catalogModuleAzureDevOps,
} from './module';
export { catalogModuleAzureDevOpsLocationAnalyzer } from './catalog-import/module';
export { eventsModuleAzureDevOpsIngress } from './events/ingress';
export { azureDevOpsUrlReaderFactory } from './url-reader/reader-factory';

import { azureDevOpsFeatures } from './module';

// What an ES module gets as the default import of this CommonJS one is
// `module.exports`. Source: https://nodejs.org/api/esm.html#commonjs-namespaces
module.exports = Object.assign(azureDevOpsFeatures, module.exports);
