import { randomUUID } from 'node:crypto';
import type { HookEvent } from '../model';

const ZERO = '0'.repeat(40);
const BY = {
  displayName: 'Jamal Hartnett',
  id: '00067ffe-e5ec-4cc2-8fc0-fd6ca2b33e8e',
  uniqueName: 'jamal@contoso.example',
};

/** The versions of `resource` that the service documents. */
export function resourceVersionOf(eventType: string): string {
  return eventType === 'git.push' ? '1.0' : '1.0-preview.1';
}

/** What a subscription may leave out. */
export interface DetailLevels {
  /** `all`, `minimal` or `none`. */
  readonly resource: string;
  /** `all`, `text`, `html`, `markdown` or `none`. */
  readonly messages: string;
  readonly detailedMessages: string;
}

/**
 * The body of a delivery. Sources: learn.microsoft.com "Service hooks events";
 * behaviour.md, section 6.
 */
export function bodyOf(
  event: HookEvent,
  delivery: {
    readonly subscriptionId: string;
    readonly notificationId: number;
    readonly eventId: string;
    readonly levels: DetailLevels;
    /** The organization's address as its administrator chose it. */
    readonly primaryUrl: string;
  },
): Record<string, unknown> {
  const { subscriptionId, notificationId, eventId, levels, primaryUrl } =
    delivery;
  const message = `${BY.displayName} caused ${event.eventType} of ${event.repository.name}`;
  const container = (id: string) => ({ id, baseUrl: `${primaryUrl}/` });
  return {
    subscriptionId,
    notificationId,
    id: eventId,
    eventType: event.eventType,
    publisherId: 'tfs',
    message: messageOf(message, levels.messages),
    detailedMessage: messageOf(message, levels.detailedMessages),
    ...resourceOf(event, levels.resource, primaryUrl),
    resourceVersion: resourceVersionOf(event.eventType),
    resourceContainers: {
      collection: container(event.organization.id),
      account: container(event.organization.id),
      project: container(event.project.id),
    },
    createdDate: new Date(event.at).toISOString(),
  };
}

function messageOf(text: string, level: string): unknown {
  switch (level) {
    case 'none':
      return undefined;
    case 'text':
    case 'html':
    case 'markdown':
      return { [level]: text };
    default:
      return { text, html: text, markdown: text };
  }
}

function resourceOf(
  event: HookEvent,
  level: string,
  primaryUrl: string,
): { resource?: unknown } {
  if (level === 'none') {
    return {};
  }
  const { repository, project } = event;
  const url = `${primaryUrl}/_apis/git/repositories/${repository.id}`;
  if (level === 'minimal' && event.eventType !== 'git.repo.deleted') {
    return { resource: { repository: { id: repository.id, url }, url } };
  }
  const projectShape = {
    id: project.id,
    name: project.name,
    url: `${primaryUrl}/_apis/projects/${project.id}`,
    state: 'wellFormed',
    visibility: 'unchanged',
    lastUpdateTime: '0001-01-01T00:00:00',
  };
  const repositoryShape = {
    id: repository.id,
    name: repository.name,
    url,
    project: projectShape,
    ...(repository.defaultBranch && {
      defaultBranch: `refs/heads/${repository.defaultBranch}`,
    }),
    remoteUrl: `${primaryUrl}/${encodeURIComponent(project.name)}/_git/${encodeURIComponent(repository.name)}`,
  };
  const who = {
    initiatedBy: BY,
    utcTimestamp: new Date(event.at).toISOString(),
  };
  switch (event.eventType) {
    case 'git.push':
      return {
        resource: {
          // Which files changed is nowhere said.
          ...(event.newObjectId && {
            commits: [{ commitId: event.newObjectId, author: BY, url }],
          }),
          refUpdates: [
            {
              name: event.ref,
              oldObjectId: event.oldObjectId ?? ZERO,
              newObjectId: event.newObjectId ?? ZERO,
            },
          ],
          repository: repositoryShape,
          pushedBy: BY,
          pushId: event.pushId,
          date: new Date(event.at).toISOString(),
          url,
        },
      };
    case 'git.repo.deleted':
      // The one event without a repository.
      return {
        resource: {
          project: projectShape,
          repositoryId: repository.id,
          repositoryName: repository.name,
          isHardDelete: event.isHardDelete,
          ...who,
        },
      };
    case 'git.repo.renamed':
      return {
        resource: {
          oldName: event.oldName,
          newName: repository.name,
          repository: repositoryShape,
          ...who,
        },
      };
    case 'git.repo.statuschanged':
      return {
        resource: {
          disabled: repository.isDisabled,
          repository: { ...repositoryShape, isDisabled: repository.isDisabled },
          ...who,
        },
      };
    default:
      return { resource: { repository: repositoryShape, ...who } };
  }
}

/** An id for an event; retries of its delivery bear the same. */
export function newEventId(): string {
  return randomUUID();
}
