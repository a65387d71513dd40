import { setTimeout as delay } from 'node:timers/promises';
import type {
  AuditorService,
  DatabaseService,
  SchedulerService,
} from '@backstage/backend-plugin-api';
import { NotFoundError, ServiceUnavailableError } from '@backstage/errors';
import type { Knex } from 'knex';
import type { ProviderReading, ProviderSettings } from '../config/index';
import type { EventHub } from '../events/hub';
import { refreshTaskId } from '../ingestion/provider';
import { Ledger } from '../ledger/ledger';
import type { LastRefreshes } from '../status/report';
import { migrateLedger } from '../ledger/migrate';
import type { AzureDevOpsService } from '../shared-service';
import type { ExplainSources } from './gather';

/** How often a refresh is triggered again that could not be, in milliseconds. */
const TRIGGER_AGAIN_MS = 5_000;

export interface OperationsContext {
  readonly auditor: AuditorService;
  /** Aborted when the backend stops. */
  readonly signal: AbortSignal;
  readonly readings: readonly ProviderReading[];
  readonly database: DatabaseService;
  readonly scheduler: SchedulerService;
  readonly service: AzureDevOpsService;
  readonly hub: EventHub;
  readonly status: LastRefreshes;
  /** One look at one repository, of which nothing is written down. */
  readonly look: ExplainSources['look'];
}

/** A provider whose block is right, with its ledger. */
export interface Provider {
  readonly settings: ProviderSettings;
  readonly ledger: Ledger;
  readonly knex: Knex;
}

/** The providers of the configuration, and what each needs for being asked. */
export class Providers {
  constructor(private readonly context: OperationsContext) {}

  /** @param id - of one; all if left out. @throws NotFoundError for an id that the configuration does not have */
  readings(id?: string): readonly ProviderReading[] {
    const { readings } = this.context;
    const found = readings.filter(it => id === undefined || it.id === id);
    if (found.length === 0 && id !== undefined) {
      const ids = readings.map(it => `'${it.id}'`).join(', ');
      throw new NotFoundError(
        `Expected a provider under catalog.providers.azureDevOps, which has ${ids || 'none'}; got '${id}'`,
      );
    }
    return found;
  }

  /** Those whose blocks are right. */
  async all(id?: string): Promise<Provider[]> {
    const { database } = this.context;
    const knex = await database.getClient();
    await migrateLedger(database, knex);
    return this.readings(id).flatMap(({ settings }) =>
      settings
        ? [
            {
              settings,
              knex,
              ledger: new Ledger(knex, settings.providerName),
            },
          ]
        : [],
    );
  }

  /** @throws ServiceUnavailableError where none of the providers runs in this process */
  requireAnyConnected(
    providers: ReadonlyArray<Pick<ProviderReading, 'id' | 'providerName'>>,
  ): void {
    const { hub } = this.context;
    if (!providers.some(it => hub.isConnected(it.providerName))) {
      throw new ServiceUnavailableError(
        `The provider '${providers.map(({ id }) => id).join("', '")}' does not run on this backend: either it has just been started, or its configuration is wrong. ` +
          'What to do: look for the mistake in the log of its start, or in the status',
      );
    }
  }

  /** Has the scheduler begin a refresh. @returns `already-running` when one is under way, by whichever replica */
  async trigger({
    providerName,
  }: Pick<ProviderReading, 'providerName'>): Promise<
    'triggered' | 'already-running'
  > {
    try {
      await this.context.scheduler.triggerTask(refreshTaskId(providerName));
      return 'triggered';
    } catch (error) {
      if (isConflict(error)) {
        return 'already-running';
      }
      throw error;
    }
  }

  /** The same; where one is under way, another begins when it has ended, unless this process ends before. Does not throw. */
  async refreshSoon(provider: Pick<ProviderReading, 'providerName'>): Promise<{
    refresh: 'triggered' | 'already-running' | 'not-triggered';
    refreshError?: string;
  }> {
    try {
      const refresh = await this.trigger(provider);
      if (refresh === 'already-running') {
        void this.#triggerAgain(provider);
      }
      return { refresh };
    } catch (error) {
      return {
        refresh: 'not-triggered',
        refreshError: error instanceof Error ? error.message : String(error),
      };
    }
  }

  async #triggerAgain(
    provider: Pick<ProviderReading, 'providerName'>,
  ): Promise<void> {
    const { signal } = this.context;
    try {
      do {
        await delay(TRIGGER_AGAIN_MS, undefined, { signal, ref: false });
      } while ((await this.trigger(provider)) === 'already-running');
    } catch {
      // The next scheduled refresh does it.
    }
  }
}

/** By its name, since it may be of another copy of @backstage/errors. */
function isConflict(error: unknown): boolean {
  return error instanceof Error && error.name === 'ConflictError';
}
