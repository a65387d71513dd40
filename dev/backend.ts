import { createBackend } from '@backstage/backend-defaults';
import { WinstonLogger } from '@backstage/backend-defaults/rootLogger';
import {
  coreServices,
  createBackendModule,
  createServiceFactory,
} from '@backstage/backend-plugin-api';
import type { Config } from '@backstage/config';
import catalogPlugin from '@backstage/plugin-catalog-backend';
import openApiPlaceholders from '@backstage/plugin-catalog-backend-module-openapi';
import unprocessedEntities from '@backstage/plugin-catalog-backend-module-unprocessed';
import azureDevOps from '../src';
import { readProviderConfigs } from '../src/config/read';
import { statusServiceRef, type LastRefreshes } from '../src/status/report';
import { backendConfig, toConfig } from './config';
import type { BackendOptions } from './messages';
import { countRequests } from './request-counter';
import { type CatalogSource, StartError } from './settings';
import type { Ingestion } from './summary';
import { webApp } from './web-app';

interface DevelopmentBackend {
  readonly backend: ReturnType<typeof createBackend>;
  readonly baseUrl: string;
  /** The product's reports of its refreshes. */
  readonly ingestion: () => Ingestion;
  /** From now on providers' warnings are printed; those of the first refresh are in the summary. */
  readonly summarized: () => void;
}

/**
 * The real catalog with this module in it, as an app would put them together.
 *
 * @throws StartError for a mistake in the configuration, before anything starts
 */
export async function createDevelopmentBackend(
  options: BackendOptions,
): Promise<DevelopmentBackend> {
  const { source, appDirectory } = options;
  const config = await toConfig(backendConfig(options));
  const providers = readProviderConfigs(config).map(reading => {
    if (reading.error) throw new StartError(reading.error.message);
    return reading.providerName;
  });

  const backend = createBackend();
  backend.add(rootConfig(config));
  let isSummarized = false;
  backend.add(rootLogger(source, () => isSummarized));
  backend.add(catalogPlugin);
  backend.add(azureDevOps);
  backend.add(openApiPlaceholders);
  backend.add(unprocessedEntities);
  if (appDirectory) backend.add(webApp(appDirectory));

  let lastRefreshes: LastRefreshes | undefined;
  backend.add(
    createBackendModule({
      pluginId: 'catalog',
      moduleId: 'development-status',
      register(env) {
        env.registerInit({
          deps: { status: statusServiceRef },
          async init({ status }) {
            lastRefreshes = status;
          },
        });
      },
    }),
  );

  const requests = countRequests(source.integrations.map(({ host }) => host));
  return {
    backend,
    summarized() {
      isSummarized = true;
    },
    baseUrl: config.getString('backend.baseUrl'),
    ingestion: () => ({
      refreshes: providers.map(provider => ({
        provider,
        report: lastRefreshes
          ?.list()
          .find(report => report.provider === provider),
      })),
      requests: requests(),
    }),
  };
}

function rootConfig(config: Config) {
  return createServiceFactory({
    service: coreServices.rootConfig,
    deps: {},
    factory: () => config,
  });
}

function rootLogger(
  { integrations }: CatalogSource,
  isSummarized: () => boolean,
) {
  const inColor = WinstonLogger.colorFormat();
  const tokens = integrations.flatMap(({ credentials }) =>
    credentials.map(({ personalAccessToken }) => personalAccessToken),
  );
  return createServiceFactory({
    service: coreServices.rootLogger,
    deps: {},
    factory() {
      const logger = WinstonLogger.create({
        meta: { service: 'backstage' },
        // Trouble only, since the progress is printed; LOG_LEVEL has the last word.
        level: 'warn',
        format: {
          transform: (info, options) =>
            info.level === 'warn' && 'provider' in info && !isSummarized()
              ? false
              : inColor.transform(info, options),
        },
      });
      logger.addRedactions(tokens);
      return logger;
    },
  });
}
