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

/**
 * The body of a delivery. Sources: learn.microsoft.com "Service hooks events";
 * behaviour.md, section 6.
 *
 * @param delivery.inputs - what the subscription says of how much is to be sent
 */
export function bodyOf(
  event: HookEvent,
  delivery: {
    readonly subscriptionId: string;
    readonly notificationId: number;
    readonly eventId: string;
    readonly inputs: Readonly<Record<string, string>>;
  },
): Record<string, unknown> {
  const { subscriptionId, notificationId, eventId, inputs } = delivery;
  const { organization, project, repository, eventType } = event;
  const baseUrl = `https://dev.azure.com/${encodeURIComponent(organization.name)}`;
  const text = `${BY.displayName} caused ${eventType} of ${repository.name}`;
  const message = (level: string | undefined) =>
    level === 'none' ? undefined : { text, html: text, markdown: text };
  const container = (id: string) => ({ id, baseUrl: `${baseUrl}/` });
  return {
    subscriptionId,
    notificationId,
    id: eventId,
    eventType,
    publisherId: 'tfs',
    message: message(inputs['messagesToSend']),
    detailedMessage: message(inputs['detailedMessagesToSend']),
    resource: resourceOf(event, inputs['resourceDetailsToSend'], baseUrl),
    resourceVersion: resourceVersionOf(eventType),
    resourceContainers: {
      collection: container(organization.id),
      account: container(organization.id),
      project: container(project.id),
    },
    createdDate: new Date(event.at).toISOString(),
  };
}

function resourceOf(
  event: HookEvent,
  level: string | undefined,
  baseUrl: string,
): object | undefined {
  const { repository, project, eventType } = event;
  const url = `${baseUrl}/_apis/git/repositories/${repository.id}`;
  if (level === 'none') {
    return undefined;
  }
  if (level === 'minimal' && eventType !== 'git.repo.deleted') {
    return { repository: { id: repository.id, url }, url };
  }
  const projectShape = {
    id: project.id,
    name: project.name,
    url: `${baseUrl}/_apis/projects/${project.id}`,
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
    remoteUrl: `${baseUrl}/${encodeURIComponent(project.name)}/_git/${encodeURIComponent(repository.name)}`,
  };
  const date = new Date(event.at).toISOString();
  if (eventType === 'git.push') {
    return pushResource(event, repositoryShape, date);
  }
  const who = { initiatedBy: BY, utcTimestamp: date };
  if (eventType === 'git.repo.deleted') {
    // The one event without a repository.
    return {
      project: projectShape,
      repositoryId: repository.id,
      repositoryName: repository.name,
      isHardDelete: event.isHardDelete,
      ...who,
    };
  }
  return {
    ...(eventType === 'git.repo.renamed' && {
      oldName: event.oldName,
      newName: repository.name,
    }),
    ...(eventType === 'git.repo.statuschanged' && {
      disabled: repository.isDisabled,
    }),
    repository: {
      ...repositoryShape,
      size: repository.size,
      isDisabled: repository.isDisabled,
    },
    ...who,
  };
}

/** Which files changed is nowhere said. */
function pushResource(
  { ref, oldObjectId, newObjectId, pushId }: HookEvent,
  repository: { readonly url: string },
  date: string,
) {
  const { url } = repository;
  const by = { name: BY.displayName, email: BY.uniqueName, date };
  return {
    ...(newObjectId && {
      commits: [
        {
          commitId: newObjectId,
          author: by,
          committer: by,
          comment: 'Change files',
          url: `${url}/commits/${newObjectId}`,
        },
      ],
    }),
    refUpdates: [
      {
        name: ref,
        oldObjectId: oldObjectId ?? ZERO,
        newObjectId: newObjectId ?? ZERO,
      },
    ],
    repository,
    pushedBy: BY,
    pushId,
    date,
    url: `${url}/pushes/${pushId}`,
  };
}
