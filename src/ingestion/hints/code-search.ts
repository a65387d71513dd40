import type {
  AzureDevOpsClient,
  CodeSearchResult,
  IndexedFile,
} from '../../azure/types';
import { findsDescriptor } from '../../config/patterns';
import { MarkMemory } from './marks';
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
/** When none of so many files has the object id that Git has, what the index calls one is something else. */
const TELLING = 20;

/** Object ids of descriptors by repository and path, as the ledger has them. */
export type KnownObjectIds = (
  repositoryIds: readonly string[],
) => Promise<ReadonlyMap<string, ReadonlyMap<string, string>>>;

export interface SearchQuestion extends HintQuestion {
  readonly texts: readonly string[];
  /** Names to filter by; absent where all projects are asked about. */
  readonly names?: readonly string[];
}

/** The index is not there yet, or not comparable: ask again much later. */
export class IndexUnusableError extends Error {
  override readonly name = 'IndexUnusableError';
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
    const news = new Set<string>();
    for (const project of projects) {
      const marks = new Map<string, Map<string, string>>();
      for (const { repository, file } of files) {
        const { id } = repository.repository;
        if (
          repository.repository.project.id === project.id &&
          known.get(id)?.get(file.path) !== file.objectId
        ) {
          const ofRepository = marks.get(id) ?? new Map<string, string>();
          marks.set(id, ofRepository.set(file.path, file.objectId));
        }
      }
      const named = this.#memory.marks.take(
        project.id,
        marks,
        id =>
          project.repositories.get(id.toLowerCase())?.verifiedAt ?? Infinity,
        now,
      );
      named.forEach(id => news.add(id));
    }
    return news;
  }
}

/** What is remembered of one organization's index from one pass to the next. */
export class CodeSearchMemory {
  readonly marks = new MarkMemory();
  readonly #found = new Map<string, number>();
  #comparable = false;

  /** How many files a search of a project will find. */
  expect({ id, descriptors }: HintProject): number {
    return Math.max(1, descriptors, this.#found.get(id) ?? 0);
  }

  /** Notes how many files were found, also where they are none of ours. */
  learn(
    projects: readonly HintProject[],
    results: readonly CodeSearchResult[],
    found: readonly IndexedFile[],
  ): void {
    const total = Math.max(...results.map(result => result.total));
    const expected = projects.reduce((sum, it) => sum + this.expect(it), 0);
    for (const project of projects) {
      const shown = found.filter(({ projectId }) => projectId === project.id);
      // Where not all are shown, all projects are taken to have equally more.
      const share = Math.ceil((this.expect(project) * total) / expected);
      this.#found.set(
        project.id,
        results.every(({ complete }) => complete) ? shown.length : share,
      );
    }
  }

  /**
   * Makes sure that the index means by an object id what Git means by it.
   *
   * @throws IndexUnusableError when nothing ever was the same
   */
  compare(
    files: readonly DescriptorFile[],
    known: Awaited<ReturnType<KnownObjectIds>>,
  ): void {
    let compared = 0;
    for (const { repository, file } of files) {
      const objectId = known.get(repository.repository.id)?.get(file.path);
      compared += objectId === undefined ? 0 : 1;
      this.#comparable ||= objectId === file.objectId;
    }
    if (!this.#comparable && compared >= TELLING) {
      throw new IndexUnusableError(
        `none of ${compared} descriptors has the same object id in the search index as in Git`,
      );
    }
  }
}

interface DescriptorFile {
  readonly repository: HintRepository;
  readonly file: IndexedFile;
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
