import { json } from './azure-devops/answers';
import { filesOf, indexedTip, share, type Staleness } from './code-index';
import { ErrorAnswer, serviceError } from './errors';
import type { SimulatedResponse } from './http';
import type { Organization, Repository } from './model';
import type { Call, EndpointRoute } from './seams';

/** How far results reach: the documented maximum of `$top`, and of `$skip` since 2023. */
const WINDOW = 1000;

interface CodeSearchOptions extends Staleness {
  /** Share of the files, from 0 to 1, that results leave out. Default: 0. */
  readonly missingShare?: number;
  /** Without the extension every search is a 404. Default: true. */
  readonly installed?: boolean;
  /** The `infoCode` of every answer. Default: 0, or 8 where `$top` is too large. */
  readonly infoCode?: number;
}

/** One file that a search found. */
interface Match {
  readonly repository: Repository;
  readonly path: string;
  readonly objectId: string;
  readonly commitId: string;
}

/**
 * Code Search as https://almsearch.dev.azure.com offers it, as far as it finds
 * files by their paths and names: default branches only, no forks, what an
 * identity may read, and only what the index knows.
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
    ];
  }

  #search(call: Call): SimulatedResponse {
    const { organization } = call;
    const options = this.#byOrganization.get(organization.id) ?? this.#default;
    if (options.installed === false) {
      return serviceError(
        404,
        'ExtensionNotInstalledException',
        'The extension ms.vss-code-search is not installed.',
      );
    }
    const request = readRequest(call.request.body);
    const { skip, top } = request;
    const matches = this.#find(call, request, options);
    const page = matches.slice(skip, skip + Math.min(top, WINDOW));
    return json(call, {
      count: matches.length,
      results: page.map(match => resultShape(match, organization)),
      infoCode: options.infoCode ?? (top > WINDOW ? 8 : 0),
      facets: {},
    });
  }

  #find(
    { organization, project, identity }: Call,
    request: SearchRequest,
    options: CodeSearchOptions,
  ): Match[] {
    const { missingShare = 0 } = options;
    const access = organization.access(identity);
    const matches: Match[] = [];
    for (const repository of (project ?? organization).repositories()) {
      const tip =
        access?.canReadRepository(repository) &&
        isIndexed(repository) &&
        request.repositories(repository)
          ? indexedTip(repository, options, this.#now())
          : undefined;
      for (const { path, objectId } of tip ? filesOf(tip.tree) : []) {
        const isMissing =
          missingShare > 0 && share('file', repository.id, path) < missingShare;
        if (tip && !isMissing && request.paths(path)) {
          matches.push({ repository, path, objectId, commitId: tip.id });
        }
      }
    }
    // What has the same path, or is not ordered, comes in an order that nobody can foretell.
    const key = ({ repository, path }: Match) =>
      `${request.isOrdered ? path : ''}\0${repository.id}${path}`;
    return matches
      .map(match => ({ match, key: key(match) }))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map(({ match }) => match);
  }
}

/** Whether the index covers a repository at all. */
function isIndexed(repository: Repository): boolean {
  return (
    !repository.isFork &&
    !repository.isHidden &&
    !repository.isDisabled &&
    repository.project.state === 'wellFormed'
  );
}

function resultShape(match: Match, organization: Organization) {
  const { repository, path, commitId } = match;
  const { project } = repository;
  return {
    fileName: nameOf(path),
    path,
    matches: { content: [], fileName: [] },
    collection: { name: organization.name },
    project: { name: project.name, id: project.id },
    repository: { name: repository.name, id: repository.id, type: 'git' },
    versions: [{ branchName: repository.defaultBranch, changeId: commitId }],
    contentId: match.objectId,
  };
}

/** A search as its body asks for it. */
interface SearchRequest {
  readonly skip: number;
  readonly top: number;
  /** By path, ascending. */
  readonly isOrdered: boolean;
  repositories(repository: Repository): boolean;
  paths(path: string): boolean;
}

function badRequest(message: string): ErrorAnswer {
  return new ErrorAnswer(serviceError(400, 'InvalidQueryException', message));
}

function readRequest(body: Buffer): SearchRequest {
  const {
    searchText = '',
    $skip: skip = 0,
    $top: top = 0,
    $orderBy: order,
    filters,
  } = JSON.parse(body.toString('utf8')) as {
    searchText?: string;
    $skip?: number;
    $top?: number;
    $orderBy?: ReadonlyArray<{ field: string; sortOrder: string }>;
    filters?: Readonly<Record<string, readonly string[]>> | null;
  };
  if (searchText.trim() === '') throw badRequest('The search text is missing');
  if (top <= 0) throw badRequest('$top is needed');
  if (skip > WINDOW) {
    throw badRequest(`$skip is ${skip}: more than ${WINDOW} is not allowed`);
  }
  const {
    path = [],
    file = [],
    proj = [],
    repo = [],
    rest,
  } = parseSearchText(searchText);
  const { Project: projects = [], ...others } = filters ?? {};
  const unknown = [...(rest ?? []), ...Object.keys(others)];
  if (unknown.length > 0) {
    throw badRequest(`The simulator does not search by ${unknown.join(', ')}`);
  }
  const isOfProject = anyOf([...proj, ...projects].map(nameTest));
  const isOfName = anyOf(repo.map(nameTest));
  const pathTests = path.map(pathTest);
  const fileTests = file.map(nameTest);
  return {
    skip,
    top,
    isOrdered: order?.[0]?.field === 'path',
    repositories: ({ project, name }) =>
      isOfProject(project.name) && isOfName(name),
    paths: text =>
      pathTests.every(test => test(text)) &&
      fileTests.every(test => test(nameOf(text))),
  };
}

const TERM = /(?:(path|proj|repo|file):)?(?:"([^"]*)"|(\S+))/gi;

/** Takes a search text apart: `path:`, `proj:`, `repo:`, `file:`, with or without quotes; everything else is the rest. */
export function parseSearchText(
  text: string,
): Partial<Record<'path' | 'proj' | 'repo' | 'file' | 'rest', string[]>> {
  const found: Record<string, string[]> = {};
  for (const [, filter = 'rest', quoted, bare] of text.matchAll(TERM)) {
    (found[filter.toLowerCase()] ??= []).push(quoted ?? bare ?? '');
  }
  return found;
}

/** Whether a text is what was asked for. */
type Test = (text: string) => boolean;

/** Tests whole names against a pattern with `*` (any characters) and `?` (one), without regard to case. */
export function nameTest(pattern: string): Test {
  const expression = new RegExp(`^${wildcards(pattern)}$`, 'isu');
  return name => expression.test(name);
}

/**
 * Tests whether paths lie at or below a `path:` filter. One that begins with a
 * slash is looked for from the root, any other at every depth, by whole segments.
 */
export function pathTest(filter: string): Test {
  const inner = wildcards(filter.replace(/^\/+|\/+$/g, ''));
  if (inner === '') return () => true;
  const start = filter.startsWith('/') ? '^/' : '^/(?:.*/)?';
  const expression = new RegExp(`${start}${inner}(?:/.*)?$`, 'isu');
  return path => expression.test(path);
}

function wildcards(pattern: string): string {
  return pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.');
}

/** Passes everything when nothing is asked for. */
function anyOf(tests: readonly Test[]): Test {
  return text => tests.length === 0 || tests.some(test => test(text));
}

/** The last part of a path. */
function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
