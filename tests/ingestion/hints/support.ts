import { randomUUID } from 'node:crypto';
import { ConfigReader } from '@backstage/config';
import type { EntityProviderConnection } from '@backstage/plugin-catalog-node';
import type { JsonObject } from '@backstage/types';
import type { Knex } from 'knex';
import { Simulator } from '../../../dev/simulator';
import type { AzureDevOpsClientPool } from '../../../src/azure/clients';
import { readProviderConfigs } from '../../../src/config/read';
import type { ProviderSettings } from '../../../src/config/settings';
import { CatalogRules } from '../../../src/descriptors/rules';
import { YamlParser } from '../../../src/descriptors/yaml';
import {
  RefreshMemory,
  type RefreshContext,
} from '../../../src/ingestion/context';
import { refresh } from '../../../src/ingestion/refresh';
import { CatalogView } from '../../../src/ledger/catalog-view';
import { Turns } from '../../../src/concurrency';
import { Ledger } from '../../../src/ledger/ledger';
import { migrateLedger } from '../../../src/ledger/migrate';
import { Outbox } from '../../../src/ledger/outbox';
import { TestClients, tokenDirectory } from '../../azure/support/clients';
import { IDENTITY, TOKEN } from '../../e2e/support';
import { startCatalog, type TestCatalog } from '../../support/backend';
import { catalogFeature } from '../../support/catalog-feature';
import { until } from '../../support/until';
import { recordingLogger, type LogLine } from '../../support/logs';
import type { RefreshReport } from '../../../src/ingestion/report';

const yaml = new YamlParser({ enableYamlMerge: false });

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
const ORGANIZATION = 'contoso';

const PROVIDER = 'AzureDevOpsEntityProvider:main';

/**
 * The simulator, a real catalog that does not process what it is given, and the
 * refresh between them, all on one clock that stands still until it is
 * advanced.
 */
export interface HintStage {
  readonly simulator: Simulator;
  readonly organization: ReturnType<Simulator['addOrganization']>;
  readonly ledger: Ledger;
  readonly logs: LogLine[];
  /** The time of the simulator and of the refreshes, in milliseconds since 1970. */
  now(): number;
  advance(milliseconds: number): void;
  /** Refreshes, and returns the report and the requests that it made. */
  refresh(signal?: AbortSignal): Promise<Refreshed>;
  /** Waits for a request to an endpoint. */
  requested(endpoint: string): Promise<void>;
  /** Goes on under other settings. */
  configure(settings: JsonObject): void;
  /** References in the catalog's own database. */
  references(): Promise<string[]>;
  stop(): Promise<void>;
}

export interface Refreshed {
  readonly report: RefreshReport;
  readonly requests: {
    readonly all: number;
    readonly repositories: number;
    readonly items: number;
    readonly blobs: number;
    readonly codesearch: number;
  };
}

export async function setHintStage(
  settings: JsonObject = {},
): Promise<HintStage> {
  let time = Date.parse('2026-03-02T06:00:00Z');
  const now = () => time;
  const simulator = await Simulator.start({ clock: () => time });
  simulator.addPersonalAccessToken(TOKEN, { identity: IDENTITY });
  const organization = simulator.addOrganization(ORGANIZATION);
  organization.grant(IDENTITY);
  const proxy = process.env.HTTPS_PROXY;
  process.env.HTTPS_PROXY = simulator.proxyUrl;

  const { catalog, connection } = await connectCatalog();
  const { knex } = catalog;
  await migrateLedger({ getClient: async () => knex }, knex);
  const ledger = new Ledger(knex, PROVIDER);
  await ledger.open();
  const clients = new TestClients();
  const logs: LogLine[] = [];

  let context = contextOf({
    settings: settingsOf(settings),
    clients: clients.create({ credentials: tokenDirectory(TOKEN) }),
    ledger,
    knex,
    connection,
    logs,
    now,
  });

  return {
    simulator,
    organization,
    ledger,
    logs,
    now: () => time,
    advance(milliseconds) {
      time += milliseconds;
    },
    configure(changes) {
      context = {
        ...context,
        settings: settingsOf({ ...settings, ...changes }),
      };
    },
    async requested(endpoint) {
      await until(
        `a request to ${endpoint}`,
        () => simulator.requests.count({ endpoint }) > 0,
      );
    },
    async refresh(signal) {
      simulator.requests.reset();
      time += 1;
      const report = await refresh(context, { signal });
      const count = (endpoint?: string) =>
        simulator.requests.count({ endpoint });
      return {
        report,
        requests: {
          all: count(),
          repositories: count('repositories'),
          items: count('items'),
          blobs: count('blobs'),
          codesearch: count('codesearch'),
        },
      };
    },
    async references() {
      const rows: Array<{ entity_ref: string }> = await knex('refresh_state')
        .orderBy('entity_ref')
        .select('entity_ref');
      return rows.map(row => row.entity_ref);
    },
    async stop() {
      await clients.close();
      await catalog.stop();
      await simulator.close();
      if (proxy === undefined) delete process.env.HTTPS_PROXY;
      else process.env.HTTPS_PROXY = proxy;
    },
  };
}

function settingsOf(settings: JsonObject): ProviderSettings {
  const [reading] = readProviderConfigs(
    new ConfigReader({
      catalog: {
        providers: {
          azureDevOps: {
            main: {
              organization: ORGANIZATION,
              schedule: { frequency: { minutes: 30 } },
              ...settings,
            },
          },
        },
      },
    }),
  );
  if (!reading?.settings) {
    throw reading?.error ?? new Error('No provider is configured');
  }
  return reading.settings;
}

function contextOf(options: {
  settings: ProviderSettings;
  clients: AzureDevOpsClientPool;
  ledger: Ledger;
  knex: Knex;
  connection: EntityProviderConnection;
  logs: LogLine[];
  now: () => number;
}): RefreshContext {
  return {
    settings: options.settings,
    clients: options.clients,
    rules: CatalogRules.fromConfig(new ConfigReader({})),
    yaml,
    turns: new Turns(),
    ledger: options.ledger,
    onHeldBack: async () => {},
    outbox: new Outbox(options.knex, PROVIDER, randomUUID()),
    catalog: new CatalogView(options.knex, PROVIDER),
    locate: () => undefined,
    memory: new RefreshMemory(),
    connection: options.connection,
    logger: recordingLogger(options.logs),
    clock: { now: options.now },
  };
}

/** A real catalog, and its connection for a provider of our name. */
async function connectCatalog(): Promise<{
  catalog: TestCatalog;
  connection: EntityProviderConnection;
}> {
  let connected: (connection: EntityProviderConnection) => void = () => {};
  const connection = new Promise<EntityProviderConnection>(resolve => {
    connected = resolve;
  });
  const catalog = await startCatalog({
    withoutModule: true,
    catalog: { processingInterval: false },
    features: [
      catalogFeature('connection', it =>
        it.addEntityProvider({
          getProviderName: () => PROVIDER,
          connect: async given => connected(given),
        }),
      ),
    ],
  });
  return { catalog, connection: await connection };
}

/** A descriptor whose entity has this name; `note` makes it another file. */
export function descriptor(name: string, note = ''): string {
  return [
    'apiVersion: backstage.io/v1alpha1',
    'kind: Component',
    `metadata: { name: ${name}, description: "${note}" }`,
    'spec: { type: service, lifecycle: production, owner: team-a }',
    '',
  ].join('\n');
}
