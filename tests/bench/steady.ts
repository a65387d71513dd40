// One way of filling a real catalog, in the process that it is measured in.
// Unlike in `subject.ts` the catalog processes what it is given.
import { EnvHttpProxyAgent } from 'undici';
import { TABLES } from '../../src/ledger/rows';
import { eventsFeatures } from '../events/events-plugin';
import { until } from '../support/until';
import { ProcessingWatch } from '../url-reader/processing';
import { startCatalog, type TestCatalog } from '../support/backend';
import { catalogFeature } from '../support/catalog-feature';
import { proxyGlobalFetch } from '../support/proxied-fetch';
import { HandScheduler } from './hand-scheduler';
import {
  descriptorUrl,
  INGRESS,
  INTEGRATIONS,
  ORGANIZATION,
  repositoryName,
} from './landscape';
import { serve } from './remote';
import { LocationsProvider, searchDescriptors } from './search-and-locations';
import { passTime } from './time';

/** `ours`; `hooks`: ours, with service hooks, and with nothing asked for that they announce; `locations`: a Location for each file, stated once; `search`: the Locations that a search finds, each time. */
export type Way = 'ours' | 'hooks' | 'locations' | 'search';

/** A change that was pushed. */
export interface Change {
  readonly repository: number;
  /** What stands in the file that was pushed and nowhere else. */
  readonly mark: string;
}

const watch = new ProcessingWatch();
const scheduler = new HandScheduler();
const provider = new LocationsProvider();
let catalog: TestCatalog | undefined;
let refresh: () => Promise<void> = () => Promise.resolve();

function running(): TestCatalog {
  if (!catalog) {
    throw new Error('There is no backend');
  }
  return catalog;
}

const locationsFeature = catalogFeature('locations-of-the-benchmark', it =>
  it.addEntityProvider(provider),
);

const handlers = {
  /** Fills a catalog, and waits until it has processed everything. */
  async open(way: Way, size: number): Promise<void> {
    const common = {
      database: 'postgres',
      integrations: INTEGRATIONS,
      // Intervals come when the benchmark wants them.
      catalog: { processingInterval: { hours: 100 } },
    } as const;
    if (way === 'ours' || way === 'hooks') {
      const hears = way === 'hooks';
      catalog = await startCatalog({
        ...common,
        features: [
          watch.feature,
          scheduler.feature,
          ...(hears ? eventsFeatures() : []),
        ],
        providers: {
          main: {
            organization: ORGANIZATION,
            ...(hears && { verifyEvery: { hours: 24 } }),
          },
        },
        ...(hears && {
          catalog: {
            ...common.catalog,
            azureDevOps: {
              events: { ingress: INGRESS },
              urlReader: { freshness: { hours: 24 } },
            },
          },
          config: { events: { useEventBus: 'never' } },
        }),
      });
      refresh = () => scheduler.run('AzureDevOpsEntityProvider:main:refresh');
    } else {
      // Backstage's own reader uses the global fetch.
      proxyGlobalFetch();
      const dispatcher = new EnvHttpProxyAgent();
      catalog = await startCatalog({
        ...common,
        withoutModule: true,
        features: [watch.feature, scheduler.feature, locationsFeature],
      });
      if (way === 'search') {
        refresh = async () =>
          provider.state(await searchDescriptors(dispatcher));
      } else {
        await provider.state(
          Array.from({ length: size }, (_, i) => descriptorUrl(i)),
        );
      }
    }
    await refresh();
    await watch.settled(catalog);
  },

  /** What happens every half an hour; nothing where Locations are merely stated. */
  refresh: () => refresh(),

  /** Has the catalog process everything once more, or everything of one kind. */
  async process(kind: string): Promise<void> {
    await watch.processAgain(running(), kind);
  },

  address: (): string => running().baseUrl,

  /** Waits until what service hooks announced is looked at, and the catalog has processed what came of it. */
  async lookedAtAll(): Promise<void> {
    const { knex } = running();
    await until('all that is due to be looked at', async () => {
      const row = await knex(TABLES.due).count({ count: '*' }).first();
      return Number(row?.count) === 0;
    });
    await watch.settled(running());
  },

  /** Which of these changes are in the catalog. */
  async seen(changes: readonly Change[]): Promise<Change[]> {
    const names = changes.map(({ repository }) => repositoryName(repository));
    const rows: Array<{ entity_ref: string; processed_entity: string | null }> =
      await running()
        .knex('refresh_state')
        .whereIn('entity_ref', [
          ...names.map(name => `component:default/${name}`),
          ...names.map(name => `api:default/${name}`),
        ])
        .select('entity_ref', 'processed_entity');
    const byName = new Map(
      rows.map(row => [
        row.entity_ref.replace(/^.*\//, ''),
        row.processed_entity,
      ]),
    );
    return changes.filter(({ repository, mark }) =>
      byName.get(repositoryName(repository))?.includes(mark),
    );
  },

  /** Processor time since the process started, in milliseconds. */
  cpu(): number {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },

  async count(): Promise<number> {
    const row = await running()
      .knex('refresh_state')
      .whereNot('entity_ref', 'like', 'location:%')
      .count({ count: '*' })
      .first();
    return Number(row?.count ?? 0);
  },

  pass: passTime,

  async close(): Promise<void> {
    await catalog?.stop();
  },
};

export type Steady = typeof handlers;
serve(handlers);
