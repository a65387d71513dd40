import type { LoggerService } from '@backstage/backend-plugin-api';
import type { EventParams } from '@backstage/plugin-events-node';
import type { EventOutcome } from '../ingestion/report';
import type { DueRepositories } from '../ledger/due';
import { dueBecauseOf, type Due, type Place } from '../policy/due';
import { readNotification, type Notification } from './notification';
import { SeldomLog } from '../seldom';

/** So many writes may be under way at a time: while one is slow, what comes goes with the other. */
const MOST_WRITES = 2;

/** What the listener has to know of a provider. */
export interface ListeningProvider {
  /** The branch that the configuration names, if it does. */
  readonly branch?: string;
  /** Whether the configuration is known to leave a repository out. */
  isUnselected(organization: string, repositoryId: string): boolean;
  /** Something is due in an organization. */
  wake(organization: string): void;
}

/**
 * Takes the events of Azure DevOps that Backstage's events system brings. All
 * that happens here is a mark in the ledger: whoever delivered the event waits for
 * it, and an error would make Azure DevOps put the subscription on probation.
 */
export class EventListener {
  /** Topics may overlap, and bring the same event twice. */
  readonly #seen = new WeakSet<object>();
  readonly #seldom: SeldomLog;
  readonly #writes = new SharedWrites<Notification>(all =>
    // Once more where the database gave up, as on a connection that was cut.
    this.#take(all).catch(() => this.#take(all)),
  );

  constructor(
    private readonly options: {
      readonly due: DueRepositories;
      /** By name. */
      readonly providers: ReadonlyMap<string, ListeningProvider>;
      /** Ends what is cached of a repository. */
      readonly invalidate: (repositoryId: string) => void;
      readonly logger: LoggerService;
      /** @param event - one of those that are listened to, such as `git.push` */
      readonly onTaken?: (event: string, outcome: EventOutcome) => void;
      /** Milliseconds since 1970. */
      readonly now: () => number;
    },
  ) {
    this.#seldom = new SeldomLog(options.logger, options.now);
  }

  /** Never throws. */
  async onEvent({ topic, eventPayload }: EventParams): Promise<void> {
    let event: string | undefined;
    try {
      if (typeof eventPayload !== 'object' || eventPayload === null) {
        return;
      }
      if (this.#seen.has(eventPayload)) {
        return;
      }
      this.#seen.add(eventPayload);
      const notification = readNotification(topic, eventPayload);
      event = notification?.event;
      if (notification) {
        const { repositoryId } = notification;
        if (repositoryId) {
          this.options.invalidate(repositoryId);
        }
        await this.#writes.add(notification);
      }
    } catch (error) {
      this.#seldom.warn(
        'taking',
        'An event of Azure DevOps could not be taken; the next refresh finds what it announced',
        error,
      );
      if (event !== undefined) {
        this.options.onTaken?.(event, 'failed');
      }
    }
  }

  async #take(notifications: readonly Notification[]): Promise<void> {
    const { due, providers, onTaken, now } = this.options;
    const placesOf = await this.#places(notifications);
    const taken = notifications.map(notification => {
      const places = placesOf(notification);
      return {
        notification,
        places,
        things: dueBecauseOf(notification, places),
      };
    });
    const allThings = taken.flatMap(({ things }) => things);
    await Promise.all([due.add(allThings), due.noteEvents(allThings, now())]);
    for (const { notification, places, things } of taken) {
      this.#logIrrelevant(notification, places, things);
      things.forEach(({ provider, organization }) =>
        providers.get(provider)?.wake(organization),
      );
      onTaken?.(notification.event, things.length > 0 ? 'due' : 'irrelevant');
    }
  }

  /** Logs an event because of which nothing is due. */
  #logIrrelevant(
    notification: Notification,
    places: readonly Place[],
    things: readonly Due[],
  ): void {
    const { event } = notification;
    if (places.length === 0) {
      // Whoever may deliver may make up as many as he likes.
      this.#seldom.debug(
        event,
        `${event} of ${describe(notification)} concerns nothing that is known`,
      );
    } else if (things.length === 0) {
      this.options.logger.debug(
        `${event} of ${describe(notification)} concerns nothing that is selected`,
      );
    }
  }

  /** Where the repositories may concern providers of this process. */
  async #places(
    notifications: readonly Notification[],
  ): Promise<(notification: Notification) => Place[]> {
    const { due, providers } = this.options;
    const known = await due.placesOf(idsOf(notifications, 'repositoryId'));
    const knownIds = new Set(known.map(({ repositoryId }) => repositoryId));
    // A push to a repository that somebody has concerns those who have it. Of
    // anything else a provider may have no more than the project.
    const concernsProject = ({ event, repositoryId }: Notification) =>
      event !== 'git.push' || !repositoryId || !knownIds.has(repositoryId);
    const ofProjects = await due.placesOfProjects(
      idsOf(notifications.filter(concernsProject), 'projectId'),
    );
    return notification => {
      const { repositoryId, projectId } = notification;
      const places: Place[] = [];
      for (const place of known) {
        const provider = providers.get(place.provider);
        if (provider && place.repositoryId === repositoryId) {
          places.push({
            ...place,
            branch: provider.branch ?? place.branch,
            isKnown: true,
            isUnselected: false,
          });
        }
      }
      if (!concernsProject(notification)) {
        return places;
      }
      for (const { provider: name, organization, ...of } of ofProjects) {
        const provider = providers.get(name);
        const isThere = places.some(
          it => it.provider === name && it.organization === organization,
        );
        if (provider && of.projectId === projectId && !isThere) {
          places.push({
            provider: name,
            organization,
            projectId: of.projectId,
            branch: provider.branch,
            isKnown: false,
            isUnselected:
              repositoryId !== undefined &&
              provider.isUnselected(organization, repositoryId),
          });
        }
      }
      return places;
    };
  }
}

function idsOf(
  notifications: readonly Notification[],
  key: 'repositoryId' | 'projectId',
): string[] {
  return [...new Set(notifications.flatMap(it => it[key] ?? []))];
}

function describe({ repositoryId, projectId }: Notification): string {
  if (repositoryId) {
    return `repository ${repositoryId}`;
  }
  return projectId ? `project ${projectId}` : 'no repository or project';
}

/**
 * Writes what comes while writes are under way together, by the next: a burst
 * costs as many writes as fit after one another.
 */
class SharedWrites<T> {
  #waiting: T[] = [];
  #next: Promise<void> | undefined;
  readonly #running: Array<Promise<void>> = Array.from(
    { length: MOST_WRITES },
    () => Promise.resolve(),
  );

  constructor(private readonly write: (items: readonly T[]) => Promise<void>) {}

  /** @returns when a write that has the item is done; throws what that throws */
  async add(item: T): Promise<void> {
    this.#waiting.push(item);
    this.#next ??= this.#begin();
    await this.#next;
  }

  async #begin(): Promise<void> {
    const index = await Promise.race(
      this.#running.map((running, i) => running.then(() => i)),
    );
    const items = this.#waiting;
    this.#waiting = [];
    this.#next = undefined;
    const written = this.write(items);
    this.#running[index] = written.catch(() => {});
    await written;
  }
}
