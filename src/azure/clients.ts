import type { LoggerService } from '@backstage/backend-plugin-api';
import type { Dispatcher } from 'undici';
import type { CredentialDirectory } from '../credentials/types';
import { type Organization } from '../organization';
import { OrganizationApi } from './api';
import { CORE, GIT, LOCATIONS, PROJECT_ANALYSIS } from './areas';
import { ApiClient } from './client';
import { type Clock, systemClock } from './clock';
import { CodeSearch } from './code-search';
import { type Connections, createConnections } from './connections';
import type { Timeouts } from './exchange';
import { Limiter, type LimiterSnapshot } from './limiter/limiter';
import { DEFAULT_LIMITER_OPTIONS, type LimiterOptions } from './limiter/state';
import { describePacing } from './limiter/report';
import { Requester } from './requester';
import type { AzureDevOpsClient, AzureDevOpsClients } from './types';

export const DEFAULT_TIMEOUTS: Timeouts = {
  deadlineMs: 120_000,
  headersMs: 90_000,
  bodyMs: 30_000,
  connectMs: 15_000,
};

export interface AzureDevOpsClientsOptions {
  readonly credentials: CredentialDirectory;
  readonly logger: LoggerService;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** From 0 to 1, for jitter. Default: `Math.random`. */
  readonly random?: () => number;
  /** Default: 120 s for a request, 90 s of it until the headers, 30 s between pieces of the body, 15 s for a connection. */
  readonly timeouts?: Partial<Timeouts>;
  /** Over `DEFAULT_LIMITER_OPTIONS`. */
  readonly limiter?: Partial<LimiterOptions>;
  /** Sends all requests, and stays open when the clients are closed. Default: connections of each organization's own, through the environment's proxy. */
  readonly dispatcher?: Dispatcher;
}

/** The clients of one process, and what can be done with all of them. */
export interface AzureDevOpsClientPool extends AzureDevOpsClients {
  /** The same clients for people who wait: their requests go first, and are refused rather than kept waiting for more than half a minute. */
  readonly interactive: AzureDevOpsClients;
  /** How requests are paced at the moment, one entry for each organization that has been used. */
  limiterSnapshot(): OrganizationPacing[];
  /** Ends all requests and connections. */
  close(): Promise<void>;
}

export interface OrganizationPacing extends LimiterSnapshot {
  readonly organization: Organization;
}

/**
 * Clients for all organizations of one process: make one and share it, since
 * the service counts requests by identity and not by who makes them.
 *
 * `forOrganization` throws a `CredentialError` when no credential serves it.
 */
export function createAzureDevOpsClients(
  options: AzureDevOpsClientsOptions,
): AzureDevOpsClientPool {
  return new ClientPool(options);
}

interface Entry {
  readonly organization: Organization;
  readonly background: AzureDevOpsClient;
  readonly interactive: AzureDevOpsClient;
  readonly limiter: Limiter;
  readonly connections: Connections;
}

class ClientPool implements AzureDevOpsClientPool {
  readonly #options: AzureDevOpsClientsOptions;
  readonly #entries = new Map<string, Entry>();
  #closed = false;
  readonly interactive: AzureDevOpsClients = {
    forOrganization: organization => this.#entry(organization).interactive,
  };

  constructor(options: AzureDevOpsClientsOptions) {
    this.#options = options;
  }

  forOrganization(organization: Organization): AzureDevOpsClient {
    return this.#entry(organization).background;
  }

  limiterSnapshot(): OrganizationPacing[] {
    return [...this.#entries.values()].map(({ organization, limiter }) => ({
      organization,
      ...limiter.snapshot(),
    }));
  }

  async close(): Promise<void> {
    this.#closed = true;
    const entries = [...this.#entries.values()];
    for (const { limiter } of entries) {
      limiter.close();
    }
    if (!this.#options.dispatcher) {
      await Promise.all(
        entries
          .flatMap(({ connections: { kept, fresh } }) => [kept, fresh])
          .map(dispatcher => dispatcher.destroy()),
      );
    }
  }

  #entry(organization: Organization): Entry {
    const key = organization.key;
    let entry = this.#entries.get(key);
    if (!entry) {
      if (this.#closed) {
        throw new Error(
          `The clients were closed; ${organization.label} can no longer be asked`,
        );
      }
      entry = this.#create(organization);
      this.#entries.set(key, entry);
    }
    return entry;
  }

  #create(organization: Organization): Entry {
    const { credentials, logger, clock = systemClock } = this.#options;
    const { random = Math.random } = this.#options;
    const timeouts = { ...DEFAULT_TIMEOUTS, ...this.#options.timeouts };
    const credential = credentials.forOrganization(organization);
    const options = { ...DEFAULT_LIMITER_OPTIONS, ...this.#options.limiter };
    const limiter = new Limiter({
      options,
      clock,
      random,
      onReport: report => {
        const { level, text } = describePacing(report);
        logger[level](`${organization.label}: ${text}`);
      },
    });
    // Each organization has sockets of its own, so that one that hangs does
    // not take those of the others.
    const { dispatcher } = this.#options;
    const connections = dispatcher
      ? { kept: dispatcher, fresh: dispatcher }
      : createConnections({
          sockets: options.maxConcurrency,
          connectMs: timeouts.connectMs,
        });
    const requester = new Requester({
      organization,
      credential,
      limiter,
      connections,
      clock,
      random,
      timeouts,
    });
    const parts = {
      git: new OrganizationApi(requester, GIT),
      core: new OrganizationApi(requester, CORE),
      locations: new OrganizationApi(requester, LOCATIONS),
      analysis: new OrganizationApi(requester, PROJECT_ANALYSIS),
      search: new CodeSearch(requester),
    };
    return {
      organization,
      background: new ApiClient(organization, parts, 'background'),
      interactive: new ApiClient(organization, parts, 'interactive'),
      limiter,
      connections,
    };
  }
}
