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
backend.start();
