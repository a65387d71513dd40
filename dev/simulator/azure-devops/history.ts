import type { SimulatedResponse } from '../http';
import {
  pathSegments,
  type GitCommit,
  type Push,
  type Repository,
} from '../model';
import type { Call, EndpointRoute } from '../seams';
import { isOn, json, jsonList, timestamp, wholeNumber } from './answers';
import { resolveVersion, versionDescriptorOf } from './descriptors';
import { badParameter, versionNotFound } from './failures';
import { readableRepository } from './repositories';
import {
  commitShape,
  identityOf,
  identityShape,
  repositoryShape,
  repositoryUrl,
} from './shapes';

const REPOSITORY_RESOURCE =
  '{project}/_apis/{area}/repositories/{repositoryId}/{resource}';
const NOTHING = '0'.repeat(40);
const DEFAULT_TOP = 100;

export function historyRoutes(): EndpointRoute[] {
  return [
    {
      endpoint: 'commits',
      method: 'GET',
      template: 'git/repositories/{repositoryId}/commits',
      location: {
        id: 'c2570c3b-5b3f-41b8-98bf-5407bfde8d58',
        area: 'git',
        resourceName: 'commits',
        routeTemplate: `${REPOSITORY_RESOURCE}/{commitId}`,
        resourceVersion: 2,
      },
      handle: commits,
    },
    {
      endpoint: 'commits',
      method: 'GET',
      template: 'git/repositories/{repositoryId}/commits/{commitId}',
      handle: oneCommit,
    },
    {
      endpoint: 'pushes',
      method: 'GET',
      template: 'git/repositories/{repositoryId}/pushes',
      location: {
        id: 'ea98d07b-3c87-4971-8ede-a613694ffb55',
        area: 'git',
        resourceName: 'pushes',
        routeTemplate: `${REPOSITORY_RESOURCE}/{pushId}`,
        resourceVersion: 3,
      },
      handle: pushes,
    },
    {
      endpoint: 'pushes',
      method: 'GET',
      template: 'git/repositories/{repositoryId}/pushes/{pushId}',
      handle: onePush,
    },
  ];
}

function commits(call: Call): SimulatedResponse {
  const repository = readableRepository(call);
  if ('status' in repository) {
    return repository;
  }
  const descriptor = versionDescriptorOf(call, 'searchCriteria.itemVersion');
  if ('status' in descriptor) {
    return descriptor;
  }
  if (repository.isEmpty && descriptor.version === undefined) {
    return jsonList(call, []);
  }
  const version = resolveVersion(repository, descriptor);
  if ('status' in version) {
    return version;
  }
  const from = dateOf(call, 'searchCriteria.fromDate') ?? -Infinity;
  const to = dateOf(call, 'searchCriteria.toDate') ?? Infinity;
  const path = call.query('searchCriteria.itemPath');
  const skip = wholeNumber(call, 'searchCriteria.$skip', '$skip') ?? 0;
  const top = wholeNumber(call, 'searchCriteria.$top', '$top') ?? DEFAULT_TOP;
  const found = repository
    .commits([version.commit])
    .filter(({ author }) => author.at >= from && author.at <= to)
    .filter(commit => path === undefined || changes(commit, path));
  return jsonList(
    call,
    found
      .slice(skip, skip + top)
      .map(commit => commitShape(commit, repository, call.baseUrl)),
  );
}

function changes(commit: GitCommit, path: string): boolean {
  const segments = pathSegments(path);
  const idAt = (of: GitCommit | undefined) =>
    of?.tree.find(segments)?.object.id;
  return idAt(commit) !== idAt(commit.parents[0]);
}

function oneCommit(call: Call): SimulatedResponse {
  const repository = readableRepository(call);
  if ('status' in repository) {
    return repository;
  }
  const id = call.parameters['commitId'] ?? '';
  const commit = repository.commit(id);
  return commit
    ? json(call, {
        treeId: commit.tree.id,
        ...commitShape(commit, repository, call.baseUrl),
        parents: commit.parents.map(parent => parent.id),
      })
    : versionNotFound(`<Commit: ${id} >`, repository.name);
}

function pushes(call: Call): SimulatedResponse {
  const repository = readableRepository(call);
  if ('status' in repository) {
    return repository;
  }
  const criterion = (name: string) => call.query(`searchCriteria.${name}`);
  const from = dateOf(call, 'searchCriteria.fromDate') ?? -Infinity;
  const to = dateOf(call, 'searchCriteria.toDate') ?? Infinity;
  const pusherId = criterion('pusherId');
  const refName = criterion('refName');
  const skip = wholeNumber(call, '$skip', 'searchCriteria.$skip') ?? 0;
  const top = wholeNumber(call, '$top', 'searchCriteria.$top') ?? DEFAULT_TOP;
  const found = repository.pushes.filter(
    push =>
      push.at >= from &&
      push.at <= to &&
      (pusherId === undefined ||
        identityOf(call, push.pushedBy).id === pusherId) &&
      (refName === undefined ||
        push.refUpdates.some(({ name }) => name === refName)),
  );
  return jsonList(
    call,
    found
      .reverse()
      .slice(skip, skip + top)
      .map(push => ({
        repository: repositoryShape(repository, call.baseUrl, call.apiVersion),
        ...pushShape(call, push, repository, {
          refUpdates: isOn(call, 'searchCriteria.includeRefUpdates'),
        }),
      })),
  );
}

function onePush(call: Call): SimulatedResponse {
  const repository = readableRepository(call);
  if ('status' in repository) {
    return repository;
  }
  const id = call.parameters['pushId'] ?? '';
  const push = repository.pushes.find(({ pushId }) => String(pushId) === id);
  if (!push) {
    return badParameter('pushId', id);
  }
  return json(call, {
    commits: push.refUpdates.flatMap(({ after }) =>
      after ? [commitShape(after, repository, call.baseUrl)] : [],
    ),
    ...pushShape(call, push, repository, {
      refUpdates: isOn(call, 'includeRefUpdates'),
    }),
    repository: repositoryShape(repository, call.baseUrl, call.apiVersion),
  });
}

function pushShape(
  call: Call,
  push: Push,
  repository: Repository,
  include: { readonly refUpdates: boolean },
) {
  return {
    pushedBy: identityShape(identityOf(call, push.pushedBy), call.baseUrl),
    pushId: push.pushId,
    date: timestamp(push.at),
    ...(include.refUpdates
      ? {
          refUpdates: push.refUpdates.map(({ name, before, after }) => ({
            repositoryId: repository.id,
            name,
            oldObjectId: before?.id ?? NOTHING,
            newObjectId: after?.id ?? NOTHING,
          })),
        }
      : {}),
    url: `${repositoryUrl(repository, call.baseUrl)}/pushes/${push.pushId}`,
  };
}

function dateOf(call: Call, name: string): number | undefined {
  const text = call.query(name);
  const at = text === undefined ? NaN : Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}
