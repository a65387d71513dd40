import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createBackend } from '@backstage/backend-defaults';
import { rootHttpRouterServiceFactory } from '@backstage/backend-defaults/rootHttpRouter';
import {
  coreServices,
  createBackendModule,
  createServiceFactory,
  type BackendFeature,
} from '@backstage/backend-plugin-api';
import { CatalogClient } from '@backstage/catalog-client';
import type { Entity } from '@backstage/catalog-model';
import { ConfigReader } from '@backstage/config';
import catalogPlugin from '@backstage/plugin-catalog-backend';
import type { JsonObject } from '@backstage/types';
import knexFactory, { type Knex } from 'knex';
import azureDevOpsModule from '../../src';
import { Ledger } from '../../src/ledger/ledger';
import { describeRejection } from '../../src/policy/model';
import { statusServiceRef } from '../../src/status/report';
import { postgresUrl, type DatabaseKind } from './databases';
import { recordingLogger, type LogLine } from './logs';
import { until } from './until';
import { secretScan } from './secret-scan';
import type { RefreshReport } from '../../src/ingestion/report';

export type Refreshed = RefreshReport & { error?: string };

/** A file of which a document was rejected. */
interface RejectedFile {
  readonly target: string;
  /** One line a document: where, and why. */
  readonly errors: readonly string[];
}

/** A real Backstage backend: the real catalog with this module in it. */
export interface TestCatalog {
  /** Runs the scheduled task of a provider, and waits for its end. Default: `main`. */
  refresh(id?: string): Promise<Refreshed>;
  /** Starts the scheduled task and does not wait. */
  trigger(id?: string): Promise<void>;
  /** How the provider's last refresh went, if it has begun. */
  report(id?: string): Refreshed | undefined;
  /** The files of which the ledger has a rejected document, by URL. */
  rejectedFiles(): Promise<RejectedFile[]>;
  /** Everything in the catalog, as its API returns it, by reference. */
  entities(filter?: Record<string, string>): Promise<Entity[]>;
  /** Waits until the catalog has processed and stitched all that it was given. */
  settled(): Promise<void>;
  readonly client: CatalogClient;
  readonly baseUrl: string;
  /** The catalog plugin's own database. */
  readonly knex: Knex;
  readonly logs: LogLine[];
  /** PostgreSQL: hand it to another `startCatalog` to share the database. */
  readonly databasePrefix: string;
  stop(options?: { keepDatabase?: boolean }): Promise<void>;
}

export interface CatalogOptions {
  /** Blocks under `catalog.providers.azureDevOps`; each is refreshed on demand unless it has a schedule. */
  providers?: Record<string, JsonObject>;
  /** The key that they stand under instead. */
  providersKey?: string;
  /** Further keys under `catalog`. */
  catalog?: JsonObject;
  /** `integrations`. */
  integrations?: JsonObject;
  /** Further keys of the root configuration. */
  config?: JsonObject;
  /** Default: `sqlite`, in memory. */
  database?: DatabaseKind;
  /** PostgreSQL only: that of another backend, to share its database. */
  databasePrefix?: string;
  features?: BackendFeature[];
  /** What requests to it present, where `config` makes it ask for that. */
  token?: string;
  /** Leaves this module out. */
  withoutModule?: boolean;
}

/**
 * A task of scope `global` looks for a trigger every 5 s, in the database; a local
 * one begins at once.
 */
const ON_DEMAND: JsonObject = {
  frequency: { hours: 24 },
  initialDelay: { hours: 24 },
  timeout: { minutes: 30 },
  scope: 'local',
};

/** Starts a real backend; see {@link TestCatalog}. */
export async function startCatalog(
  options: CatalogOptions = {},
): Promise<TestCatalog> {
  const kind = options.database ?? 'sqlite';
  const databasePrefix =
    options.databasePrefix ?? `t${randomBytes(5).toString('hex')}_`;
  const logs: LogLine[] = [];
  const seen: {
    knex?: Knex;
    status?: { list(): Refreshed[] };
    /** The port that the system gave the backend. */
    port?: () => number;
  } = {};

  const backend = createBackend();
  backend.add(
    createServiceFactory({
      service: coreServices.rootConfig,
      deps: {},
      factory: () => new ConfigReader(configOf(options, kind, databasePrefix)),
    }),
  );
  backend.add(
    rootHttpRouterServiceFactory({
      configure({ server, applyDefaults }) {
        seen.port = () => (server.address() as AddressInfo).port;
        applyDefaults();
      },
    }),
  );
  // Backstage's own takes the port from the configuration, which asks for any.
  backend.add(
    createServiceFactory({
      service: coreServices.discovery,
      deps: {},
      factory() {
        const url = async (plugin: string) =>
          `${addressOf(seen)}/api/${encodeURIComponent(plugin)}`;
        return { getBaseUrl: url, getExternalBaseUrl: url };
      },
    }),
  );
  backend.add(
    createServiceFactory({
      service: coreServices.rootLogger,
      deps: {},
      factory: () => recordingLogger(logs),
    }),
  );
  backend.add(catalogPlugin);
  if (!options.withoutModule) {
    backend.add(azureDevOpsModule);
  }
  backend.add(observer(seen));
  for (const feature of options.features ?? []) {
    backend.add(feature);
  }
  try {
    await backend.start();
  } catch (error) {
    await backend.stop();
    if (seen.knex) {
      await disconnect(seen.knex);
    }
    throw error;
  }
  const baseUrl = addressOf(seen);

  let isStopped = false;
  const ask: typeof fetch = (url, init) => {
    const headers = new Headers(init?.headers);
    if (options.token) headers.set('authorization', `Bearer ${options.token}`);
    return fetch(url, { ...init, headers });
  };
  const client = new CatalogClient({
    discoveryApi: {
      getBaseUrl: async plugin => `${baseUrl}/api/${plugin}`,
    },
    fetchApi: { fetch: ask },
  });
  const knex = seen.knex;
  if (!knex) {
    throw new Error('The catalog did not start');
  }
  const report = (id = 'main') =>
    seen.status
      ?.list()
      .find(({ provider }) => provider === `AzureDevOpsEntityProvider:${id}`);
  const trigger = async (id = 'main') => {
    const task = encodeURIComponent(`AzureDevOpsEntityProvider:${id}:refresh`);
    const response = await ask(
      `${baseUrl}/api/catalog/.backstage/scheduler/v1/tasks/${task}/trigger`,
      { method: 'POST' },
    );
    if (!response.ok) {
      throw new Error(`${response.status}: ${await response.text()}`);
    }
  };

  return {
    client,
    baseUrl,
    knex,
    logs,
    databasePrefix,
    trigger,
    report,
    async refresh(id = 'main') {
      const before = await until(
        `the scheduler to take a refresh of ${id}`,
        async () => {
          const startedAt = report(id)?.startedAt;
          try {
            await trigger(id);
            return { startedAt };
          } catch (error) {
            // It needs an instant between two runs of a task.
            if (error instanceof Error && error.message.startsWith('409')) {
              return undefined;
            }
            throw error;
          }
        },
      );
      return await until(`the refresh of ${id}`, () => {
        const now = report(id);
        return (
          now &&
          now.startedAt !== before.startedAt &&
          now.outcome !== 'running' &&
          now
        );
      });
    },
    async rejectedFiles() {
      const { files } = await new Ledger(
        knex,
        'AzureDevOpsEntityProvider:main',
      ).reports.rejections({ limit: 1_000, offset: 0 });
      return files.map(({ target, rejections }) => ({
        target,
        errors: rejections.map(describeRejection),
      }));
    },
    async entities(filter) {
      const { items } = await client.getEntities(filter ? { filter } : {});
      return items;
    },
    async settled() {
      await until('the catalog to have processed everything', async () => {
        const waiting = await knex('refresh_state')
          .whereNull('result_hash')
          .orWhere('result_hash', '')
          .count({ count: '*' })
          .first();
        const stitching = await knex('stitch_queue')
          .count({ count: '*' })
          .first();
        return Number(waiting?.count) === 0 && Number(stitching?.count) === 0;
      });
    },
    async stop({ keepDatabase = false } = {}) {
      // A test may stop it before its stage does, and start another backend on
      // its database, which is then that one's to drop.
      if (isStopped) {
        return;
      }
      isStopped = true;
      secretScan()?.saw('a report', seen.status?.list());
      await secretScan()?.sawDatabase('the catalog', knex);
      await backend.stop();
      await disconnect(knex);
      if (kind === 'postgres' && !keepDatabase) {
        await dropDatabases(databasePrefix);
      }
    },
  };
}

function addressOf({ port }: { port?: () => number }): string {
  if (!port) {
    throw new Error('The backend does not listen yet');
  }
  return `http://127.0.0.1:${port()}`;
}

function observer(seen: {
  knex?: Knex;
  status?: { list(): Refreshed[] };
}): BackendFeature {
  return createBackendModule({
    pluginId: 'catalog',
    moduleId: 'observer',
    register(env) {
      env.registerInit({
        deps: { database: coreServices.database, status: statusServiceRef },
        async init({ database, status }) {
          seen.knex = await database.getClient();
          seen.status = status;
        },
      });
    },
  });
}

function configOf(
  options: CatalogOptions,
  kind: DatabaseKind,
  prefix: string,
): JsonObject {
  const { backend, ...config } = options.config ?? {};
  return {
    ...config,
    backend: {
      // Nothing but the discovery service reads it.
      baseUrl: 'http://127.0.0.1',
      listen: { host: '127.0.0.1', port: 0 },
      auth: { dangerouslyDisableDefaultAuthPolicy: true },
      database:
        kind === 'sqlite'
          ? { client: 'better-sqlite3', connection: ':memory:' }
          : { client: 'pg', connection: postgresUrl(), prefix },
      ...(backend as JsonObject | undefined),
    },
    integrations: options.integrations ?? {},
    catalog: {
      ...options.catalog,
      providers: {
        [options.providersKey ?? 'azureDevOps']: Object.fromEntries(
          Object.entries(options.providers ?? {}).map(([id, block]) => [
            id,
            {
              schedule: ON_DEMAND,
              ...block,
            },
          ]),
        ),
      },
    },
  };
}

/**
 * Backstage means to do this itself, and fails: its DatabaseManager asks whether
 * knex's configuration, which is an object, includes 'sqlite3'.
 */
async function disconnect(knex: Knex): Promise<void> {
  // The catalog's loops end with what they are about.
  const pool = (knex.client as Knex.Client).pool as {
    numUsed(): number;
    numPendingAcquires(): number;
  };
  await until(
    'the queries of the stopped backend to end',
    () => pool.numUsed() + pool.numPendingAcquires() === 0,
  );
  await knex.destroy();
}

async function dropDatabases(prefix: string): Promise<void> {
  const admin = knexFactory({ client: 'pg', connection: postgresUrl() });
  try {
    const { rows } = (await admin.raw(
      'select datname from pg_database where datname like ?',
      [`${prefix}%`],
    )) as { rows: Array<{ datname: string }> };
    for (const { datname } of rows) {
      await admin.raw(`drop database if exists "${datname}" with (force)`);
    }
  } finally {
    await admin.destroy();
  }
}
