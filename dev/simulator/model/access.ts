import { nameKey } from './names';

/** What a grant or a revocation is about; without projects and repositories the whole organization. */
export interface AccessScope {
  /** Names or ids of projects. */
  readonly projects?: readonly string[];
  /** Names or ids of repositories, `Project/repository` where a name alone would be ambiguous. */
  readonly repositories?: readonly string[];
}

export interface GrantOptions extends AccessScope {
  /** The licence: a stakeholder sees projects and none of their repositories. Default `basic`. */
  readonly licence?: 'basic' | 'stakeholder';
}

interface ReadableProject {
  readonly id: string;
  readonly name: string;
}

interface ReadableRepository extends ReadableProject {
  readonly project: ReadableProject;
}

/**
 * What one member of an organization may read. Grants and revocations name
 * projects and repositories by id, or by a name that does not exist yet.
 */
export class Access {
  #everything = false;
  #stakeholder = false;
  readonly #projects = new NameSet();
  readonly #repositories = new NameSet();
  readonly #deniedProjects = new NameSet();
  readonly #deniedRepositories = new NameSet();

  grant(options: GrantOptions): void {
    this.#stakeholder = options.licence === 'stakeholder';
    if (!options.projects && !options.repositories) {
      this.#everything = true;
      this.#deniedProjects.clear();
      this.#deniedRepositories.clear();
    }
    for (const project of options.projects ?? []) {
      this.#projects.add(project);
      this.#deniedProjects.delete(project);
    }
    for (const repository of options.repositories ?? []) {
      this.#repositories.add(repository);
      this.#deniedRepositories.delete(repository);
    }
  }

  revoke(scope: AccessScope): void {
    for (const project of scope.projects ?? []) {
      this.#projects.delete(project);
      this.#deniedProjects.add(project);
    }
    for (const repository of scope.repositories ?? []) {
      this.#repositories.delete(repository);
      this.#deniedRepositories.add(repository);
    }
  }

  /** Binds to the object what was said of its name before it existed: from now on it may be renamed. */
  bindProject(project: ReadableProject): void {
    this.#projects.bind(project.name, project.id);
    this.#deniedProjects.bind(project.name, project.id);
  }

  bindRepository(repository: ReadableRepository): void {
    const names = [
      repository.name,
      `${repository.project.name}/${repository.name}`,
    ];
    for (const name of names) {
      this.#repositories.bind(name, repository.id);
      this.#deniedRepositories.bind(name, repository.id);
    }
  }

  canReadProject(
    project: ReadableProject & { repositories(): Iterable<ReadableRepository> },
  ): boolean {
    if (this.#deniedProjects.has(project)) {
      return false;
    }
    if (this.#everything || this.#projects.has(project)) {
      return true;
    }
    if (this.#repositories.isEmpty) {
      return false;
    }
    // Who may read a repository sees the project that it is in.
    for (const repository of project.repositories()) {
      if (this.#repositories.has(repository)) {
        return true;
      }
    }
    return false;
  }

  canReadRepository(repository: ReadableRepository): boolean {
    if (
      this.#stakeholder ||
      this.#deniedProjects.has(repository.project) ||
      this.#deniedRepositories.has(repository)
    ) {
      return false;
    }
    return (
      this.#everything ||
      this.#projects.has(repository.project) ||
      this.#repositories.has(repository)
    );
  }

  /** Whether nothing at all is hidden, so that answers may be shared among such members. */
  get isUnrestricted(): boolean {
    return (
      this.#everything &&
      !this.#stakeholder &&
      this.#deniedProjects.isEmpty &&
      this.#deniedRepositories.isEmpty
    );
  }
}

/** Objects by id or name, as people name them. */
class NameSet {
  readonly #keys = new Set<string>();

  get isEmpty(): boolean {
    return this.#keys.size === 0;
  }

  add(idOrName: string): void {
    this.#keys.add(nameKey(idOrName));
  }

  delete(idOrName: string): void {
    this.#keys.delete(nameKey(idOrName));
  }

  clear(): void {
    this.#keys.clear();
  }

  bind(name: string, id: string): void {
    if (this.#keys.delete(nameKey(name))) {
      this.#keys.add(id);
    }
  }

  has(object: ReadableProject): boolean {
    return this.#keys.size > 0 && this.#keys.has(object.id);
  }
}
