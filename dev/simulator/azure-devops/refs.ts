import type { SimulatedResponse } from '../http';
import type { Call, EndpointRoute } from '../seams';
import { json, jsonList, wholeNumber } from './answers';
import { versionNotFound } from './failures';
import { readableRepository } from './repositories';
import {
  commitShape,
  identityOf,
  identityShape,
  repositoryUrl,
} from './shapes';

/** Pages of refs that follow another one, when no size was asked for. */
const DEFAULT_TOP = 100;
const MAXIMUM_TOP = 1000;

export function refRoutes(): EndpointRoute[] {
  return [
    {
      endpoint: 'refs',
      method: 'GET',
      template: 'git/repositories/{repositoryId}/refs',
      location: {
        id: '2d874a60-a811-4f62-9c9f-963a6ea0a55b',
        area: 'git',
        resourceName: 'refs',
        routeTemplate:
          '{project}/_apis/{area}/repositories/{repositoryId}/{resource}',
        resourceVersion: 2,
      },
      handle: refs,
    },
    {
      endpoint: 'branches',
      method: 'GET',
      template: 'git/repositories/{repositoryId}/stats/branches',
      location: {
        id: 'd5b216de-d8d5-4d32-ae76-51df755b16d3',
        area: 'git',
        resourceName: 'branches',
        routeTemplate:
          '{project}/_apis/{area}/repositories/{repositoryId}/stats/{resource}/{*name}',
        resourceVersion: 2,
      },
      handle: branches,
    },
  ];
}

/** The continuation token is opaque: in truth the name that the next page begins with. */
function refs(call: Call): SimulatedResponse {
  const repository = readableRepository(call);
  if ('status' in repository) {
    return repository;
  }
  const token = firstName(call.query('continuationToken'));
  const prefix = `refs/${call.query('filter') ?? ''}`;
  const contains = call.query('filterContains')?.toLowerCase() ?? '';
  const wanted = repository
    .refs()
    .filter(
      ([name]) =>
        name.startsWith(prefix) &&
        name.toLowerCase().includes(contains) &&
        (token === undefined || name >= token),
    );
  const top =
    wholeNumber(call, '$top') ?? (token === undefined ? Infinity : DEFAULT_TOP);
  const creator = identityShape(identityOf(call, 'developer'), call.baseUrl);
  const url = repositoryUrl(repository, call.baseUrl);
  const next = wanted[Math.min(top, MAXIMUM_TOP)]?.[0];
  const isPaged = top !== Infinity && next !== undefined;
  return jsonList(
    call,
    wanted
      .slice(0, isPaged ? Math.min(top, MAXIMUM_TOP) : undefined)
      .map(([name, commit]) => ({
        name,
        objectId: commit.id,
        creator,
        url: `${url}/refs?filter=${encodeURIComponent(name.replace(/^refs\//, ''))}`,
      })),
    isPaged ? { 'x-ms-continuationtoken': tokenOf(next) } : {},
  );
}

function tokenOf(name: string): string {
  return Buffer.from(name).toString('base64url');
}

function firstName(token: string | undefined): string | undefined {
  return token === undefined
    ? undefined
    : Buffer.from(token, 'base64url').toString();
}

/** `GitBranchStats` of the specification; counted against the default branch. */
function branches(call: Call): SimulatedResponse {
  const repository = readableRepository(call);
  if ('status' in repository) {
    return repository;
  }
  const base = repository.branch(repository.defaultBranch ?? '');
  const behind = new Set(base ? repository.commits([base]) : []);
  const stats = repository
    .refs()
    .filter(([name]) => name.startsWith('refs/heads/'))
    .map(([name, commit]) => {
      const own = new Set(repository.commits([commit]));
      const branch = name.replace(/^refs\/heads\//, '');
      return {
        commit: commitShape(commit, repository, call.baseUrl),
        name: branch,
        aheadCount: [...own].filter(each => !behind.has(each)).length,
        behindCount: [...behind].filter(each => !own.has(each)).length,
        isBaseVersion: branch === repository.defaultBranch,
      };
    });
  const name = call.query('name');
  if (name === undefined) {
    return jsonList(call, stats);
  }
  const wanted = stats.find(each => each.name === name);
  return wanted
    ? json(call, wanted)
    : versionNotFound(`<Branch: ${name} >`, repository.name);
}
