import {
  coreServices,
  createBackendFeatureLoader,
  createBackendModule,
} from '@backstage/backend-plugin-api';
import type {
  ActionsRegistryService,
  MetricsService,
  TracingService,
} from '@backstage/backend-plugin-api/alpha';
import { stringifyEntityRef } from '@backstage/catalog-model';
import type { CatalogScmEventsService } from '@backstage/plugin-catalog-node/alpha';
import { eventsServiceRef } from '@backstage/plugin-events-node';
import { catalogModuleAzureDevOpsLocationAnalyzer } from './catalog-import/module';
import {
  alphaDependencies,
  catalogProcessingExtensionPoint,
} from './backstage';
import { isIngressConfigured, isListening } from './config/events';
import { EventHub } from './events/hub';
import { watchRefreshes } from './events/refresh-button';
import { eventsModuleAzureDevOpsIngress } from './events/ingress';
import { describeAllMistakes } from './config/mistakes';
import { describeNoProvider, describeUnreadKeys } from './config/misplaced';
import { readProviderConfigs } from './config/read';
import { AzureDevOpsProcessor } from './ingestion/processor';
import { AzureDevOpsEntityProvider } from './ingestion/provider';
import { Turns } from './concurrency';
import { errorsOfLocation } from './ledger/reports';
import { auditHeldBack } from './operations/held-back';
import { addOperations } from './operations/operations';
import { azureDevOpsServiceRef } from './shared-service';
import { RefreshLog } from './status/log';
import { statusServiceRef } from './status/report';
import { ledgerNumbers, measureWith, traceWith } from './status/telemetry';
import { azureDevOpsUrlReaderFactory } from './url-reader/reader-factory';

const MODULE_ID = 'azure-devops-entity-provider';

/**
 * Registers one entity provider for each block under
 * `catalog.providers.azureDevOps`.
 *
 * @public
 */
export const catalogModuleAzureDevOps = createBackendModule({
  pluginId: 'catalog',
  moduleId: MODULE_ID,
  register(env) {
    env.registerInit({
      deps: {
        catalog: catalogProcessingExtensionPoint,
        config: coreServices.rootConfig,
        database: coreServices.database,
        lifecycle: coreServices.lifecycle,
        logger: coreServices.logger,
        scheduler: coreServices.scheduler,
        auditor: coreServices.auditor,
        azureDevOps: azureDevOpsServiceRef,
        status: statusServiceRef,
        events: eventsServiceRef,
        httpAuth: coreServices.httpAuth,
        httpRouter: coreServices.httpRouter,
        permissions: coreServices.permissions,
        ...alphaDependencies(),
      },
      async init({
        catalog,
        config,
        database,
        lifecycle,
        logger,
        scheduler,
        auditor,
        azureDevOps,
        status,
        events,
        httpAuth,
        httpRouter,
        permissions,
        actionsRegistry,
        scmEvents,
        metrics,
        tracing,
      }) {
        const turns = new Turns();
        const readings = readProviderConfigs(config);
        if (readings.length === 0) {
          logger.info(describeNoProvider(config));
        }
        for (const mistake of describeUnreadKeys(config)) {
          logger.warn(`${mistake} (it has no effect)`);
        }
        const mistakes = describeAllMistakes(
          readings.flatMap(({ error }) => error ?? []),
          MODULE_ID,
        );
        const allSettings = readings.flatMap(({ settings }) => settings ?? []);
        const measured = metrics
          ? measureWith(
              metrics as MetricsService,
              {
                requestTotals: () => azureDevOps.clients.requestTotals(),
                numbers: async () =>
                  await ledgerNumbers(
                    await database.getClient(),
                    allSettings.filter(it => hub.isConnected(it.providerName)),
                  ),
                now: Date.now,
              },
              message => logger.warn(message),
            )
          : undefined;
        const hub: EventHub = new EventHub({
          invalidate: id => azureDevOps.content.invalidate(id),
          scmEvents: scmEvents as CatalogScmEventsService | undefined,
          observer: measured,
          logger,
        });
        if (isListening(config)) {
          lifecycle.addStartupHook(async () => await hub.subscribe(events));
        }
        lifecycle.addShutdownHook(async () => await hub.close());
        httpRouter.use(
          watchRefreshes(entityRef => void hub.refreshAsked(entityRef)),
        );
        for (const reading of readings) {
          const providerLogger = logger.child({
            provider: reading.providerName,
          });
          catalog.addEntityProvider(
            new AzureDevOpsEntityProvider({
              reading,
              others: allSettings.filter(({ id }) => id !== reading.id),
              mistakes,
              database,
              scheduler,
              logger: providerLogger,
              service: azureDevOps,
              turns,
              observers: [
                status,
                new RefreshLog(providerLogger),
                ...(measured ? [measured] : []),
              ],
              trace: tracing ? traceWith(tracing as TracingService) : undefined,
              follower: hub.follower(reading.providerName),
              onHeldBack: async (...held) =>
                await auditHeldBack(auditor, providerLogger, ...held),
              onConnected: provider => hub.connected(provider),
            }),
          );
        }
        const stop = new AbortController();
        lifecycle.addShutdownHook(() => stop.abort());
        addOperations({
          readings,
          database,
          scheduler,
          auditor,
          service: azureDevOps,
          hub,
          status,
          turns,
          signal: stop.signal,
          logger,
          httpAuth,
          httpRouter,
          permissions,
          actionsRegistry: actionsRegistry as
            ActionsRegistryService | undefined,
        });
        catalog.addProcessor(
          new AzureDevOpsProcessor({
            errorsOf: async entity =>
              await errorsOfLocation(
                await database.getClient(),
                stringifyEntityRef(entity),
              ),
            announced: async entityRef => await hub.announced(entityRef),
            invalidate: id => azureDevOps.content.invalidate(id),
          }),
        );
      },
    });
  },
});

/**
 * What `backend.add(import('backstage-plugin-catalog-backend-module-azure-devops'))`
 * takes: the entity providers, the analyzer behind catalog-import, and the URL
 * reader for Azure DevOps that every plugin shares.
 *
 * @public
 */
export const azureDevOpsFeatures = createBackendFeatureLoader({
  deps: { config: coreServices.rootConfig },
  loader({ config }) {
    return [
      catalogModuleAzureDevOps,
      catalogModuleAzureDevOpsLocationAnalyzer,
      azureDevOpsUrlReaderFactory,
      // The events plugin is not there unless somebody wants it.
      ...(isIngressConfigured(config) ? [eventsModuleAzureDevOpsIngress] : []),
    ];
  },
});
