import type { LoggerService } from '@backstage/backend-plugin-api';
import { LRUCache } from 'lru-cache';
import type { CredentialDirectory } from '../credentials/types';
import { type Organization } from '../organization';
import { CORE, GIT, LOCATIONS, LibraryApi } from './api';
import { Requests, type OrganizationApis } from './requests';
import { createClient } from './client';
import { type Clock, systemClock } from './clock';
import { CodeSearch } from './code-search';
import { type Connections, createConnections } from './connections';
import type { Timeouts } from './http';
import type { LinkTexts } from './items';
import { Limiter, type LimiterSnapshot } from './limiter/limiter';
import {
  DEFAULT_LIMITER_OPTIONS,
  type LimiterOptions,
  type Priority,
} from './limiter/state';
import { describePacing } from './limiter/report';
import { SubscriptionsClient } from './subscriptions';
import { Transport } from './transport';
import type { AzureDevOpsClient, AzureDevOpsClients } from './types';

export const DEFAULT_TIMEOUTS: Timeouts = {
  deadlineMs: 120_000,
  headersMs: 90_000,
  bodyMs: 30_000,
  connectMs: 15_000,
  downloadMs: 3_600_000,
};

export interface AzureDevOpsClientsOptions {
  readonly credentials: CredentialDirectory;
  readonly logger: LoggerService;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** From 0 to 1, for jitter. Default: `Math.random`. */
  readonly random?: () => number;
  /** Default: 120 s for a request, 90 s of it until the headers, 30 s between pieces of the body, 15 s for a connection; an hour for what goes into a file. */
  readonly timeouts?: Partial<Timeouts>;
  /** Over `DEFAULT_LIMITER_OPTIONS`. */
  readonly limiter?: Partial<LimiterOptions>;
  /** The organizations whose clients are kept, however many others are asked. */
  readonly configured?: readonly Organization[];
}

export interface OrganizationPacing extends LimiterSnapshot {
  readonly organization: Organization;
}

/** What was sent to one of the configured organizations, or to all others. */
export interface RequestTotals {
  /** As `host/organization`; `other` for those that only URLs name. */
  readonly organization: string;
  /** How many requests were answered with a status of each class, `2xx` to `5xx`; `none` for those without an answer. */
  readonly requests: Readonly<Record<string, number>>;
  /** For how long requests were held up because the service throttles, in milliseconds. */
  readonly throttledMs: number;
}

interface Entry {
  readonly organization: Organization;
  readonly apis: OrganizationApis;
  readonly transport: Transport;
  readonly limiter: Limiter;
  readonly connections: Connections;
  /** How many calls are under way. */
  running: number;
}

/** How many clients of organizations that only URLs name are kept; somebody may try any number of names. */
const MOST_OTHERS = 100;
/** Stands for all organizations that the configuration does not name. */
const OTHER = 'other';
/** What so many symbolic links contain is kept; some hundred bytes each. */
const MOST_LINKS = 10_000;

/** One client for all spellings of a name; with TLS and without are two. */
function clientKeyOf({ key, scheme }: Organization): string {
  return `${scheme}://${key}`;
}

/**
 * Clients for all organizations of one process: make one and share it, since
 * the service counts requests by identity and not by who makes them.
 *
 * `forOrganization` throws a `CredentialError` when no credential serves it.
 */
export class AzureDevOpsClientPool implements AzureDevOpsClients {
  readonly #options: AzureDevOpsClientsOptions;
  readonly #configured: ReadonlySet<string>;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  /** By the label of an organization: how many requests, by the class of their status. */
  readonly #sent = new Map<string, Record<string, number>>();
  /** The milliseconds that clients which were dropped have been held up. */
  #throttledMs = 0;
  readonly #linkTexts: LinkTexts = new LRUCache({ max: MOST_LINKS });
  #closed = false;
  /** The same clients for people who wait: their requests go first, and are rejected rather than kept waiting for more than half a minute. */
  readonly interactive: AzureDevOpsClients = {
    forOrganization: (organization, { deadlineMs } = {}) =>
      this.#client(organization, { priority: 'interactive', deadlineMs }),
  };

  constructor(options: AzureDevOpsClientsOptions) {
    this.#options = options;
    this.#configured = new Set(options.configured?.map(clientKeyOf));
  }

  forOrganization(
    organization: Organization,
    { deadlineMs }: { readonly deadlineMs?: number } = {},
  ): AzureDevOpsClient {
    return this.#client(organization, { priority: 'background', deadlineMs });
  }

  /** The subscriptions to service hooks of an organization; for the command line alone. */
  subscriptions(organization: Organization): SubscriptionsClient {
    return new SubscriptionsClient(this.#entry(organization).transport);
  }

  /** How requests are paced at the moment, one entry for each organization that is in use. */
  limiterSnapshot(): OrganizationPacing[] {
    return [...this.#entries.values()].map(({ organization, limiter }) => ({
      organization,
      ...limiter.snapshot(),
    }));
  }

  /** What was sent since the start, organization by organization. */
  requestTotals(): RequestTotals[] {
    const totals = [...this.#sent].map(([organization, requests]) => ({
      organization,
      requests,
      throttledMs: organization === OTHER ? this.#throttledMs : 0,
    }));
    for (const { organization, limiter } of this.#entries.values()) {
      const total = totals.find(
        it => it.organization === this.#labelOf(organization),
      );
      if (total) {
        total.throttledMs += limiter.snapshot().throttledMs;
      }
    }
    return totals;
  }

  /** Ends all requests and connections. */
  async close(): Promise<void> {
    this.#closed = true;
    const entries = [...this.#entries.values()];
    for (const { limiter } of entries) {
      limiter.close();
    }
    await Promise.all(
      entries
        .flatMap(({ connections: { kept, fresh } }) => [kept, fresh])
        .map(dispatcher => dispatcher.destroy()),
    );
  }

  #client(
    organization: Organization,
    options: { readonly priority: Priority; readonly deadlineMs?: number },
  ): AzureDevOpsClient {
    // Throws at once where no credential serves it. All spellings of a name
    // share what the first one made.
    const { organization: first } = this.#entry(organization);
    return createClient(
      new Requests(first, action => this.#use(first, action), options),
      this.#linkTexts,
    );
  }

  async #use<T>(
    organization: Organization,
    action: (apis: OrganizationApis) => Promise<T>,
  ): Promise<T> {
    const entry = this.#entry(organization);
    entry.running++;
    try {
      return await action(entry.apis);
    } finally {
      entry.running--;
    }
  }

  #entry(organization: Organization): Entry {
    const key = clientKeyOf(organization);
    const known = this.#entries.get(key);
    if (!known && this.#closed) {
      throw new Error(
        `The clients were closed; ${organization.label} can no longer be asked`,
      );
    }
    const entry = known ?? this.#create(organization);
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (!known) {
      this.#dropUnused();
    }
    return entry;
  }

  /** Drops those that were used least recently, but none that is in use. */
  #dropUnused(): void {
    const others = [...this.#entries].filter(
      ([key]) => !this.#configured.has(key),
    );
    for (const [key, entry] of others.slice(0, -MOST_OTHERS)) {
      if (entry.running === 0) {
        this.#entries.delete(key);
        this.#throttledMs += entry.limiter.snapshot().throttledMs;
        entry.limiter.close();
        void entry.connections.kept.close();
        void entry.connections.fresh.close();
      }
    }
  }

  /** Of configured organizations there are few; whatever else a URL may name is one. */
  #labelOf(organization: Organization): string {
    return this.#configured.has(clientKeyOf(organization))
      ? organization.label
      : OTHER;
  }

  #countSent(organization: Organization, status: number | undefined): void {
    const label = this.#labelOf(organization);
    const counts = this.#sent.get(label) ?? {};
    const statusClass =
      status === undefined ? 'none' : `${Math.floor(status / 100)}xx`;
    counts[statusClass] = (counts[statusClass] ?? 0) + 1;
    this.#sent.set(label, counts);
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
      onReport: hold => {
        const { level, text } = describePacing(hold);
        logger[level](`${organization.label}: ${text}`);
      },
    });
    // Each organization has sockets of its own, so that one that hangs does
    // not take those of the others.
    const connections = createConnections({
      host: organization.host,
      sockets: options.maxConcurrency,
      connectMs: timeouts.connectMs,
    });
    const transport = new Transport({
      organization,
      credential,
      limiter,
      connections,
      clock,
      random,
      timeouts,
      onSent: status => this.#countSent(organization, status),
    });
    let reported = false;
    const onAssumed = (message: string) => {
      if (!reported) logger.warn(`${organization.label}: ${message}`);
      reported = true;
    };
    return {
      organization,
      apis: {
        git: new LibraryApi(transport, GIT, onAssumed),
        core: new LibraryApi(transport, CORE, onAssumed),
        locations: new LibraryApi(transport, LOCATIONS, onAssumed),
        search: new CodeSearch(transport),
      },
      transport,
      limiter,
      connections,
      running: 0,
    };
  }
}
