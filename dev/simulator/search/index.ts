import { json } from '../azure-devops/answers';
import { indexedTip } from '../code-index';
import { serviceError } from '../errors';
import type { SimulatedResponse } from '../http';
import type { Organization, Repository } from '../model';
import type { Call, EndpointRoute } from '../seams';
import {
  findMatches,
  type IndexState,
  isIndexed,
  type Match,
  nameOf,
} from './matches';
import { readSearchRequest, type SearchRequest } from './request';

/** How far results reach: the documented maximum of `$top`, and of `$skip` since 2023. */
const WINDOW = 1000;

export interface CodeSearchOptions extends IndexState {
  /** Without the extension every search is a 404. Default: true. */
  readonly installed?: boolean;
  /** The `infoCode` of every answer, in place of what follows from the request. */
  readonly infoCode?: number;
}

/**
 * Code Search as https://almsearch.dev.azure.com offers it: default branches
 * only, no forks, what an identity may read, and only what the index knows.
 *
 * Sources: specification/search/7.1,
 * https://learn.microsoft.com/azure/devops/project/search/functional-code-search
 */
export class CodeSearch {
  readonly #now: () => number;
  readonly #byOrganization = new Map<string, CodeSearchOptions>();
  #default: CodeSearchOptions = {};

  /** @param now - epoch milliseconds of the simulator's clock */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Changes how search behaves, in one organization or wherever nothing else was said; options that are not named go back to their defaults. */
  configure(options: CodeSearchOptions, organization?: Organization): void {
    if (organization) this.#byOrganization.set(organization.id, options);
    else this.#default = options;
  }

  routes(): EndpointRoute[] {
    return [
      {
        endpoint: 'codesearch',
        method: 'POST',
        template: 'search/codesearchresults',
        host: 'search',
        handle: call => this.#search(call),
      },
      {
        endpoint: 'searchstatus',
        method: 'GET',
        template: 'search/status/repositories/{repository}',
        project: 'required',
        host: 'search',
        handle: call => this.#status(call),
      },
    ];
  }

  #search(call: Call): SimulatedResponse {
    const options = this.#optionsOf(call.organization);
    if (options.installed === false) return notInstalled();
    const request = readSearchRequest(call.request.body);
    if (typeof request === 'string') return invalid(request);
    const { skip, top } = request;
    if (skip > WINDOW) {
      return invalid(`$skip is ${skip}: more than ${WINDOW} is not allowed`);
    }
    const now = this.#now();
    const matches = findMatches(readable(call), request, options, now);
    const page = matches.slice(skip, skip + Math.min(top, WINDOW));
    return json(call, {
      count: matches.length,
      results: page.map(match => result(match, call.organization)),
      infoCode: options.infoCode ?? infoCode(request),
      facets: request.includeFacets ? facets(matches) : {},
    });
  }

  #status(call: Call): SimulatedResponse {
    const options = this.#optionsOf(call.organization);
    if (options.installed === false) return notInstalled();
    const name = call.parameters['repository'] ?? '';
    const repository = call.project?.findRepository(name);
    const access = call.organization.access(call.identity);
    if (!repository || !access?.canReadRepository(repository)) {
      return serviceError(
        404,
        'RepositoryDoesNotExistException',
        `The repository ${name} does not exist or you do not have permission to access it`,
      );
    }
    const isKnown =
      isIndexed(repository) && indexedTip(repository, options, this.#now());
    return json(call, {
      id: repository.id,
      name: repository.name,
      indexedBranches: isKnown ? [{ name: repository.defaultBranch }] : [],
    });
  }

  #optionsOf(organization: Organization): CodeSearchOptions {
    return this.#byOrganization.get(organization.id) ?? this.#default;
  }
}

/** What the caller may read of the project, or of the organization. */
function* readable(call: Call): Generator<Repository> {
  const { organization, identity, project } = call;
  const access = organization.access(identity);
  for (const repository of (project ?? organization).repositories()) {
    if (access?.canReadRepository(repository)) yield repository;
  }
}

function infoCode({ top, query }: SearchRequest): number {
  if (query.words.some(word => /^[*?]/.test(word))) return 4;
  return top > WINDOW ? 8 : 0;
}

function result(match: Match, organization: Organization) {
  const { repository, path, commitId } = match;
  const { project } = repository;
  return {
    fileName: nameOf(path),
    path,
    matches: {
      content: match.hits.map(hit => ({
        ...hit,
        line: 0,
        column: 0,
        type: 'content',
      })),
      fileName: [],
    },
    collection: { name: organization.name },
    project: { name: project.name, id: project.id },
    repository: { name: repository.name, id: repository.id, type: 'git' },
    versions: [{ branchName: repository.defaultBranch, changeId: commitId }],
    contentId: match.objectId,
  };
}

function facets(matches: readonly Match[]) {
  const count = (nameOfMatch: (match: Match) => string) => {
    const counts = new Map<string, number>();
    for (const match of matches) {
      const name = nameOfMatch(match);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return [...counts].map(([name, resultCount]) => ({
      name,
      id: name,
      resultCount,
    }));
  };
  return {
    Project: count(({ repository }) => repository.project.name),
    Repository: count(({ repository }) => repository.name),
  };
}

function invalid(message: string): SimulatedResponse {
  return serviceError(400, 'InvalidQueryException', message);
}

function notInstalled(): SimulatedResponse {
  return serviceError(
    404,
    'ExtensionNotInstalledException',
    'The extension ms.vss-code-search is not installed.',
  );
}
