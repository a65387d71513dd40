import type { Config } from '@backstage/config';
import { ConfigSources, StaticConfigSource } from '@backstage/config-loader';
import type { JsonObject } from '@backstage/types';
import { LISTEN_HOST } from './ports';
import type { CatalogSource } from './settings';

/**
 * The development backend's configuration: what would stand in app-config.yaml.
 */
export function backendConfig(options: {
  readonly source: CatalogSource;
  readonly port: number;
}): JsonObject {
  const { source, port } = options;
  const baseUrl = `http://localhost:${port}`;
  return {
    app: {
      title: 'Backstage',
      baseUrl,
      extensions: [
        { 'page:catalog': { config: { path: '/' } } },
        { 'page:catalog-import': { config: { title: 'Register' } } },
        // Without it the page asks for a sign-in that this backend does not offer.
        { 'sign-in-page:app': false },
        // Both ask a backend plugin that is not here.
        { 'sub-page:devtools/info': false },
        { 'sub-page:devtools/config': false },
      ],
    },
    organization: { name: 'Azure DevOps' },
    backend: {
      baseUrl,
      listen: { host: LISTEN_HOST, port },
      database: { client: 'better-sqlite3', connection: ':memory:' },
      auth: { dangerouslyDisableDefaultAuthPolicy: true },
      // The page comes over http: a browser that upgrades the connection finds nothing.
      csp: { 'upgrade-insecure-requests': false },
    },
    integrations: { azure: source.integrations },
    catalog: {
      rules: [
        {
          allow: [
            'Component',
            'API',
            'System',
            'Domain',
            'Resource',
            'Location',
          ],
        },
      ],
      providers: { azureDevOps: source.providers },
      locations: source.locations ?? [],
    },
    // There is no events backend here to pass the catalog's own events to.
    events: { useEventBus: 'never' },
    devTools: { scheduledTasks: { plugins: ['catalog'] } },
  };
}

/** The configuration as Backstage's services take it. */
export async function toConfig(data: JsonObject): Promise<Config> {
  return await ConfigSources.toConfig(
    StaticConfigSource.create({ data, context: 'npm start' }),
  );
}

/**
 * What of the configuration the web app needs, and anybody who opens the page
 * may read. Each key is named here, so that no secret gets there by being added
 * to the configuration.
 */
export function frontendConfig(config: Config): JsonObject {
  const hosts = (config.getOptionalConfigArray('integrations.azure') ?? []).map(
    integration => integration.getOptionalString('host') ?? 'dev.azure.com',
  );
  return {
    app: config.get('app'),
    organization: config.get('organization'),
    backend: { baseUrl: config.getString('backend.baseUrl') },
    integrations: { azure: hosts.map(host => ({ host })) },
    catalog: { import: config.getOptional('catalog.import') ?? {} },
    devTools: config.get('devTools'),
  };
}
