import type { CodeSearchResult, IndexedFile } from '../../azure/types';
import { MarkMemory } from './marks';
import type { HintProject, HintRepository } from './types';

/** When none of so many files has the object id that Git has, what the index calls one is something else. */
const TELLING = 20;

/** Object ids of descriptors by repository and path, as the ledger has them. */
export type KnownObjectIds = (
  repositoryIds: readonly string[],
) => Promise<ReadonlyMap<string, ReadonlyMap<string, string>>>;

/** A descriptor as the index knows it. */
export interface DescriptorFile {
  readonly repository: HintRepository;
  readonly file: IndexedFile;
}

/** The index is not there yet, or not comparable: ask again much later. */
export class IndexUnusableError extends Error {
  override readonly name = 'IndexUnusableError';
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
