import { guidOf } from '../azure/parse';
import { GIT_EVENTS } from '../config/events';

/**
 * What Azure DevOps reports by a service hook, reduced to what may be relied on:
 * ids. Names and addresses of a payload are never used; they follow the
 * organization's primary URL, leave out projects, and carry user names.
 *
 * Source: learn.microsoft.com, "Service hooks events", and the examples of
 * specification/hooks.
 */
export interface Notification {
  readonly event: GitEvent;
  /** The GUID in lower case; absent where the subscription's detail level leaves it out. */
  readonly repositoryId?: string;
  /** The GUID in lower case. */
  readonly projectId?: string;
  /** The branches that a push changed, without `refs/heads/`; absent where that is not said. */
  readonly branches?: readonly string[];
}

type GitEvent = (typeof GIT_EVENTS)[number];

/** Backstage's topic for events of Azure DevOps; each type of event has a topic of its own below it. */
export const TOPIC = 'azureDevOps';

const HEADS = 'refs/heads/';
/** A push that changes more branches than this counts as one that does not name them. */
const MOST_BRANCHES = 1_000;

/**
 * Reads a payload, whatever it is.
 *
 * @param topic - under which it came
 * @returns `undefined` for what is no event of a Git repository
 */
export function readNotification(
  topic: string,
  payload: unknown,
): Notification | undefined {
  const event = eventOf(topic, payload);
  if (!event) {
    return undefined;
  }
  const resource = field(payload, 'resource');
  const repository = field(resource, 'repository');
  return {
    event,
    repositoryId:
      guidOf(field(repository, 'id')) ??
      guidOf(field(resource, 'repositoryId')),
    projectId:
      guidOf(field(field(repository, 'project'), 'id')) ??
      guidOf(field(field(resource, 'project'), 'id')) ??
      guidOf(
        field(field(field(payload, 'resourceContainers'), 'project'), 'id'),
      ),
    branches:
      event === 'git.push'
        ? branchesOf(field(resource, 'refUpdates'))
        : undefined,
  };
}

function eventOf(topic: string, payload: unknown): GitEvent | undefined {
  const type = field(payload, 'eventType') ?? topic.slice(TOPIC.length + 1);
  return GIT_EVENTS.find(event => event === type);
}

/** A field of an object's own; of anything else there is none. */
function field(value: unknown, name: string): unknown {
  return typeof value === 'object' &&
    value !== null &&
    Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

/** `undefined` unless every update names what it updates: what is not understood concerns every branch. */
function branchesOf(updates: unknown): string[] | undefined {
  if (
    !Array.isArray(updates) ||
    updates.length === 0 ||
    updates.length > MOST_BRANCHES
  ) {
    return undefined;
  }
  const branches: string[] = [];
  for (const update of updates as unknown[]) {
    const name = field(update, 'name');
    if (typeof name !== 'string') {
      return undefined;
    }
    if (name.startsWith(HEADS)) {
      branches.push(name.slice(HEADS.length));
    }
  }
  return branches;
}
