import type { JsonObject } from '@backstage/types';
import type { Knex } from 'knex';
import { Simulator, type SimulatorOptions } from '../../../dev/simulator';
import {
  startCatalog,
  type CatalogOptions,
  type Refreshed,
  type TestCatalog,
} from '../../support/backend';
import { until } from '../../support/until';
import type { CatalogSnapshot } from './compare';
import { serviceWith, type ClientSettings } from './service';
import { takeSnapshot } from './snapshot';
import { connectTo, dropCatalogDatabase } from './databases';
import { ORGANIZATIONS, tokenOf, World } from './world';

export interface StageSettings {
  readonly simulator?: SimulatorOptions;
  /** Another clock or other deadlines for the clients than the real ones. */
  readonly clients?: ClientSettings;
  /** Over the provider's block. */
  readonly provider?: JsonObject;
  /** Over the rest of the backend's options. */
  readonly catalog?: Partial<CatalogOptions>;
}

/** Each refresh looks at every repository; the rest is as it comes. */
const PROVIDER: JsonObject = {
  organizations: [...ORGANIZATIONS],
  verifyEvery: { milliseconds: 1 },
  hints: { codeSearch: false },
};

/** Each organization has an identity of its own, also under the name that it may get. */
const INTEGRATIONS: JsonObject = {
  azure: [
    {
      host: 'dev.azure.com',
      credentials: ORGANIZATIONS.map(organization => ({
        organizations: [organization, `${organization}-group`],
        personalAccessToken: tokenOf(organization),
      })),
    },
  ],
};

/** The catalog does not process again by itself what nobody changed. */
const CATALOG: JsonObject = { processingInterval: { hours: 24 } };

/** A simulated company, and a real backend whose catalog is already filled from it. */
export class Stage {
  private backend: TestCatalog | undefined;

  private constructor(
    readonly simulator: Simulator,
    readonly world: World,
    readonly databasePrefix: string,
    /** Past all that is done to the backend's own connections. */
    readonly knex: Knex,
    private readonly settings: StageSettings,
  ) {}

  /** On an existing database, without a backend. */
  static async at(prefix: string, settings: StageSettings): Promise<Stage> {
    const simulator = await Simulator.start(settings.simulator);
    process.env.HTTPS_PROXY = simulator.proxyUrl;
    const world = new World(simulator);
    return new Stage(simulator, world, prefix, connectTo(prefix), settings);
  }

  get catalog(): TestCatalog {
    if (!this.backend) {
      throw new Error('The row has no backend that is up');
    }
    return this.backend;
  }

  /** Starts the backend, with settings of its own over the stage's. */
  async startBackend(settings: StageSettings = {}): Promise<TestCatalog> {
    const { clients } = { ...this.settings, ...settings };
    const options = this.catalogOptions(settings);
    const backend = await startCatalog({
      ...options,
      features: [
        ...(clients ? [serviceWith(clients)] : []),
        ...(options.features ?? []),
      ],
    });
    this.backend = backend;
    // The catalog does not wait for its own task, and trips when it is stopped
    // before that is registered.
    await until('the catalog to be all there', () =>
      backend.logs.some(({ message }) =>
        message.startsWith('Registered scheduled task: catalog_orphan_cleanup'),
      ),
    );
    return backend;
  }

  /** How a backend on this stage is started, here or in another process. */
  catalogOptions(settings: StageSettings = {}): CatalogOptions {
    const { provider, catalog } = { ...this.settings, ...settings };
    return {
      database: 'postgres',
      databasePrefix: this.databasePrefix,
      integrations: INTEGRATIONS,
      providers: { main: { ...PROVIDER, ...provider } },
      ...catalog,
      catalog: { ...CATALOG, ...catalog?.catalog },
    };
  }

  async stopBackend(): Promise<void> {
    const { backend } = this;
    this.backend = undefined;
    await backend?.stop({ keepDatabase: true });
  }

  async restartBackend(settings?: StageSettings): Promise<void> {
    await this.stopBackend();
    await this.startBackend(settings);
  }

  async refresh(): Promise<Refreshed> {
    return await this.catalog.refresh();
  }

  async snapshot(): Promise<CatalogSnapshot> {
    return await takeSnapshot(this.knex);
  }

  async clear(): Promise<void> {
    await this.stopBackend();
    await this.knex.destroy();
    await this.simulator.close();
    await dropCatalogDatabase(this.databasePrefix);
  }
}
