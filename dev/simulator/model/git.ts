import { createHash } from 'node:crypto';

// Git's objects with their true ids: SHA-1 over a header and the content
// (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects). Objects are
// immutable and shared; ids are worked out when somebody asks for them.

/** The modes under which Git keeps an entry of a folder. */
export type FileMode = '100644' | '120000' | '40000';

function objectId(type: string, content: Buffer | string): string {
  const length =
    typeof content === 'string' ? Buffer.byteLength(content) : content.length;
  return createHash('sha1')
    .update(`${type} ${length}\0`)
    .update(content)
    .digest('hex');
}

/** The content of a file, or the target of a symbolic link. */
export class GitBlob {
  readonly content: Buffer;
  #id: string | undefined;

  constructor(content: Buffer) {
    this.content = content;
  }

  get id(): string {
    this.#id ??= objectId('blob', this.content);
    return this.#id;
  }
}

/** One entry of a folder. */
export interface TreeEntry {
  readonly mode: FileMode;
  readonly object: GitBlob | GitTree;
}

/** What happens to one path: it gets an entry, or goes. */
export interface TreeChange {
  readonly segments: readonly string[];
  readonly entry: TreeEntry | undefined;
}

/** A folder. */
export class GitTree {
  static readonly EMPTY = new GitTree(new Map());

  readonly entries: ReadonlyMap<string, TreeEntry>;
  #id: string | undefined;

  constructor(entries: ReadonlyMap<string, TreeEntry>) {
    this.entries = entries;
  }

  get id(): string {
    this.#id ??= objectId('tree', this.#encode());
    return this.#id;
  }

  /** The entry at a path below this folder; `undefined` for what is not there. */
  find(segments: readonly string[]): TreeEntry | undefined {
    let found: TreeEntry | undefined = { mode: '40000', object: this };
    for (const segment of segments) {
      found =
        found?.object instanceof GitTree
          ? found.object.entries.get(segment)
          : undefined;
    }
    return found;
  }

  /** The folder after changes; folders that nothing changes below are shared. */
  with(changes: Iterable<TreeChange>): GitTree {
    const entries = new Map(this.entries);
    const below = new Map<string, TreeChange[]>();
    for (const { segments, entry } of changes) {
      const [name, ...rest] = segments;
      if (!name) {
        throw new Error('A path needs a name: got the root');
      }
      if (rest.length > 0) {
        const list = below.get(name) ?? [];
        list.push({ segments: rest, entry });
        below.set(name, list);
      } else if (entry) {
        entries.set(name, entry);
      } else {
        entries.delete(name);
      }
    }
    for (const [name, list] of below) {
      const current = entries.get(name)?.object;
      const folder = current instanceof GitTree ? current : GitTree.EMPTY;
      const changed = folder.with(list);
      if (changed.entries.size > 0) {
        entries.set(name, { mode: '40000', object: changed });
      } else if (current instanceof GitTree) {
        // Git keeps no empty folders.
        entries.delete(name);
      }
    }
    return new GitTree(entries);
  }

  /** The blob of this id at or below this folder; folders that were seen before are passed over. */
  findBlob(id: string, seen: Set<GitTree>): GitBlob | undefined {
    if (seen.has(this)) {
      return undefined;
    }
    seen.add(this);
    for (const { object } of this.entries.values()) {
      const found =
        object instanceof GitTree
          ? object.findBlob(id, seen)
          : object.id === id && object;
      if (found) {
        return found;
      }
    }
    return undefined;
  }

  /** The entries below this folder, each folder before what it holds, in Git's order. */
  *walk(
    prefix = '',
    depth = Infinity,
  ): Generator<{ path: string; entry: TreeEntry }> {
    if (depth <= 0) {
      return;
    }
    for (const [name, entry] of this.sorted()) {
      const path = `${prefix}/${name}`;
      yield { path, entry };
      if (entry.object instanceof GitTree) {
        yield* entry.object.walk(path, depth - 1);
      }
    }
  }

  /** The entries in Git's order: by bytes, a folder as if its name ended in a slash. */
  sorted(): Array<readonly [string, TreeEntry]> {
    if (this.entries.size < 2) {
      return [...this.entries];
    }
    return [...this.entries]
      .map(pair => ({
        pair,
        key: Buffer.from(pair[1].mode === '40000' ? `${pair[0]}/` : pair[0]),
      }))
      .sort((a, b) => Buffer.compare(a.key, b.key))
      .map(({ pair }) => pair);
  }

  #encode(): Buffer {
    const parts: Buffer[] = [];
    for (const [name, { mode, object }] of this.sorted()) {
      parts.push(
        Buffer.from(`${mode} ${name}\0`),
        Buffer.from(object.id, 'hex'),
      );
    }
    return Buffer.concat(parts);
  }
}

/** One state of all files. What came before it is not kept; its id means nothing. */
export interface GitCommit {
  readonly id: string;
  readonly tree: GitTree;
}
