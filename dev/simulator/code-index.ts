import { createHash } from 'node:crypto';
import type { GitCommit, GitTree, Push, Repository } from './model';

/** How far the search index is behind the truth, and how much of it never gets there. */
export interface Staleness {
  /** A push shows after this many milliseconds of the simulator's clock. Default: 0. */
  readonly lagMs?: number;
  /** Share of pushes, from 0 to 1, that never show by themselves. Default: 0. */
  readonly droppedShare?: number;
}

/** A number from 0 to 1 that is always the same for the same words. */
export function share(...words: Array<string | number>): number {
  const digest = createHash('sha1').update(words.join('\0')).digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}

/** Whether a push shows in an index of this staleness at this instant. */
function shows(
  push: Push,
  repository: Repository,
  staleness: Staleness,
  now: number,
): boolean {
  const { lagMs = 0, droppedShare = 0 } = staleness;
  return (
    push.at <= now - lagMs &&
    (droppedShare === 0 ||
      share('push', repository.id, push.pushId) >= droppedShare)
  );
}

/**
 * The tip of the default branch as an index of this staleness knows it;
 * `undefined` for what it has not seen, or has seen going.
 */
export function indexedTip(
  repository: Repository,
  staleness: Staleness,
  now: number,
): GitCommit | undefined {
  const { defaultBranch } = repository;
  if (defaultBranch === undefined) return undefined;
  const ref = `refs/heads/${defaultBranch}`;
  return repository.pushes.findLast(
    push => push.ref === ref && shows(push, repository, staleness, now),
  )?.commit;
}

/** One file that an index knows. */
interface IndexedFile {
  readonly path: string;
  /** The blob's object id. */
  readonly objectId: string;
  readonly content: Buffer;
}

const filesOfTree = new WeakMap<GitTree, readonly IndexedFile[]>();

/** The plain files below a folder. Trees never change, so each is walked once. */
export function filesOf(tree: GitTree): readonly IndexedFile[] {
  const known = filesOfTree.get(tree);
  if (known) return known;
  const files: IndexedFile[] = [];
  for (const { path, entry } of tree.walk()) {
    if (entry.mode === '100644' && 'content' in entry.object) {
      const { id, content } = entry.object;
      files.push({ path, objectId: id, content });
    }
  }
  filesOfTree.set(tree, files);
  return files;
}
