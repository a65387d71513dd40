import { setTimeout as delay } from 'node:timers/promises';
import type {
  AuditorService,
  DatabaseService,
  SchedulerService,
} from '@backstage/backend-plugin-api';
import { NotFoundError } from '@backstage/errors';
import type { Knex } from 'knex';
import type { ProviderReading, ProviderSettings } from '../config/settings';
import type { EventHub } from '../events/hub';
import { refreshTaskId } from '../ingestion/provider';
import { Ledger } from '../ledger/ledger';
import type { LastRefreshes } from '../status/report';
import { migrateLedger } from '../ledger/migrate';
import type { AzureDevOpsService } from '../shared-service';
import type { ExplainSources } from './explain-question';
import { errorOf } from '../thrown';

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
}

/** What came of having a refresh begun; `already-running`: by whichever replica. */
export interface Triggered {
  readonly outcome: 'triggered' | 'already-running' | 'not-triggered';
  /** Why it was not triggered. */
  readonly error?: string;
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

  /** The database with the ledgers. */
  async database(): Promise<Knex> {
    const { database } = this.context;
    const knex = await database.getClient();
    await migrateLedger(database, knex);
    return knex;
  }

  /** Those whose blocks are right. */
  async all(id?: string): Promise<Provider[]> {
    const knex = await this.database();
    return this.readings(id).flatMap(({ settings }) =>
      settings
        ? [{ settings, ledger: new Ledger(knex, settings.providerName) }]
        : [],
    );
  }

  /** Has the scheduler begin a refresh. Does not throw. */
  async trigger({
    providerName,
  }: Pick<ProviderReading, 'providerName'>): Promise<Triggered> {
    try {
      await this.context.scheduler.triggerTask(refreshTaskId(providerName));
      return { outcome: 'triggered' };
    } catch (error) {
      const { name, message } = errorOf(error);
      // By its name, since it may be of another copy of @backstage/errors.
      return name === 'ConflictError'
        ? { outcome: 'already-running' }
        : { outcome: 'not-triggered', error: message };
    }
  }

  /** The same; where one is under way, another begins when it has ended, unless this process ends before. */
  async refreshSoon(
    provider: Pick<ProviderReading, 'providerName'>,
  ): Promise<Triggered> {
    const triggered = await this.trigger(provider);
    if (triggered.outcome === 'already-running') {
      void this.#triggerAgain(provider);
    }
    return triggered;
  }

  async #triggerAgain(
    provider: Pick<ProviderReading, 'providerName'>,
  ): Promise<void> {
    const { signal } = this.context;
    try {
      do {
        await delay(TRIGGER_AGAIN_MS, undefined, { signal, ref: false });
      } while ((await this.trigger(provider)).outcome === 'already-running');
    } catch {
      // The process ends; the next scheduled refresh does it.
    }
  }
}
