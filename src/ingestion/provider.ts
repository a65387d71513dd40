import { randomUUID } from 'node:crypto';
import type {
  DatabaseService,
  LoggerService,
  SchedulerService,
} from '@backstage/backend-plugin-api';
import type {
  EntityProvider,
  EntityProviderConnection,
} from '@backstage/plugin-catalog-node';
import type { ProviderReading, ProviderSettings } from '../config/settings';
import { CatalogView } from '../ledger/catalog-view';
import type { Knex } from 'knex';
import type { TakenDue } from '../ledger/due';
import { Ledger } from '../ledger/ledger';
import { migrateLedger } from '../ledger/migrate';
import { Outbox } from '../ledger/outbox';
import type { HeldBack } from '../policy/guard';
import {
  type OrganizationReport,
  type RefreshObserver,
  type RefreshReport,
  type Trace,
  untraced,
} from './report';
import { parseRepositoryUrl } from '../content/url';
import type { AzureDevOpsService } from '../shared-service';
import { chunks } from '../ledger/rows';
import {
  RefreshMemory,
  type RefreshContext,
  type RefreshFollower,
} from './context';
import { lookAtDue, type LookOutcome } from './due';
import { explainFailure } from './look';
import { refreshKeyOf } from './processor';
import { refresh } from './refresh';
import type { Turns } from '../concurrency';

/** Of so many entities the catalog reads the files anew at once after a look at what is due; of others when it processes them next. */
const MOST_PROCESSED_AGAIN = 1_000;

interface ProviderOptions {
  readonly reading: ProviderReading;
  /** The settings of the other providers of the configuration. */
  readonly others: readonly ProviderSettings[];
  /** Everything that is wrong with any block, for whichever provider the backend shows the error of. */
  readonly mistakes: string;
  readonly database: DatabaseService;
  readonly scheduler: SchedulerService;
  readonly logger: LoggerService;
  /** Used only from `connect()` on: what is wrong with `integrations.azure` is an error of the provider's start, not of the module's. */
  readonly service: AzureDevOpsService;
  /** Of the whole process, for files that are large or take long. */
  readonly turns: Turns;
  readonly observers: readonly RefreshObserver[];
  readonly follower?: RefreshFollower;
  /** Called once with each set of removals that is held back. @param organizationKey - empty for what is not of one */
  readonly onHeldBack?: (
    provider: ProviderSettings,
    organizationKey: string,
    held: HeldBack,
  ) => Promise<void>;
  readonly trace?: Trace;
  /** Called when the provider can look at what is due. */
  readonly onConnected?: (provider: ConnectedProvider) => void;
}

/** A provider, as far as events need it. */
export interface ConnectedProvider {
  readonly name: string;
  /** The branch that the configuration names, if it does. */
  readonly branch?: string;
  readonly knex: Knex;
  /** Has the catalog process those of these entities that read files. */
  processAgain(entityRefs: readonly string[]): Promise<void>;
  /** Looks at what is due in an organization, and has the files read anew that its entities refer to. */
  lookAtDue(
    organizationKey: string,
    due: readonly TakenDue[],
    signal: AbortSignal,
  ): Promise<LookOutcome>;
}

/**
 * Provides the entities of one block under `catalog.providers.azureDevOps`.
 *
 * A provider whose block is wrong exists all the same, and throws what is wrong
 * when it is connected: the catalog removes the entities of a provider that is
 * not there.
 */
export class AzureDevOpsEntityProvider implements EntityProvider {
  constructor(private readonly options: ProviderOptions) {}

  getProviderName(): string {
    return this.options.reading.providerName;
  }

  async connect(connection: EntityProviderConnection): Promise<void> {
    const { reading, mistakes, scheduler, service, database } = this.options;
    if (reading.error) {
      throw new Error(mistakes);
    }
    const { settings } = reading;
    this.warnOfPlainHttp(settings);
    if (!service.rules.usesInstalledCatalog) {
      this.options.logger.warn(
        `${settings.providerName}: catalog.rules are applied as @backstage/plugin-catalog-backend 4.0.5 means them, ` +
          'since the installed one has them in another place; report this, with its version',
      );
    }
    const knex = await database.getClient();
    await migrateLedger(database, knex);
    const ledger = new Ledger(knex, settings.providerName);
    await ledger.open();
    const context = this.contextOf(settings, knex, ledger, connection);
    const wasUnfinished = await ledger.isUnfinished();
    const { trace = untraced } = context;
    const id = refreshTaskId(settings.providerName);
    await scheduler.createScheduledTaskRunner(settings.schedule).run({
      id,
      fn: async signal => {
        await trace('refresh', { provider: settings.providerName }, () =>
          this.refreshOnce(context, signal),
        );
      },
    });
    this.options.onConnected?.(this.connected(context, knex));
    if (wasUnfinished) {
      await this.refreshNow(id, settings.schedule);
    }
  }

  private contextOf(
    settings: ProviderSettings,
    knex: Knex,
    ledger: Ledger,
    connection: EntityProviderConnection,
  ): RefreshContext {
    const { service, onHeldBack } = this.options;
    const { clients, content, rules, yaml } = service;
    return {
      settings,
      others: this.options.others,
      clients,
      rules,
      yaml,
      turns: this.options.turns,
      ledger,
      outbox: new Outbox(knex, settings.providerName, randomUUID()),
      catalog: new CatalogView(knex, settings.providerName),
      locate: target => {
        const parsed = parseRepositoryUrl(target, content.context);
        return parsed.outcome === 'repository' ? parsed : undefined;
      },
      memory: new RefreshMemory(),
      connection,
      explain: (error, organization) =>
        explainFailure(service, error, organization),
      content,
      follower: this.options.follower,
      onHeldBack: async (organizationKey, sets) => {
        const now = Date.now();
        const news = await ledger.heldBack.note(organizationKey, sets, now);
        for (const held of news) {
          await onHeldBack?.(settings, organizationKey, held);
        }
      },
      trace: this.options.trace,
      logger: this.options.logger,
      clock: Date,
    };
  }

  private connected(context: RefreshContext, knex: Knex): ConnectedProvider {
    const { settings, ledger, connection, logger } = context;
    const { trace = untraced } = context;
    const { observers, service } = this.options;
    const name = settings.providerName;
    const forEvents = { ...context, clients: service.clients.interactive };
    const onReport = (report: OrganizationReport) =>
      observers.forEach(observer => observer.looked?.(name, report));
    const processAgain = async (entityRefs: readonly string[]) => {
      for (const refs of chunks(entityRefs)) {
        await connection.refresh({ keys: refs.map(refreshKeyOf) });
      }
    };
    return {
      name,
      branch: settings.branch,
      knex,
      processAgain,
      async lookAtDue(organizationKey, due, signal) {
        const outcome = await trace(
          'look',
          { provider: name, organization: organizationKey },
          async () =>
            await lookAtDue(forEvents, organizationKey, due, signal, onReport),
        );
        try {
          const given = await ledger
            .removalsIn(organizationKey)
            .givenBy(due.map(it => it.repositoryId));
          await processAgain(given.slice(0, MOST_PROCESSED_AGAIN));
        } catch (error) {
          logger.debug(
            `The files that entities of ${organizationKey} refer to are read anew only when the catalog processes them next: ${String(error)}`,
          );
        }
        return outcome;
      },
    };
  }

  /**
   * The scheduler keeps the time of the next run through a restart. After a refresh
   * that failed or was ended by the restart, nobody should have to wait for it:
   * another credential, or `removals.allow`, came with the restart.
   */
  private async refreshNow(
    id: string,
    { scope, frequency }: ProviderSettings['schedule'],
  ): Promise<void> {
    // A local task runs after each start anyway.
    if (scope === 'local' || 'trigger' in frequency) {
      return;
    }
    try {
      await this.options.scheduler.triggerTask(id);
    } catch (error) {
      // It runs already, on another replica.
      this.options.logger.debug(`${id} was not triggered: ${String(error)}`);
    }
  }

  private warnOfPlainHttp({ id, organizations }: ProviderSettings): void {
    const [plain] = organizations.filter(({ scheme }) => scheme === 'http');
    if (plain) {
      this.options.logger.warn(
        `\`catalog.providers.azureDevOps.${id}.host\` is http://${plain.host}: its token, and all that is read, goes over the network unencrypted, for locations on that host too. ` +
          'What to do: Add an https binding to the Server, and write its host without http://',
      );
    }
  }

  private async refreshOnce(
    context: RefreshContext,
    signal: AbortSignal,
  ): Promise<void> {
    const { observers } = this.options;
    let report: RefreshReport | undefined;
    let failure: unknown;
    const onReport = (started: RefreshReport) => {
      report = started;
      observers.forEach(observer => observer.started(started));
    };
    try {
      await refresh(context, { signal, onReport });
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      const ended = report;
      if (ended) {
        observers.forEach(observer => observer.ended(ended, failure));
      }
    }
  }
}

/** What the scheduler knows a provider's refresh by. */
export function refreshTaskId(providerName: string): string {
  return `${providerName}:refresh`;
}
