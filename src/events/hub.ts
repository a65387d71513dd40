import { randomUUID } from 'node:crypto';
import type {
  DatabaseService,
  LoggerService,
} from '@backstage/backend-plugin-api';
import type { EventsService } from '@backstage/plugin-events-node';
import type { Knex } from 'knex';
import { LRUCache } from 'lru-cache';
import type { ScmEventsService } from '../backstage';
import { GIT_EVENTS } from '../config/events';
import type { ConnectedProvider } from '../ingestion/provider';
import type { RefreshFollower } from '../ingestion/refresh';
import { DueRepositories, type Due } from '../ledger/due';
import { LedgerProjectEvents } from '../ledger/project-events';
import type { DescriptorChange } from '../policy/changes';
import { EventListener, type ListeningProvider } from './listener';
import { TOPIC } from './notification';
import { DueWorker } from './worker';

/** So many repositories are remembered to be left out by the configuration; an event of another costs a request. */
const MOST_UNSELECTED = 200_000;

export interface EventHubOptions {
  readonly database: DatabaseService;
  /** Ends what is cached of a repository. */
  readonly invalidate: (repositoryId: string) => void;
  /** Absent in versions of Backstage that have none. */
  readonly scmEvents?: ScmEventsService;
  readonly logger: LoggerService;
}

/**
 * Service hooks in, `location.*` events out: for all providers of a process.
 * Everything that a refresh has to do with events goes through here.
 */
export class EventHub {
  readonly #providers = new Map<string, ListeningProvider>();
  readonly #workers: DueWorker[] = [];
  readonly #unselected = new LRUCache<string, true>({ max: MOST_UNSELECTED });
  #listener: EventListener | undefined;
  #due: DueRepositories | undefined;

  constructor(private readonly options: EventHubOptions) {}

  /** What a provider tells of its refreshes. @param name - the provider's */
  follower(name: string): RefreshFollower {
    return {
      noteUnselected: (organization, ids) => {
        ids.forEach(id =>
          this.#unselected.set(keyOf(name, organization, id), true),
        );
      },
      noteChanges: changes =>
        void this.#publish(changes.map(({ change }) => change)),
    };
  }

  /** A provider is connected, and can look at what is due. */
  connected({ name, branch, knex, lookAtDue }: ConnectedProvider): void {
    const { logger } = this.options;
    const due = this.#dueOf(knex);
    const projectEvents = new LedgerProjectEvents(knex, name);
    const worker = new DueWorker({
      provider: name,
      due,
      lookAt: lookAtDue,
      logger,
      now: Date.now,
    });
    this.#workers.push(worker);
    this.#providers.set(name, {
      branch,
      isUnselected: (organization, id) =>
        this.#unselected.has(keyOf(name, organization, id)),
      noteEvent: (organization, projectId) =>
        projectEvents.note(organization, projectId, Date.now()),
      wake: () => worker.wake(),
    });
    worker.start();
  }

  /** Whether a provider is connected in this process. @param name - the provider's */
  isConnected(name: string): boolean {
    return this.#providers.has(name);
  }

  /** Has repositories looked at by this process at once, or else by whichever comes to it; what is cached of them ends. */
  async lookAt(things: readonly Due[]): Promise<void> {
    things.forEach(({ repositoryId }) => this.options.invalidate(repositoryId));
    await this.#due?.add(things);
    things.forEach(({ provider }) => this.#providers.get(provider)?.wake());
  }

  /** Subscribes to the events; what fails is logged, and costs freshness only. */
  async subscribe(events: EventsService): Promise<void> {
    try {
      await events.subscribe({
        id: 'azure-devops',
        topics: [TOPIC, ...GIT_EVENTS.map(event => `${TOPIC}.${event}`)],
        onEvent: async params => await this.#listener?.onEvent(params),
      });
    } catch (error) {
      this.options.logger.warn(
        'Could not subscribe to events of Azure DevOps; changes are found by refreshes alone',
        error instanceof Error ? error : undefined,
      );
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map(worker => worker.close()));
  }

  #dueOf(knex: Knex): DueRepositories {
    this.#due ??= new DueRepositories(knex, randomUUID());
    this.#listener ??= new EventListener({
      due: this.#due,
      providers: this.#providers,
      invalidate: this.options.invalidate,
      logger: this.options.logger,
      now: Date.now,
    });
    return this.#due;
  }

  async #publish(changes: readonly DescriptorChange[]): Promise<void> {
    const { scmEvents, logger } = this.options;
    try {
      await scmEvents?.publish(changes.map(toScmEvent));
    } catch (error) {
      logger.debug(`Could not publish what changed: ${String(error)}`);
    }
  }
}

function toScmEvent(change: DescriptorChange) {
  return change.kind === 'moved'
    ? {
        type: 'location.moved' as const,
        fromUrl: change.from,
        toUrl: change.to,
      }
    : { type: `location.${change.kind}` as const, url: change.url };
}

function keyOf(name: string, organization: string, id: string): string {
  return `${name}\n${organization}\n${id}`;
}
