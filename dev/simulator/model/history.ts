import { GitTree, type GitCommit, type TreeEntry } from './git';

/** These commits and all that came before them, the latest first. */
export function reachable(from: Iterable<GitCommit>): GitCommit[] {
  const seen = new Set<GitCommit>();
  const waiting = [...from];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (!seen.has(next)) {
      seen.add(next);
      waiting.push(...next.parents);
    }
  }
  return [...seen].sort((a, b) => b.author.at - a.author.at);
}

/** What has this id among the files and folders of some commits. */
export function findObject(
  commits: Iterable<GitCommit>,
  id: string,
): TreeEntry['object'] | undefined {
  // Commits share most of their folders.
  const seen = new Set<GitTree>();
  for (const { tree } of commits) {
    const found = findIn(tree, id, seen);
    if (found) {
      return found;
    }
  }
  return undefined;
}

function findIn(
  object: TreeEntry['object'],
  id: string,
  seen: Set<GitTree>,
): TreeEntry['object'] | undefined {
  if (object.id === id) {
    return object;
  }
  if (!(object instanceof GitTree) || seen.has(object)) {
    return undefined;
  }
  seen.add(object);
  for (const entry of object.entries.values()) {
    const found = findIn(entry.object, id, seen);
    if (found) {
      return found;
    }
  }
  return undefined;
}
