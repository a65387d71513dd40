import { GitBlob, GitLink, type TreeChange, type TreeEntry } from './git';

/** What a path gets: text (stored as UTF-8), bytes, or something that is not a plain file. */
export type FileContent =
  | string
  | Buffer
  | { readonly symlink: string }
  | { readonly executable: string | Buffer }
  | { readonly submodule: string };

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
  return Object.entries(changes).map(([path, content]) => ({
    segments: pathSegments(path),
    entry: content === null ? undefined : entryOf(content, blobs),
  }));
}

function entryOf(content: FileContent, blobs: BlobStore): TreeEntry {
  if (typeof content === 'string' || Buffer.isBuffer(content)) {
    return { mode: '100644', object: blobs.blob(content) };
  }
  if ('symlink' in content) {
    return { mode: '120000', object: blobs.blob(content.symlink) };
  }
  if ('executable' in content) {
    return { mode: '100755', object: blobs.blob(content.executable) };
  }
  return { mode: '160000', object: new GitLink(content.submodule) };
}
