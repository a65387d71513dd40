// A minimal backend, as the README has it: the catalog, and this module in it.
// What runs is CommonJS, as Backstage's own command line makes it.
/* eslint-disable @typescript-eslint/no-require-imports */
const { createBackend } = require('@backstage/backend-defaults');

const backend = createBackend();
backend.add(require('@backstage/plugin-catalog-backend'));
backend.add(
  process.env.BEFORE_THE_MODULE
    ? require('./before.cjs')
    : require(
        process.env.DYNAMIC_PLUGIN ??
          'backstage-plugin-catalog-backend-module-azure-devops',
      ),
);
const {
  catalogScmEventsServiceRef,
} = require('@backstage/plugin-catalog-node/alpha');
if (catalogScmEventsServiceRef) {
  const { createBackendModule } = require('@backstage/backend-plugin-api');
  // Of the copy that the catalog itself has: what another is told never comes here.
  backend.add(
    createBackendModule({
      pluginId: 'catalog',
      moduleId: 'listener-to-scm-events',
      register(env) {
        env.registerInit({
          deps: { scmEvents: catalogScmEventsServiceRef },
          async init({ scmEvents }) {
            scmEvents.subscribe({
              onEvents: async events => {
                for (const event of events) {
                  console.log(`SCM event ${JSON.stringify(event)}`);
                }
              },
            });
            console.log('SCM events are listened to');
          },
        });
      },
    }),
  );
}
backend.start();
