import { counted } from '../counted';
import { isCloudHost } from '../organization';
import { lastingFault } from './errors';
import { fieldsOf, MalformedError, OBJECT_ID, withoutPrefix } from './parse';
import { searchBaseUrl, targetOf } from './target';
import type { Call, Transport } from './transport';
import type { CodeSearchResult, IndexedFile } from './types';

/** The most results of one request; and the furthest that results can be skipped, beyond which the service refuses. */
const PAGE = 1_000;

/** Server 2020 knows no later version; Services have left the preview behind. */
const API_VERSION = { cloud: '7.1', server: '6.0-preview.1' } as const;

/**
 * What `infoCode` beside the results means.
 *
 * Source: https://learn.microsoft.com/rest/api/azure/devops/search/code-search-results
 */
const ALL_KNOWN: ReadonlySet<number> = new Set([
  0, // no remark
  8, // `$top` was cut to its maximum
]);
const NOT_UNDERSTOOD: ReadonlySet<number> = new Set([
  3, // invalid request
  4, // a wildcard at the beginning of a word
  5, // several words with a code element
  10, // facets are not available
  11, // work items are not accessible
  19, // a phrase with a code element
  20, // a wildcard with a code element
]);

interface SearchPage {
  readonly count: number;
  readonly infoCode: number;
  readonly files: readonly IndexedFile[];
  readonly results: number;
}

/** Code Search of one organization, for which azure-devops-node-api has no client. */
export class CodeSearch {
  readonly #transport: Transport;
  readonly #url: string;

  constructor(transport: Transport) {
    const { organization } = transport;
    const base = searchBaseUrl(organization);
    const version = isCloudHost(organization.host) ? 'cloud' : 'server';
    this.#transport = transport;
    this.#url = `${base}/_apis/search/codesearchresults?api-version=${API_VERSION[version]}`;
  }

  /** Asks for as many results as can be reached. */
  async search(
    call: Call<SearchPage>,
    question: { searchText: string; projects?: readonly string[] },
  ): Promise<CodeSearchResult> {
    const first = await this.#page(call, question, 0);
    const second =
      first.count > PAGE ? await this.#page(call, question, PAGE) : undefined;
    // Results that are equal in what they are ordered by have no order of
    // their own, so that one page may repeat what another has shown.
    const files = new Map(
      [...first.files, ...(second?.files ?? [])].map(file => [
        `${file.repositoryId}\n${file.path}`,
        file,
      ]),
    );
    const unusable =
      first.results -
      first.files.length +
      (second ? second.results - second.files.length : 0);
    const indexing = [first, second].some(
      page => page !== undefined && !ALL_KNOWN.has(page.infoCode),
    );
    return {
      files: [...files.values()],
      complete: !indexing && files.size + unusable >= first.count,
      indexing,
      requests: second ? 2 : 1,
    };
  }

  async #page(
    call: Call<SearchPage>,
    question: { searchText: string; projects?: readonly string[] },
    skip: number,
  ): Promise<SearchPage> {
    const page = await this.#transport.send(
      {
        method: 'POST',
        target: targetOf(this.#url),
        accept: 'application/json',
        body: JSON.stringify({
          searchText: question.searchText,
          $skip: skip,
          $top: PAGE,
          filters: question.projects ? { Project: question.projects } : null,
          $orderBy: [{ field: 'path', sortOrder: 'ASC' }],
          includeFacets: false,
          includeSnippet: false,
        }),
      },
      call,
    );
    if (NOT_UNDERSTOOD.has(page.infoCode)) {
      throw this.#transport.error(
        call,
        lastingFault(
          'bad-request',
          `the service does not understand the search (infoCode ${page.infoCode})`,
        ),
      );
    }
    return page;
  }
}

/** One page of the results of a search. */
export function parseSearchPage(json: unknown): SearchPage {
  const { count, results, infoCode = 0 } = fieldsOf(json);
  if (!Array.isArray(results)) {
    throw new MalformedError('something without results');
  }
  if (!isCount(count) || count < results.length) {
    throw new MalformedError(
      isCount(count)
        ? `${counted(results.length, 'result')}, of which it says there are ${count}`
        : 'results without their number',
    );
  }
  if (!isCount(infoCode)) {
    throw new MalformedError('results with an infoCode that is no number');
  }
  const elements: readonly unknown[] = results;
  const files = elements.flatMap(element => parseFile(element) ?? []);
  if (elements.length > 0 && files.length === 0 && elements.every(isGit)) {
    throw new MalformedError(
      'results of which none names a repository, a path and an object id',
    );
  }
  return { count, infoCode, files, results: elements.length };
}

/** A result in a Git repository; `undefined` when it lacks what is needed. */
function parseFile(json: unknown): IndexedFile | undefined {
  const { path, contentId, repository, versions } = fieldsOf(json);
  const { id } = fieldsOf(repository);
  if (
    !isGit(json) ||
    typeof path !== 'string' ||
    typeof id !== 'string' ||
    typeof contentId !== 'string' ||
    !OBJECT_ID.test(contentId)
  ) {
    return undefined;
  }
  const seen: readonly unknown[] = Array.isArray(versions) ? versions : [];
  return {
    repositoryId: id,
    path,
    objectId: contentId.toLowerCase(),
    branches: seen.flatMap(version => {
      const { branchName } = fieldsOf(version);
      return typeof branchName === 'string' ? [withoutPrefix(branchName)] : [];
    }),
  };
}

function isGit(json: unknown): boolean {
  const { type } = fieldsOf(fieldsOf(json).repository);
  return type === undefined || type === 'git';
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}
