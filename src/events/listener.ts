import type { LoggerService } from '@backstage/backend-plugin-api';
import type { EventParams } from '@backstage/plugin-events-node';
import type { EventOutcome } from '../ingestion/report';
import type { DueRepositories, LedgerPlace } from '../ledger/due';
import { dueBecauseOf, type DueThing, type Place } from '../policy/due';
import { readNotification, type Notification } from './notification';
import { SeldomWarnings } from './seldom';

/** What the listener has to know of a provider. */
export interface ListeningProvider {
  /** The branch that the configuration names, if it does. */
  readonly branch?: string;
  /** Whether the configuration is known to leave a repository out. */
  isUnselected(organization: string, repositoryId: string): boolean;
  /** Notes that an event of a project came. */
  noteEvent(organization: string, projectId: string): Promise<void>;
  /** Something is due. */
  wake(): void;
}

/**
 * Takes the events of Azure DevOps that Backstage's events system brings. All
 * that happens here is a mark in the ledger: whoever delivered the event waits for
 * it, and an error would make Azure DevOps put the subscription on probation.
 */
export class EventListener {
  /** Topics may overlap, and bring the same event twice. */
  readonly #seen = new WeakSet<object>();
  readonly #warnings: SeldomWarnings;

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
    this.#warnings = new SeldomWarnings(options.logger, options.now);
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
        const outcome = await this.#take(notification);
        this.options.onTaken?.(notification.event, outcome);
      }
    } catch (error) {
      this.#warnings.warn(
        'taking',
        'An event of Azure DevOps could not be taken; the next refresh finds what it announced',
        error,
      );
      if (event !== undefined) {
        this.options.onTaken?.(event, 'failed');
      }
    }
  }

  async #take(notification: Notification): Promise<EventOutcome> {
    const { due, providers, invalidate, logger } = this.options;
    const { event, repositoryId, projectId } = notification;
    if (repositoryId) {
      invalidate(repositoryId);
    }
    const places = await this.#places(notification);
    const things = dueBecauseOf(notification, places);
    if (things.length === 0) {
      logger.debug(
        `${event} of ${describe(notification)} concerns nothing that is selected`,
      );
      return 'irrelevant';
    }
    if (!repositoryId && projectId) {
      logger.debug(
        `${event} names no repository: all repositories of project ${projectId} are looked at. Set "Resource details to send" of the subscription to "All"`,
      );
    }
    await due.add(things);
    await this.#note(things, projectId);
    for (const name of new Set(things.map(({ provider }) => provider))) {
      providers.get(name)?.wake();
    }
    return 'due';
  }

  /** Where the repository may concern a provider of this process. */
  async #places({ repositoryId, projectId }: Notification): Promise<Place[]> {
    const { due, providers } = this.options;
    const known: LedgerPlace[] = repositoryId
      ? await due.placesOf(repositoryId)
      : [];
    const places = known.flatMap(place => {
      const provider = providers.get(place.provider);
      return provider
        ? [
            {
              ...place,
              branch: provider.branch ?? place.branch,
              isKnown: true,
              isUnselected: false,
            },
          ]
        : [];
    });
    if (!projectId) {
      return places;
    }
    // One provider may have the repository, and another only the project.
    const ofProject = await due.placesOfProject(projectId);
    for (const { provider: name, organization } of ofProject) {
      const provider = providers.get(name);
      const isThere = places.some(
        it => it.provider === name && it.organization === organization,
      );
      if (provider && !isThere) {
        places.push({
          provider: name,
          organization,
          projectId,
          branch: provider.branch,
          isKnown: false,
          isUnselected:
            repositoryId !== undefined &&
            provider.isUnselected(organization, repositoryId),
        });
      }
    }
    return places;
  }

  async #note(
    things: readonly DueThing[],
    projectId: string | undefined,
  ): Promise<void> {
    if (!projectId) {
      return;
    }
    for (const { provider, organization } of things) {
      await this.options.providers
        .get(provider)
        ?.noteEvent(organization, projectId);
    }
  }
}

function describe({ repositoryId, projectId }: Notification): string {
  if (repositoryId) {
    return `repository ${repositoryId}`;
  }
  return projectId ? `project ${projectId}` : 'no repository or project';
}
