import type {
  AzureDevOpsClient,
  CodeSearchResult,
  IndexedFile,
} from '../../azure/types';
import { findsDescriptor } from '../../config/patterns';
import {
  type CodeSearchMemory,
  type DescriptorFile,
  IndexUnusableError,
  type KnownObjectIds,
} from './code-search-memory';
import { packProjects } from './packs';
import { searchTexts } from './search-text';
import type {
  HintAnswer,
  HintProject,
  HintQuestion,
  HintRepository,
  HintScope,
  HintSource,
  MissedChange,
  Recollection,
} from './types';

/** How many files one request shows. */
const PAGE = 1_000;
/** How many requests one search takes at most; further files cannot be reached. */
const MOST_PAGES = 2;
export interface SearchQuestion extends HintQuestion {
  readonly texts: readonly string[];
  /** Names to filter by; absent where all projects are asked about. */
  readonly names?: readonly string[];
}

/** Names the repositories whose descriptors have another object id in the search index than in the ledger. */
export class CodeSearchHints implements HintSource<SearchQuestion> {
  readonly name = 'codeSearch';
  readonly refusals = 1;
  readonly #client: AzureDevOpsClient;
  readonly #knownObjectIds: KnownObjectIds;
  readonly #memory: CodeSearchMemory;

  constructor(
    client: AzureDevOpsClient,
    knownObjectIds: KnownObjectIds,
    memory: CodeSearchMemory,
  ) {
    this.#client = client;
    this.#knownObjectIds = knownObjectIds;
    this.#memory = memory;
  }

  unusable({ branch, paths }: HintScope): string | undefined {
    if (branch !== undefined) {
      return `the configuration names the branch '${branch}', and the index is only sure to know default branches`;
    }
    return paths.every(path => searchTexts(path).length === 0)
      ? 'the configured paths cannot be put as a search'
      : undefined;
  }

  couldKnow(change: MissedChange, scope: HintScope): boolean {
    // Forks are never in the index. A file that is not in it cannot be told
    // from one that the index leaves out, so that only a file that it shows as
    // it was before is held against it.
    return (
      change.formerObjectId !== undefined &&
      searchedPaths(scope).some(path => findsDescriptor([path], change.path)) &&
      !findRepository(scope, change.repositoryId)?.repository.isFork
    );
  }

  questions(scope: HintScope): SearchQuestion[] {
    const texts = [...new Set(scope.paths.flatMap(searchTexts))];
    const packs = packProjects(scope.projects, PAGE, project =>
      this.#memory.expect(project),
    );
    const whole = scope.everyProject && packs.length === 1;
    return packs.map(({ projects, expected }) => ({
      source: this.name,
      projects: projects.map(({ id }) => id),
      repositories: projects.reduce((sum, it) => sum + searchable(it), 0),
      cost: texts.length * (expected > PAGE ? MOST_PAGES : 1),
      texts,
      names: whole ? undefined : projects.map(({ name }) => name),
    }));
  }

  async ask(question: SearchQuestion, scope: HintScope): Promise<HintAnswer> {
    const projects = scope.projects.filter(({ id }) =>
      question.projects.includes(id),
    );
    const results: CodeSearchResult[] = [];
    for (const searchText of question.texts) {
      results.push(
        await this.#client.searchFiles({
          searchText,
          projects: question.names,
          signal: scope.signal,
        }),
      );
    }
    const found = results.flatMap(({ files }) => files);
    if (found.length === 0 && results.some(({ indexing }) => indexing)) {
      throw new IndexUnusableError(
        'the search index of the organization is still being built',
      );
    }
    this.#memory.learn(projects, results, found);
    const files = descriptorsAmong(found, projects, scope);
    const known = await this.#knownObjectIds([
      ...new Set(files.map(({ repository }) => repository.repository.id)),
    ]);
    this.#memory.compare(files, known);
    const news = this.#newsOf(projects, files, known, scope.now);
    return {
      repositories: news,
      asked: results.reduce((sum, { requests }) => sum + requests, 0),
      recall: change => recall(files, change),
    };
  }

  #newsOf(
    projects: readonly HintProject[],
    files: readonly DescriptorFile[],
    known: Awaited<ReturnType<KnownObjectIds>>,
    now: number,
  ): Set<string> {
    const different = new Map<string, Map<string, Map<string, string>>>();
    for (const { repository, file } of files) {
      const { id, project } = repository.repository;
      if (known.get(id)?.get(file.path) !== file.objectId) {
        const repositories =
          different.get(project.id) ?? new Map<string, Map<string, string>>();
        const marks = repositories.get(id) ?? new Map<string, string>();
        marks.set(file.path, file.objectId);
        different.set(project.id, repositories.set(id, marks));
      }
    }
    return new Set(
      projects.flatMap(({ id, repositories }) => [
        ...this.#memory.marks.take(
          id,
          different.get(id) ?? new Map(),
          it => repositories.get(it.toLowerCase())?.verifiedAt ?? Infinity,
          now,
        ),
      ]),
    );
  }
}

/** Of what was found, the descriptors that a probe would find as well, on the branch that it would look at. */
function descriptorsAmong(
  found: readonly IndexedFile[],
  projects: readonly HintProject[],
  scope: HintScope,
): DescriptorFile[] {
  return found.flatMap(file => {
    const id = file.repositoryId.toLowerCase();
    const repository = projects
      .map(project => project.repositories.get(id))
      .find(it => it !== undefined);
    const branch = repository?.repository.defaultBranch;
    return repository &&
      findsDescriptor(scope.paths, file.path) &&
      (file.branches.length === 0 ||
        (branch !== undefined && file.branches.includes(branch)))
      ? [{ repository, file }]
      : [];
  });
}

function recall(
  files: readonly DescriptorFile[],
  change: MissedChange,
): Recollection {
  const shown = files.find(
    ({ repository, file }) =>
      repository.repository.id === change.repositoryId &&
      file.path === change.path,
  );
  if (!shown) {
    return undefined;
  }
  return shown.file.objectId === change.formerObjectId ? 'silent' : 'named';
}

function searchedPaths({ paths }: HintScope) {
  return paths.filter(path => searchTexts(path).length > 0);
}

function searchable({ repositories }: HintProject): number {
  let count = 0;
  for (const { repository } of repositories.values()) {
    count += repository.isFork ? 0 : 1;
  }
  return count;
}

function findRepository(
  { projects }: HintScope,
  repositoryId: string,
): HintRepository | undefined {
  const id = repositoryId.toLowerCase();
  return projects
    .map(({ repositories }) => repositories.get(id))
    .find(it => it !== undefined);
}
