// What Backstage's own Azure DevOps module leaves in a catalog: under its provider
// name one Location for each file. They are read through this module's reader,
// since Backstage's own sends its requests past the proxy on Node.js 20.
/* eslint-disable @typescript-eslint/no-require-imports */
const {
  createBackendFeatureLoader,
  createBackendModule,
} = require('@backstage/backend-plugin-api');
const catalogNode = require('@backstage/plugin-catalog-node');
const catalogNodeAlpha = require('@backstage/plugin-catalog-node/alpha');
const {
  azureDevOpsUrlReaderFactory,
} = require('backstage-plugin-catalog-backend-module-azure-devops');

const targets = JSON.parse(process.env.BEFORE_THE_MODULE);
const name = 'AzureDevOpsEntityProvider:main';
const provider = {
  getProviderName: () => name,
  connect: async connection =>
    await connection.applyMutation({
      type: 'full',
      entities: targets.map(target => ({
        locationKey: name,
        entity: catalogNode.locationSpecToLocationEntity({
          location: { type: 'url', target, presence: 'required' },
        }),
      })),
    }),
};
const locations = createBackendModule({
  pluginId: 'catalog',
  moduleId: 'locations',
  register(env) {
    env.registerInit({
      deps: {
        catalog:
          catalogNode.catalogProcessingExtensionPoint ??
          catalogNodeAlpha.catalogProcessingExtensionPoint,
      },
      init: async ({ catalog }) => catalog.addEntityProvider(provider),
    });
  },
});

module.exports = createBackendFeatureLoader({
  loader: () => [locations, azureDevOpsUrlReaderFactory],
});
