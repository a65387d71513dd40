import { randomUUID } from 'node:crypto';
import type { LoggerService } from '@backstage/backend-plugin-api';
import type { CatalogScmEventsService } from '@backstage/plugin-catalog-node/alpha';
import type { EventsService } from '@backstage/plugin-events-node';
import type { Knex } from 'knex';
import { LRUCache } from 'lru-cache';
import { GIT_EVENTS } from '../config/events';
import { counted } from '../counted';
import type { ConnectedProvider } from '../ingestion/provider';
import type { RefreshFollower } from '../ingestion/context';
import type { EventObserver } from '../ingestion/report';
import { parentsOf } from '../ledger/catalog-view';
import { DueRepositories } from '../ledger/due';
import type { Due } from '../policy/due';
import type { DescriptorChange } from '../policy/changes';
import { EventListener, type ListeningProvider } from './listener';
import { TOPIC } from './notification';
import { DueWorker } from './worker';
import { errorOf } from '../thrown';

/** How many Locations are followed from an entity to the file that it comes from. */
const DEEPEST = 32;
/** So many repositories are remembered to be left out by the configuration; an event of another costs a request. */
const MOST_UNSELECTED = 200_000;

interface EventHubOptions {
  /** Ends what is cached of a repository. */
  readonly invalidate: (repositoryId: string) => void;
  /** Absent in versions of Backstage that have none. */
  readonly scmEvents?: Pick<CatalogScmEventsService, 'publish'>;
  readonly logger: LoggerService;
  readonly observer?: EventObserver;
}

/** A connected provider, as far as events need it. */
type HubProvider = ListeningProvider &
  Pick<ConnectedProvider, 'processAgain'> & { close(): Promise<void> };

/**
 * Service hooks in, and entities that somebody has refreshed; `location.*` events
 * out: for all providers of a process. Everything that a refresh has to do with
 * events goes through here.
 */
export class EventHub {
  readonly #providers = new Map<string, HubProvider>();
  readonly #unselected = new LRUCache<string, true>({ max: MOST_UNSELECTED });
  /** Once a provider is connected. */
  #database: { knex: Knex; due: DueRepositories } | undefined;
  #listener: EventListener | undefined;

  constructor(private readonly options: EventHubOptions) {}

  /** Called in the refreshes of a provider. @param name - the provider's */
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
  connected({
    name,
    branch,
    knex,
    lookAtDue,
    processAgain,
  }: ConnectedProvider): void {
    const worker = new DueWorker({
      provider: name,
      due: this.#dueOf(knex),
      lookAt: lookAtDue,
      logger: this.options.logger,
      now: Date.now,
    });
    this.#providers.set(name, {
      branch,
      isUnselected: (organization, id) =>
        this.#unselected.has(keyOf(name, organization, id)),
      wake: organization => worker.wake(organization),
      processAgain,
      close: async () => await worker.close(),
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
    await this.#database?.due.add(things);
    things.forEach(({ provider, organization }) =>
      this.#providers.get(provider)?.wake(organization),
    );
  }

  /** Somebody has had an entity refreshed: its repository is looked at, and what it reads is read anew. Never throws. */
  async refreshAsked(entityRef: string): Promise<void> {
    const { logger, observer } = this.options;
    try {
      const { refs, places } = await this.#origin(entityRef.toLowerCase());
      await this.lookAt(places);
      for (const name of new Set(places.map(({ provider }) => provider))) {
        // The catalog may have processed it before what it reads was invalidated.
        await this.#providers.get(name)?.processAgain(refs);
      }
      observer?.refreshAsked(places.length > 0 ? 'due' : 'irrelevant');
      logger.debug(
        `A refresh of ${entityRef} was asked for: ${counted(places.length, 'repository')} to look at`,
      );
    } catch (error) {
      observer?.refreshAsked('failed');
      logger.warn(
        `The repository of ${entityRef} could not be made due, though a refresh was asked for; the next refresh finds what changed in it`,
        errorOf(error),
      );
    }
  }

  /** How often each repository that gives an entity was announced to have changed; none before a provider is connected. */
  async announced(
    entityRef: string,
  ): Promise<Array<{ repositoryId: string; times: number }>> {
    return (await this.#database?.due.announced(entityRef)) ?? [];
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
        errorOf(error),
      );
    }
  }

  /** Ends all looks; another process may go on with them at once. */
  async close(): Promise<void> {
    await Promise.all([...this.#providers.values()].map(it => it.close()));
    try {
      await this.#database?.due.release();
    } catch (error) {
      this.options.logger.debug(
        `Other processes go on with what events announced only when the lease of this one has ended: ${String(error)}`,
      );
    }
  }

  /** The repositories that give an entity, by a Location if need be; and what leads from it to them. */
  async #origin(
    entityRef: string,
  ): Promise<{ refs: readonly string[]; places: readonly Due[] }> {
    const refs: string[] = [];
    if (!this.#database) return { refs, places: [] };
    const { knex, due } = this.#database;
    let next: string | undefined = entityRef;
    while (next !== undefined && refs.length < DEEPEST) {
      refs.push(next);
      const places = await due.placesOfEntity(next);
      const ours = places.filter(it => this.#providers.has(it.provider));
      if (ours.length > 0) {
        return { refs, places: ours };
      }
      [next] = await parentsOf(knex, next);
    }
    return { refs, places: [] };
  }

  #dueOf(knex: Knex): DueRepositories {
    this.#database ??= { knex, due: new DueRepositories(knex, randomUUID()) };
    const { due } = this.#database;
    this.#listener ??= new EventListener({
      due,
      providers: this.#providers,
      invalidate: this.options.invalidate,
      logger: this.options.logger,
      onTaken: (event, outcome) =>
        this.options.observer?.eventTaken(event, outcome),
      now: Date.now,
    });
    return due;
  }

  async #publish(changes: readonly DescriptorChange[]): Promise<void> {
    const { scmEvents, logger } = this.options;
    try {
      await scmEvents?.publish(changes.map(toScmEvent));
    } catch (error) {
      logger.debug(
        `Could not publish as SCM events what changed: ${String(error)}`,
      );
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
