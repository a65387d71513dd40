import { guidOf, nameKey } from './names';
import {
  Repository,
  type Home,
  type RepositoryOptions,
  type World,
} from './repository';

/** The states of a project in the service's interface; only well-formed ones can be used. */
export type ProjectState =
  'new' | 'wellFormed' | 'createPending' | 'deleting' | 'deleted';

export interface ProjectOptions {
  /** Default `wellFormed`. */
  readonly state?: ProjectState;
  readonly description?: string;
  /** A GUID, as for repositories. */
  readonly id?: string;
}

export interface DeletedRepository {
  readonly repository: Repository;
  /** As it was when it was deleted. */
  readonly name: string;
  readonly deletedAt: number;
}

/** The organization that a project is in, as far as the project needs it. */
interface Owner {
  readonly id: string;
  readonly name: string;
  touch(): void;
  nextNumber(): number;
  nextPushId(): number;
  repositoryById(id: string): Repository | undefined;
  registerRepository(repository: Repository): void;
  unregisterRepository(repository: Repository): void;
  renameProject(project: Project, name: string): void;
  removeProject(project: Project): void;
}

/** One project of an organization. */
export class Project implements Home {
  readonly id: string;
  readonly organization: Owner;
  readonly description: string | undefined;
  #name: string;
  #state: ProjectState;
  #revision = 1;
  #updatedAt: number;
  readonly #world: World;
  readonly #repositories = new Map<string, Repository>();
  readonly #deleted = new Map<string, DeletedRepository>();

  /** Use `organization.addProject()`, which also lists it. */
  constructor(
    world: World,
    organization: Owner,
    id: string,
    name: string,
    options: ProjectOptions,
  ) {
    this.#world = world;
    this.organization = organization;
    this.id = id;
    this.#name = name;
    this.#state = options.state ?? 'wellFormed';
    this.description = options.description;
    this.#updatedAt = world.now();
  }

  get name(): string {
    return this.#name;
  }

  get state(): ProjectState {
    return this.#state;
  }

  /** Counts the changes of the project itself, as the service does. */
  get revision(): number {
    return this.#revision;
  }

  /** When the project itself last changed, in milliseconds since 1970. */
  get updatedAt(): number {
    return this.#updatedAt;
  }

  /** A new repository; with a parent a fork of it. */
  addRepository(
    name: string,
    options: RepositoryOptions & { readonly parent?: Repository } = {},
  ): Repository {
    this.#requireFree(name);
    const made = guidOf(
      'repository',
      this.organization.id,
      this.organization.nextNumber(),
    );
    const id = options.id ?? made;
    const repository = new Repository(this.#world, this, id, name, options);
    this.#repositories.set(nameKey(name), repository);
    this.organization.registerRepository(repository);
    return repository;
  }

  /** The repository of this name (without regard to case) or id. */
  repository(nameOrId: string): Repository {
    const found = this.findRepository(nameOrId);
    if (!found) {
      throw new Error(
        `The project '${this.#name}' has no repository '${nameOrId}'`,
      );
    }
    return found;
  }

  findRepository(nameOrId: string): Repository | undefined {
    const byId = this.organization.repositoryById(nameOrId);
    return byId?.project === this
      ? byId
      : this.#repositories.get(nameKey(nameOrId));
  }

  /** The repositories that exist, in the order in which they were made. */
  repositories(): IterableIterator<Repository> {
    return this.#repositories.values();
  }

  /** The repositories that were deleted, the latest last. */
  deletedRepositories(): DeletedRepository[] {
    return [...this.#deleted.values()];
  }

  rename(name: string): void {
    this.organization.renameProject(this, name);
    this.#name = name;
    this.setState(this.#state);
  }

  /** For what `rename` and `delete` do not cover: a project that is being made, or being deleted. */
  setState(state: ProjectState): void {
    this.#state = state;
    this.#revision += 1;
    this.#updatedAt = this.#world.now();
    this.organization.touch();
  }

  /** Deletes it with all its repositories, as the organization sees it once that is done. */
  delete(): void {
    this.organization.removeProject(this);
    this.setState('deleted');
  }

  /** Puts a repository of another name, or of another project, under a name of this one. */
  claim(repository: Repository, name: string): void {
    if (this.#repositories.get(nameKey(name)) !== repository) {
      this.#requireFree(name);
    }
    repository.project.release(repository);
    this.#repositories.set(nameKey(name), repository);
  }

  release(repository: Repository): void {
    this.#repositories.delete(nameKey(repository.name));
  }

  /** Takes a repository out. */
  remove(repository: Repository): void {
    this.release(repository);
    this.organization.unregisterRepository(repository);
    this.#deleted.set(repository.id, {
      repository,
      name: repository.name,
      deletedAt: this.#world.now(),
    });
  }

  #requireFree(name: string): void {
    if (this.#repositories.has(nameKey(name))) {
      throw new Error(
        `The project '${this.#name}' already has a repository '${name}'`,
      );
    }
  }
}
