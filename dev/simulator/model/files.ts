import { GitBlob, type TreeChange } from './git';

/** What a path gets: text (stored as UTF-8), bytes, or a symbolic link. */
export type FileContent = string | Buffer | { readonly symlink: string };

/** Paths (with or without the leading slash) and their contents; `null` takes a path away, with all below it. */
export type FileChanges = Readonly<Record<string, FileContent | null>>;

/** Blobs by their ids, so that the same file in ten thousand repositories is kept once. */
export class BlobStore {
  readonly #byId = new Map<string, GitBlob>();

  blob(content: string | Buffer): GitBlob {
    const blob = new GitBlob(Buffer.from(content));
    const known = this.#byId.get(blob.id);
    if (known) {
      return known;
    }
    this.#byId.set(blob.id, blob);
    return blob;
  }
}

/** `/a//b/` and `a/b` as `['a', 'b']`. */
export function pathSegments(path: string): string[] {
  return path.split('/').filter(segment => segment !== '');
}

/** Turns changes as people write them into changes of a tree. */
export function treeChanges(
  changes: FileChanges,
  blobs: BlobStore,
): TreeChange[] {
  return Object.entries(changes).map(([path, content]) => {
    const segments = pathSegments(path);
    if (content === null) {
      return { segments, entry: undefined };
    }
    return typeof content === 'object' && 'symlink' in content
      ? {
          segments,
          entry: { mode: '120000', object: blobs.blob(content.symlink) },
        }
      : { segments, entry: { mode: '100644', object: blobs.blob(content) } };
  });
}
