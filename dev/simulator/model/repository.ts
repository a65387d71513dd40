import { pathSegments, treeChanges, type FileChanges } from './files';
import { GitCommit, GitTree, type TreeEntry } from './git';
import { findObject, reachable } from './history';
import type { Project } from './project';
import type { World } from './world';

export interface RepositoryOptions {
  /** The first commit. Without files the repository is empty: no branches, no default branch. */
  readonly files?: FileChanges;
  /** Without `refs/heads/`. Default `main`. */
  readonly defaultBranch?: string;
  readonly disabled?: boolean;
  /** Internal repositories, such as those behind wikis: listed on request only. */
  readonly hidden?: boolean;
  /** A fork of something that is out of sight; `fork()` makes one of a repository that is here. */
  readonly isFork?: boolean;
  readonly isInMaintenance?: boolean;
}

export interface PushOptions {
  /** Without `refs/heads/`. Default: the default branch. Made from the default branch if it does not exist. */
  readonly branch?: string;
  readonly files: FileChanges;
  /** The new commit takes the place of the branch's last one instead of following it: what was there is rewritten. */
  readonly force?: boolean;
  readonly message?: string;
  readonly author?: { readonly name: string; readonly email: string };
  /** The name of the identity that pushes. Default `developer`. */
  readonly pushedBy?: string;
}

/** One update of refs, as the service keeps it. */
export interface Push {
  readonly pushId: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly pushedBy: string;
  readonly refUpdates: ReadonlyArray<{
    /** The full name: `refs/heads/main`. */
    readonly name: string;
    readonly before: GitCommit | undefined;
    readonly after: GitCommit | undefined;
  }>;
}

const HEADS = 'refs/heads/';
const TAGS = 'refs/tags/';

/** One Git repository. */
export class Repository {
  readonly id: string;
  readonly createdAt: number;
  #name: string;
  #project: Project;
  #defaultBranch: string | undefined;
  #isDisabled: boolean;
  #size = 0;
  readonly isHidden: boolean;
  readonly isFork: boolean;
  readonly isInMaintenance: boolean;
  readonly parent: Repository | undefined;
  readonly pushes: Push[] = [];
  readonly #refs = new Map<string, GitCommit>();
  readonly #world: World;

  /** Use `project.addRepository()`, which also lists it. */
  constructor(
    world: World,
    project: Project,
    id: string,
    name: string,
    options: RepositoryOptions & { parent?: Repository },
  ) {
    this.#world = world;
    this.#project = project;
    this.id = id;
    this.#name = name;
    this.createdAt = world.now();
    this.#isDisabled = options.disabled ?? false;
    this.isHidden = options.hidden ?? false;
    this.isFork = options.isFork ?? options.parent !== undefined;
    this.isInMaintenance = options.isInMaintenance ?? false;
    this.parent = options.parent;
    if (options.parent) {
      this.#takeOver(options.parent);
    } else if (options.files) {
      this.push({
        files: options.files,
        branch: options.defaultBranch,
        message: 'Initial commit',
      });
    } else {
      // The first branch that is pushed becomes the default branch.
      this.#defaultBranch = options.defaultBranch;
    }
  }

  get name(): string {
    return this.#name;
  }

  get project(): Project {
    return this.#project;
  }

  get isDisabled(): boolean {
    return this.#isDisabled;
  }

  /** Without `refs/heads/`; `undefined` while nothing was pushed. The branch itself may be gone. */
  get defaultBranch(): string | undefined {
    return this.isEmpty ? undefined : this.#defaultBranch;
  }

  /** Whether there is no branch at all. */
  get isEmpty(): boolean {
    for (const name of this.#refs.keys()) {
      if (name.startsWith(HEADS)) {
        return false;
      }
    }
    return true;
  }

  /** The bytes of all contents ever pushed, in the order of magnitude that the service would report. */
  get size(): number {
    return this.isEmpty ? 0 : this.#size;
  }

  /** Full names and where they point to, sorted by name. */
  refs(): Array<readonly [name: string, commit: GitCommit]> {
    return [...this.#refs].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** The last commit of a branch, by its name without `refs/heads/`. */
  branch(name: string): GitCommit | undefined {
    return this.#refs.get(HEADS + name);
  }

  /** The commit of a tag, by its name without `refs/tags/`. */
  tagged(name: string): GitCommit | undefined {
    return this.#refs.get(TAGS + name);
  }

  /** Every commit that was ever pushed here or can be reached from a ref, the latest first. */
  commits(from: Iterable<GitCommit> = this.#tips()): GitCommit[] {
    return reachable(from);
  }

  /** A commit that is here, by its whole id. */
  commit(id: string): GitCommit | undefined {
    return this.commits().find(commit => commit.id === id.toLowerCase());
  }

  /** What has this object id, in the last commit first and in the history then. */
  object(id: string): TreeEntry['object'] | undefined {
    const tip = this.branch(this.#defaultBranch ?? '');
    const wanted = id.toLowerCase();
    return (
      (tip && findObject([tip], wanted)) ?? findObject(this.commits(), wanted)
    );
  }

  /** The entry at a path of the tip of a branch (default: the default branch). */
  entry(path: string, branch = this.defaultBranch): TreeEntry | undefined {
    const tip = branch === undefined ? undefined : this.branch(branch);
    return tip?.tree.find(pathSegments(path));
  }

  /** Changes files, in a commit of its own on a branch. */
  push(options: PushOptions): {
    readonly commitId: string;
    readonly pushId: number;
  } {
    const branch = options.branch ?? this.#defaultBranch ?? 'main';
    const current = this.branch(branch);
    const start =
      current ??
      (this.#defaultBranch ? this.branch(this.#defaultBranch) : undefined);
    const changes = treeChanges(options.files, this.#world.blobs);
    const commit = new GitCommit({
      tree: (start?.tree ?? GitTree.EMPTY).with(changes),
      parents: start
        ? options.force && current
          ? start.parents
          : [start]
        : [],
      author: {
        ...(options.author ?? {
          name: 'Developer',
          email: 'developer@example.com',
        }),
        at: this.#world.now(),
      },
      message: options.message ?? 'Change files',
    });
    for (const { entry } of changes) {
      if (entry && 'content' in entry.object) {
        this.#size += entry.object.content.length;
      }
    }
    this.#defaultBranch ??= branch;
    const push = this.#update(HEADS + branch, commit, options.pushedBy);
    return {
      pushId: push.pushId,
      get commitId() {
        return commit.id;
      },
    };
  }

  /** Points a tag at a commit (default: the tip of the default branch). */
  tag(name: string, commit = this.branch(this.#defaultBranch ?? '')): void {
    if (!commit) {
      throw new Error(
        `No tag '${name}' on the repository '${this.#name}': there is no commit to point it at`,
      );
    }
    this.#update(TAGS + name, commit);
  }

  deleteBranch(name: string): void {
    if (!this.branch(name)) {
      throw new Error(
        `The repository '${this.#name}' has no branch '${name}' to delete`,
      );
    }
    this.#update(HEADS + name, undefined);
  }

  /** Deletes every branch, which leaves the repository as if nothing had been pushed. */
  empty(): void {
    for (const [name] of this.refs()) {
      this.#update(name, undefined);
    }
    this.#defaultBranch = undefined;
  }

  /** Gives a branch another name, and with it the default branch if it was that. */
  renameBranch(name: string, newName: string): void {
    const commit = this.branch(name);
    if (!commit) {
      throw new Error(
        `The repository '${this.#name}' has no branch '${name}' to rename`,
      );
    }
    this.#update(HEADS + newName, commit);
    if (this.#defaultBranch === name) {
      this.#defaultBranch = newName;
    }
    this.#update(HEADS + name, undefined);
  }

  setDefaultBranch(name: string): void {
    this.#defaultBranch = name;
    this.#changed();
  }

  rename(name: string): void {
    this.#project.claim(this, name);
    this.#name = name;
    this.#changed();
  }

  disable(): void {
    this.#isDisabled = true;
    this.#changed();
  }

  enable(): void {
    this.#isDisabled = false;
    this.#changed();
  }

  /** Deletes it: into the project's recycle bin, or for good. */
  delete(options: { permanently?: boolean } = {}): void {
    this.#project.remove(this, options);
    this.#changed();
  }

  /** Moves it to another project of the same organization; its id stays. */
  move(project: Project): void {
    if (project.organization !== this.#project.organization) {
      throw new Error(
        `The repository '${this.#name}' cannot be moved to another organization`,
      );
    }
    project.claim(this, this.#name);
    this.#project = project;
    this.#changed();
  }

  /** A fork of it in a project of the same organization. */
  fork(project: Project, name: string): Repository {
    return project.adopt(name, { parent: this });
  }

  #takeOver(parent: Repository): void {
    this.#defaultBranch = parent.#defaultBranch;
    this.#size = parent.#size;
    for (const [name, commit] of parent.#refs) {
      this.#refs.set(name, commit);
    }
  }

  *#tips(): Generator<GitCommit> {
    yield* this.#refs.values();
    for (const { refUpdates } of this.pushes) {
      for (const { after } of refUpdates) {
        if (after) {
          yield after;
        }
      }
    }
  }

  #update(
    name: string,
    after: GitCommit | undefined,
    pushedBy = 'developer',
  ): Push {
    const before = this.#refs.get(name);
    if (after) {
      this.#refs.set(name, after);
    } else {
      this.#refs.delete(name);
    }
    const push: Push = {
      pushId: this.#project.organization.nextPushId(),
      at: this.#world.now(),
      pushedBy,
      refUpdates: [{ name, before, after }],
    };
    this.pushes.push(push);
    this.#changed();
    return push;
  }

  #changed(): void {
    this.#project.organization.touch();
  }
}
