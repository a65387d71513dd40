import {
  type BlobStore,
  type FileChanges,
  pathSegments,
  treeChanges,
} from './files';
import { type GitBlob, type GitCommit, GitTree, type TreeEntry } from './git';
import { hashOf } from './names';

/** Something that service hooks report. */
export interface HookEvent {
  readonly eventType:
    | 'git.push'
    | 'git.repo.created'
    | 'git.repo.renamed'
    | 'git.repo.deleted'
    | 'git.repo.forked'
    | 'git.repo.statuschanged';
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly organization: { readonly id: string; readonly name: string };
  readonly project: { readonly id: string; readonly name: string };
  readonly repository: Repository;
  /** Of a push: the full name, and the commits; `undefined` for none. */
  readonly ref?: string;
  readonly oldObjectId?: string;
  readonly newObjectId?: string;
  readonly pushId?: number;
  readonly oldName?: string;
  readonly isHardDelete?: boolean;
}

/** What all parts of one simulator's state share. */
export interface World {
  /** Reports something to service hooks. */
  readonly emit?: (event: HookEvent) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly blobs: BlobStore;
}

/** The project that a repository is in, as far as the repository and its readers need it. */
export interface Home {
  readonly id: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly state: string;
  readonly revision: number;
  readonly updatedAt: number;
  readonly organization: {
    readonly id: string;
    readonly name: string;
    touch(): void;
    nextPushId(): number;
  };
  addRepository(
    name: string,
    options?: RepositoryOptions & { readonly parent?: Repository },
  ): Repository;
  claim(repository: Repository, name: string): void;
  release(repository: Repository): void;
  remove(repository: Repository): void;
}

export interface RepositoryOptions {
  /** The first commit. Without files the repository is empty: no branches, no default branch. */
  readonly files?: FileChanges;
  /** Without `refs/heads/`. Default `main`. */
  readonly defaultBranch?: string;
  readonly disabled?: boolean;
  /** Internal repositories, such as those behind wikis: listed on request only. */
  readonly hidden?: boolean;
  /** A GUID. Default: one that no other has. Collections that were cloned, or imported twice, have repositories of equal ids. */
  readonly id?: string;
}

export interface PushOptions {
  /** Without `refs/heads/`. Default: the default branch. Made from the default branch if it does not exist. */
  readonly branch?: string;
  readonly files: FileChanges;
}

/** One update of a ref, as the service keeps it. */
export interface Push {
  readonly pushId: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The full name: `refs/heads/main`. */
  readonly ref: string;
  /** Where it points to since; `undefined` when it was deleted. */
  readonly commit: GitCommit | undefined;
}

const HEADS = 'refs/heads/';
const TAGS = 'refs/tags/';

/** One Git repository: what its branches and tags point to, and every commit that they ever pointed to. */
export class Repository {
  readonly id: string;
  readonly createdAt: number;
  readonly isHidden: boolean;
  readonly parent: Repository | undefined;
  readonly pushes: Push[] = [];
  #name: string;
  #project: Home;
  #defaultBranch: string | undefined;
  #isDisabled: boolean;
  #size = 0;
  readonly #refs = new Map<string, GitCommit>();
  readonly #commits = new Map<string, GitCommit>();
  readonly #world: World;

  /** Use `project.addRepository()`, which also lists it. */
  constructor(
    world: World,
    project: Home,
    id: string,
    name: string,
    options: RepositoryOptions & { readonly parent?: Repository },
  ) {
    this.#world = world;
    this.#project = project;
    this.id = id;
    this.#name = name;
    this.createdAt = world.now();
    this.#isDisabled = options.disabled ?? false;
    this.isHidden = options.hidden ?? false;
    this.parent = options.parent;
    this.report(options.parent ? 'git.repo.forked' : 'git.repo.created');
    if (options.parent) {
      this.#takeOver(options.parent);
      return;
    }
    // Without one, the first branch that is pushed becomes the default branch.
    this.#defaultBranch = options.defaultBranch;
    if (options.files) {
      this.push({ files: options.files });
    }
  }

  /** Reports to service hooks that something happened to it. */
  report(
    eventType: HookEvent['eventType'],
    details: Partial<HookEvent> = {},
  ): void {
    this.#world.emit?.({
      eventType,
      at: this.#world.now(),
      organization: this.#project.organization,
      project: this.#project,
      repository: this,
      ...details,
    });
  }

  get name(): string {
    return this.#name;
  }

  get project(): Home {
    return this.#project;
  }

  get isFork(): boolean {
    return this.parent !== undefined;
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

  /** The last commit of a branch, by its name without `refs/heads/`. */
  branch(name: string): GitCommit | undefined {
    return this.#refs.get(HEADS + name);
  }

  /** The commit of a tag, by its name without `refs/tags/`. */
  tagged(name: string): GitCommit | undefined {
    return this.#refs.get(TAGS + name);
  }

  /** Every commit that was ever pushed here, the latest first. */
  commits(): GitCommit[] {
    return [...this.#commits.values()].reverse();
  }

  commit(id: string): GitCommit | undefined {
    return this.#commits.get(id.toLowerCase());
  }

  /** The blob of this object id, in whichever commit. */
  blob(id: string): GitBlob | undefined {
    const wanted = id.toLowerCase();
    // Commits share most of their folders.
    const seen = new Set<GitTree>();
    for (const { tree } of this.commits()) {
      const found = tree.findBlob(wanted, seen);
      if (found) {
        return found;
      }
    }
    return undefined;
  }

  /** The entry at a path of the tip of a branch (default: the default branch). */
  entry(path: string, branch = this.defaultBranch): TreeEntry | undefined {
    const tip = branch === undefined ? undefined : this.branch(branch);
    return tip?.tree.find(pathSegments(path));
  }

  /** Changes files, in a commit of its own on a branch. */
  push({ files, branch = this.#defaultBranch ?? 'main' }: PushOptions): {
    readonly commitId: string;
  } {
    const start = this.branch(branch) ?? this.branch(this.#defaultBranch ?? '');
    const changes = treeChanges(files, this.#world.blobs);
    for (const { entry } of changes) {
      if (entry && 'content' in entry.object) {
        this.#size += entry.object.content.length;
      }
    }
    const commit: GitCommit = {
      id: hashOf('commit', this.id, this.#commits.size),
      tree: (start?.tree ?? GitTree.EMPTY).with(changes),
    };
    this.#commits.set(commit.id, commit);
    this.#defaultBranch ??= branch;
    this.#update(HEADS + branch, commit);
    return { commitId: commit.id };
  }

  /** Points a tag at the tip of the default branch. */
  tag(name: string): void {
    this.#update(TAGS + name, this.#tip(this.#defaultBranch ?? ''));
  }

  deleteBranch(name: string): void {
    this.#tip(name);
    this.#update(HEADS + name, undefined);
  }

  /** Deletes every branch, which leaves the repository as if nothing had been pushed. */
  empty(): void {
    for (const name of [...this.#refs.keys()]) {
      this.#update(name, undefined);
    }
    this.#defaultBranch = undefined;
  }

  /** Gives a branch another name, and with it the default branch if it was that. */
  renameBranch(name: string, newName: string): void {
    this.#update(HEADS + newName, this.#tip(name));
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
    const oldName = this.#name;
    this.#project.claim(this, name);
    this.#name = name;
    this.#changed();
    this.report('git.repo.renamed', { oldName });
  }

  disable(): void {
    this.#isDisabled = true;
    this.#changed();
    this.report('git.repo.statuschanged');
  }

  enable(): void {
    this.#isDisabled = false;
    this.#changed();
    this.report('git.repo.statuschanged');
  }

  /** Deletes it: into the project's recycle bin, or for good. */
  delete(options: { permanently?: boolean } = {}): void {
    this.#project.remove(this);
    this.#changed();
    this.report('git.repo.deleted', {
      isHardDelete: options.permanently ?? false,
    });
  }

  /** Moves it to another project of the same organization; its id stays. */
  move(project: Home): void {
    project.claim(this, this.#name);
    this.#project = project;
    this.#changed();
  }

  /** A fork of it in a project of the same organization. */
  fork(project: Home, name: string): Repository {
    return project.addRepository(name, { parent: this });
  }

  #takeOver(parent: Repository): void {
    this.#defaultBranch = parent.#defaultBranch;
    this.#size = parent.#size;
    for (const [name, commit] of parent.#refs) {
      this.#refs.set(name, commit);
    }
    for (const [id, commit] of parent.#commits) {
      this.#commits.set(id, commit);
    }
  }

  #tip(branch: string): GitCommit {
    const commit = this.branch(branch);
    if (!commit) {
      throw new Error(
        `The repository '${this.#name}' has no branch '${branch}'`,
      );
    }
    return commit;
  }

  #update(ref: string, commit: GitCommit | undefined): void {
    const before = this.#refs.get(ref);
    if (commit) {
      this.#refs.set(ref, commit);
    } else {
      this.#refs.delete(ref);
    }
    const pushId = this.#project.organization.nextPushId();
    this.pushes.push({ pushId, at: this.#world.now(), ref, commit });
    this.#changed();
    this.report('git.push', {
      ref,
      pushId,
      oldObjectId: before?.id,
      newObjectId: commit?.id,
    });
  }

  #changed(): void {
    this.#project.organization.touch();
  }
}
