import type { SimulatedResponse } from '../http';
import {
  isGuid,
  type Access,
  type Organization,
  type Project,
  type Repository,
} from '../model';
import type { Call, EndpointRoute } from '../seams';
import { json, jsonList, jsonType } from './answers';
import { repositoryNotFound } from './failures';
import {
  deletedRepositoryShape,
  repositoryLinks,
  repositoryShape,
} from './shapes';

/**
 * The repository that an address names, by id or by name. Without a project a
 * name is looked for in the project of the same name first, then everywhere.
 */
export function findRepository(
  organization: Organization,
  project: Project | undefined,
  nameOrId: string,
): Repository | undefined {
  if (project) {
    return project.findRepository(nameOrId);
  }
  if (isGuid(nameOrId)) {
    return organization.repositoryById(nameOrId);
  }
  const own = organization.findProject(nameOrId)?.findRepository(nameOrId);
  if (own) {
    return own;
  }
  const found = [...organization.projects()].flatMap(
    each => each.findRepository(nameOrId) ?? [],
  );
  return found.length === 1 ? found[0] : undefined;
}

/** The repository of a call, if the identity may see it. */
function visibleRepository(call: Call): Repository {
  const nameOrId = call.parameters['repositoryId'] ?? '';
  const found = findRepository(call.organization, call.project, nameOrId);
  const access = call.organization.access(call.identity);
  if (!found || !access?.canReadRepository(found)) {
    throw repositoryNotFound(nameOrId);
  }
  return found;
}

/** The repository of a call whose contents can be read: not disabled, in a project that is in order. */
export function readableRepository(call: Call): Repository {
  const found = visibleRepository(call);
  if (found.isDisabled || found.project.state !== 'wellFormed') {
    throw repositoryNotFound(call.parameters['repositoryId'] ?? '');
  }
  return found;
}

/** Lists of an organization that were asked for, kept until it changes. */
class ListCache {
  #revision = -1;
  readonly #bodies = new Map<string, Buffer>();

  body(key: string, revision: number, make: () => unknown): Buffer {
    if (this.#revision !== revision) {
      this.#revision = revision;
      this.#bodies.clear();
    }
    let body = this.#bodies.get(key);
    if (!body) {
      if (this.#bodies.size >= MAX_LISTS) {
        this.#bodies.clear();
      }
      body = Buffer.from(JSON.stringify(make()));
      this.#bodies.set(key, body);
    }
    return body;
  }
}

/** A list of fifty thousand repositories is some forty megabytes. */
const MAX_LISTS = 8;

export function repositoryRoutes(): EndpointRoute[] {
  const caches = new WeakMap<Organization, ListCache>();
  return [
    {
      endpoint: 'repositories',
      method: 'GET',
      template: 'git/repositories',
      location: {
        id: '225f7195-f9c7-4d14-ab28-a83f7ff77e1f',
        area: 'git',
        resourceName: 'repositories',
        routeTemplate: '{project}/_apis/{area}/{resource}/{repositoryId}',
        resourceVersion: 2,
      },
      handle: call => list(call, caches),
    },
    {
      endpoint: 'repository',
      method: 'GET',
      template: 'git/repositories/{repositoryId}',
      handle: one,
    },
    {
      endpoint: 'deletedrepositories',
      method: 'GET',
      template: 'git/deletedrepositories',
      project: 'required',
      location: {
        id: '2b6869c4-cb25-42b5-b7a3-0d3e6be0a11a',
        area: 'git',
        resourceName: 'deletedRepositories',
        routeTemplate: '{project}/_apis/{area}/{resource}',
      },
      handle: deleted,
    },
  ];
}

function list(
  call: Call,
  caches: WeakMap<Organization, ListCache>,
): SimulatedResponse {
  const { organization, project, identity, baseUrl, apiVersion } = call;
  const cache = caches.get(organization) ?? new ListCache();
  caches.set(organization, cache);
  const access = organization.access(identity);
  const key = JSON.stringify([
    baseUrl,
    apiVersion.number,
    project?.id,
    // What an unrestricted member sees all of them see.
    access?.isUnrestricted ? '' : identity.name,
  ]);
  const body = cache.body(key, organization.revision, () => {
    const value = [];
    for (const repository of visible(organization, project, access)) {
      if (!repository.isHidden) {
        value.push(repositoryShape(repository, baseUrl, apiVersion));
      }
    }
    return { value, count: value.length };
  });
  return {
    status: 200,
    headers: { 'Content-Type': jsonType(apiVersion) },
    body,
  };
}

function* visible(
  organization: Organization,
  project: Project | undefined,
  access: Access | undefined,
): Generator<Repository> {
  for (const repository of (project ?? organization).repositories()) {
    if (access?.canReadRepository(repository)) {
      yield repository;
    }
  }
}

function one(call: Call): SimulatedResponse {
  const repository = visibleRepository(call);
  return json(call, {
    ...repositoryShape(repository, call.baseUrl, call.apiVersion),
    _links: repositoryLinks(repository, call.baseUrl),
  });
}

function deleted(call: Call): SimulatedResponse {
  const entries = call.project?.deletedRepositories() ?? [];
  return jsonList(
    call,
    entries.map(entry => deletedRepositoryShape(entry, call)),
  );
}
