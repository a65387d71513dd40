import type { Project } from './project';
import type { Repository } from './repository';

/** What a grant or a revocation is about; without projects and repositories the whole organization. */
export interface AccessScope {
  /** Names or ids of projects. */
  readonly projects?: readonly string[];
  /** Names or ids of repositories, `Project/repository` where a name alone would be ambiguous. */
  readonly repositories?: readonly string[];
}

/**
 * `stakeholder` sees projects and no repositories of private ones; `none` has
 * no licence, and is not let in.
 */
export type AccessLevel = 'basic' | 'stakeholder' | 'none';

/** What one member of an organization may read, by the ids of projects and repositories. */
export class Access {
  level: AccessLevel = 'basic';
  #everything = false;
  readonly #granted = new Set<string>();
  readonly #denied = new Set<string>();

  /** Without ids: everything. */
  grant(ids: readonly string[] | undefined): void {
    if (!ids) {
      this.#everything = true;
      this.#denied.clear();
    }
    for (const id of ids ?? []) {
      this.#granted.add(id);
      this.#denied.delete(id);
    }
  }

  revoke(ids: readonly string[]): void {
    for (const id of ids) {
      this.#granted.delete(id);
      this.#denied.add(id);
    }
  }

  /** What was said of a name before there was a project of it holds for the project. */
  bind(name: string, id: string): void {
    for (const set of [this.#granted, this.#denied]) {
      if (set.delete(name)) {
        set.add(id);
      }
    }
  }

  canReadProject(project: Project): boolean {
    if (this.#denied.has(project.id)) {
      return false;
    }
    if (this.#everything || this.#granted.has(project.id)) {
      return true;
    }
    // Who may read a repository sees the project that it is in.
    return [...project.repositories()].some(({ id }) => this.#granted.has(id));
  }

  canReadRepository({ id, project }: Repository): boolean {
    return (
      this.level === 'basic' &&
      !this.#denied.has(id) &&
      !this.#denied.has(project.id) &&
      (this.#everything ||
        this.#granted.has(project.id) ||
        this.#granted.has(id))
    );
  }

  /** Whether nothing at all is hidden, so that answers may be shared among such members. */
  get isUnrestricted(): boolean {
    return (
      this.level === 'basic' && this.#everything && this.#denied.size === 0
    );
  }
}
