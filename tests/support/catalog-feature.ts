import {
  createBackendModule,
  type BackendFeature,
} from '@backstage/backend-plugin-api';
import {
  catalogProcessingExtensionPoint,
  type CatalogProcessingExtensionPoint,
} from '@backstage/plugin-catalog-node';

/** What a test brings into the catalog of a backend: providers and processors of its own. */
export function catalogFeature(
  moduleId: string,
  extend: (catalog: CatalogProcessingExtensionPoint) => void,
): BackendFeature {
  return createBackendModule({
    pluginId: 'catalog',
    moduleId,
    register(env) {
      env.registerInit({
        deps: { catalog: catalogProcessingExtensionPoint },
        init: async ({ catalog }) => extend(catalog),
      });
    },
  });
}
