import { tmpdir } from 'node:os';
import {
  AzureUrlReader,
  type ReadTreeResponseFactory,
  UrlReaders,
} from '@backstage/backend-defaults/urlReader';
import type { UrlReaderService } from '@backstage/backend-plugin-api';
import { type Config, ConfigReader } from '@backstage/config';
import type { JsonObject } from '@backstage/types';
import { type InjectedFault, Simulator } from '../../dev/simulator/index';
import { AzureDevOpsClientPool } from '../../src/azure/clients';
import { type Clock, systemClock } from '../../src/azure/clock';
import { createCredentialDirectory } from '../../src/credentials/directory';
import type { CredentialDirectory } from '../../src/credentials/types';
import type { Timeouts } from '../../src/azure/http';
import { RepositoryContent } from '../../src/content/content';
import { readLocationContext } from '../../src/content/context';
import type { Patience } from '../../src/content/shared-reads';
import { AzureDevOpsUrlReader } from '../../src/url-reader/reader';
import { readUrlReaderSettings } from '../../src/config/url-reader';
import { type LogLine, recordingLogger } from '../support/logs';
import { proxyGlobalFetch } from '../support/proxied-fetch';
import { withEnvironment } from '../support/with-environment';

export const TOKEN = 'a-token-that-is-valid-in-the-simulator';

/** The simulator as the corporate proxy of this process, which Backstage's own reader goes through as well. */
export async function startSimulator(): Promise<{
  simulator: Simulator;
  close(): Promise<void>;
}> {
  const simulator = await Simulator.start();
  simulator.addPersonalAccessToken(TOKEN, { identity: 'alice' });
  const { HTTPS_PROXY = '', NO_PROXY = '' } = simulator.environment;
  const restore = withEnvironment({ HTTPS_PROXY, NO_PROXY });
  const restoreFetch = proxyGlobalFetch();
  return {
    simulator,
    async close() {
      restore();
      await restoreFetch();
      await simulator.close();
    },
  };
}

export interface Reading {
  readonly content: RepositoryContent;
  /** As the catalog has it. */
  readonly reader: AzureDevOpsUrlReader;
  /** As any other plugin has it. */
  readonly interactiveReader: AzureDevOpsUrlReader;
  /** Backstage's own, with the same configuration. */
  readonly stock: UrlReaderService;
  readonly clients: AzureDevOpsClientPool;
  readonly config: Config;
  readonly logs: LogLine[];
  /** Lets time pass for the caches, in milliseconds. */
  pass(milliseconds: number): void;
  close(): Promise<void>;
}

/** Everything that reads, made as the shared service makes it. */
export function startReading(
  simulator: Pick<Simulator, 'serverUrl'>,
  options: {
    catalog?: JsonObject;
    azure?: JsonObject[];
    patience?: Patience;
    /** How many times as fast the clients' pauses and deadlines go by. Default: 1. */
    speed?: number;
    /** Default: the client's own. */
    timeouts?: Partial<Timeouts>;
    /** Is waited for before each token. */
    beforeToken?: () => Promise<void>;
  } = {},
): Reading {
  const server = new URL(simulator.serverUrl).host;
  const config: Config = new ConfigReader({
    integrations: {
      azure: options.azure ?? [
        { credentials: [{ personalAccessToken: TOKEN }] },
        { host: server, credentials: [{ personalAccessToken: TOKEN }] },
        {
          host: 'contoso.visualstudio.com',
          credentials: [{ personalAccessToken: TOKEN }],
        },
      ],
    },
    catalog: options.catalog ?? {},
  });
  const logs: LogLine[] = [];
  const logger = recordingLogger(logs);
  let passed = 0;
  const clients = new AzureDevOpsClientPool({
    credentials: waitingFor(
      options.beforeToken,
      createCredentialDirectory({ config, logger }),
    ),
    logger,
    clock: hastened(options.speed ?? 1),
    timeouts: options.timeouts,
  });
  const content = new RepositoryContent({
    clients,
    context: readLocationContext(config),
    settings: readUrlReaderSettings(config),
    logger,
    now: () => Date.now() + passed,
    patience: options.patience,
  });
  const treeResponseFactory = treeResponses(config);
  const readerFor = (interactive: boolean) =>
    new AzureDevOpsUrlReader({
      content,
      treeResponseFactory,
      workingDirectory: tmpdir(),
      interactive,
    });
  return {
    content,
    reader: readerFor(false),
    interactiveReader: readerFor(true),
    stock: UrlReaders.create({
      config,
      logger,
      factories: [AzureUrlReader.factory],
    }),
    clients,
    config,
    logs,
    pass(milliseconds) {
      passed += milliseconds;
    },
    async close() {
      content.close();
      await clients.close();
    },
  };
}

/** The same credentials, whose tokens come when the test lets them. */
function waitingFor(
  beforeToken: (() => Promise<void>) | undefined,
  directory: CredentialDirectory,
): CredentialDirectory {
  return {
    forOrganization(organization) {
      const credential = directory.forOrganization(organization);
      return {
        describe: () => credential.describe(),
        reject: authorization => credential.reject(authorization),
        async getAuthorization(options) {
          await beforeToken?.();
          return await credential.getAuthorization(options);
        },
      };
    },
  };
}

/** The machine's clock, for a client that is to wait less. */
function hastened(speed: number): Clock {
  const start = systemClock.now();
  return {
    now: () => start + (systemClock.now() - start) * speed,
    schedule: (delayMs, callback) =>
      systemClock.schedule(delayMs / speed, callback),
  };
}

/** What Backstage hands to every reader for writing trees out. */
function treeResponses(config: Config): ReadTreeResponseFactory {
  let found: ReadTreeResponseFactory | undefined;
  UrlReaders.create({
    config,
    logger: recordingLogger([]),
    factories: [
      ({ treeResponseFactory }) => {
        found = treeResponseFactory;
        return [];
      },
    ],
  });
  if (!found) {
    throw new Error('Backstage called no factory');
  }
  return found;
}

/** A descriptor of one component. */
export function component(name: string, description = ''): string {
  return [
    'apiVersion: backstage.io/v1alpha1',
    'kind: Component',
    'metadata:',
    `  name: ${name}`,
    `  description: ${JSON.stringify(description)}`,
    'spec:',
    '  type: service',
    '  lifecycle: production',
    '  owner: team',
    '',
  ].join('\n');
}

export const MINUTE = 60_000;

/** Has the service answer the next request for a file with what is there then, but only once it is released. */
export function holdAnswer(
  simulator: Simulator,
  endpoint: 'items' | 'repository' = 'items',
): {
  readonly fault: InjectedFault;
  release(): void;
} {
  let release = () => {};
  const released = new Promise<void>(resolve => {
    release = resolve;
  });
  const fault = simulator.inject({
    match: { endpoint },
    times: 1,
    response: async (_request, proceed) => {
      const answer = await proceed();
      await released;
      return answer;
    },
  });
  return { fault, release };
}
