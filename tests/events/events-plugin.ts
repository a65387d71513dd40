import {
  type BackendFeature,
  coreServices,
  createBackendModule,
} from '@backstage/backend-plugin-api';
import {
  type CatalogScmEvent,
  catalogScmEventsServiceRef,
} from '@backstage/plugin-catalog-node/alpha';
import eventsPlugin from '@backstage/plugin-events-backend';
import eventsModuleAzure from '@backstage/plugin-events-backend-module-azure';

/** Backstage's events plugin with its module for Azure DevOps. */
export function eventsFeatures(): BackendFeature[] {
  return [eventsPlugin, eventsModuleAzure, disconnect] as BackendFeature[];
}

/** Backstage leaves databases in memory open; see `startCatalog`. */
const disconnect = createBackendModule({
  pluginId: 'events',
  moduleId: 'disconnect',
  register(env) {
    env.registerInit({
      deps: {
        database: coreServices.database,
        lifecycle: coreServices.rootLifecycle,
      },
      async init({ database, lifecycle }) {
        const knex = await database.getClient();
        lifecycle.addShutdownHook(async () => await knex.destroy());
      },
    });
  },
});

/** Keeps what the catalog is told of changed files. */
export function listenToScmEvents(seen: CatalogScmEvent[]): BackendFeature {
  return createBackendModule({
    pluginId: 'catalog',
    moduleId: 'listener-to-scm-events',
    register(env) {
      env.registerInit({
        deps: { scmEvents: catalogScmEventsServiceRef },
        async init({ scmEvents }) {
          scmEvents.subscribe({
            onEvents: async events => void seen.push(...events),
          });
        },
      });
    },
  });
}
