import type { AzureDevOpsClient, Repository } from '../azure/types';
import { type Organization } from '../organization';
import { LeastRecentlyUsed } from './cache';
import type { AnnouncedChanges } from './changes';
import { Crowds } from './crowds';
import type { LastGood, Waiting } from './last-good';
import { SharedOperations } from './shared-operations';
import type { RepositoryUrl } from './parsed-url';

/** So many repositories are remembered; some hundred bytes each. */
const MOST_REPOSITORIES = 20_000;

/** From so many names of a project that are due together on, and from this share of its repositories on, its list is cheaper. */
const FEW = 3;
const SHARE = 1 / 25;

interface Resolution {
  readonly repository: Repository;
  readonly verifiedAt: number;
  readonly ticket: number;
}

/** Finds the repository that a URL names, and remembers it for a while. */
export class Repositories {
  readonly #freshnessMs: number;
  readonly #changes: AnnouncedChanges;
  readonly #lastGood: LastGood;
  readonly #now: () => number;
  readonly #known = new LeastRecentlyUsed<Resolution>(MOST_REPOSITORIES);
  readonly #asking = new SharedOperations<Resolution | undefined>();
  readonly #listing = new SharedOperations<void>();
  readonly #crowds: Crowds;
  /** How many repositories a project has, where its list was read. */
  readonly #sizes = new Map<string, number>();

  constructor(options: {
    /** How long a name is believed to stand for the same repository, in milliseconds. */
    freshnessMs: number;
    changes: AnnouncedChanges;
    lastGood: LastGood;
    now: () => number;
  }) {
    this.#freshnessMs = options.freshnessMs;
    this.#changes = options.changes;
    this.#lastGood = options.lastGood;
    this.#now = options.now;
    this.#crowds = new Crowds({
      windowMs: options.freshnessMs,
      now: options.now,
    });
  }

  /**
   * The repository, with the names that it has now; `undefined` when the
   * service says that it does not exist or may not be read.
   *
   * @param options.again - ask even if the answer is remembered
   * @throws `AzureDevOpsRequestError`, `CredentialError`
   */
  async resolve(
    client: AzureDevOpsClient,
    url: RepositoryUrl,
    options: { signal?: AbortSignal; again?: boolean },
  ): Promise<Repository | undefined> {
    const key = keyOf(url.organization, url.project, url.repository);
    const known = this.#known.get(key);
    if (known && !options.again && this.#isFresh(known)) {
      return known.repository;
    }
    const reading = {
      organization: url.organization,
      what: `the names of repository ${url.repository}`,
      signal: options.signal,
    };
    const found = await this.#lastGood.standsInFor(
      known,
      reading,
      async waiting => {
        const listed =
          known && !options.again
            ? await this.#lookInList(client, known.repository, key, waiting)
            : undefined;
        return (
          listed ??
          (await this.#asking.run(key, waiting, signal =>
            this.#ask(client, url, key, signal),
          ))
        );
      },
    );
    return found?.repository;
  }

  /** What the list of the project says, if reading it is worth while; that it lacks the name says nothing. */
  async #lookInList(
    client: AzureDevOpsClient,
    { project }: Repository,
    key: string,
    waiting: Waiting,
  ): Promise<Resolution | undefined> {
    const group = `${client.organization.key}\n${project.id}`;
    const due = this.#crowds.note(group);
    if (due < Math.max(FEW, (this.#sizes.get(group) ?? 0) * SHARE)) {
      return undefined;
    }
    try {
      await this.#listing.run(group, waiting, signal =>
        this.#list(client, project.id, group, signal),
      );
    } catch {
      // Asking for the one repository shows what is the matter.
      waiting.signal?.throwIfAborted();
      return undefined;
    }
    const listed = this.#known.get(key);
    return listed && this.#isFresh(listed) ? listed : undefined;
  }

  async #list(
    client: AzureDevOpsClient,
    project: string,
    group: string,
    signal: AbortSignal,
  ): Promise<void> {
    const verifiedAt = this.#now();
    const ticket = this.#changes.ticket();
    const repositories = await client.listRepositories({ project, signal });
    let known = 0;
    for (const repository of repositories) {
      const key = keyOf(
        client.organization,
        repository.project.name,
        repository.name,
      );
      if (this.#known.get(key)) {
        this.#known.set(key, { repository, verifiedAt, ticket });
        known += 1;
      }
    }
    this.#sizes.set(group, repositories.length);
    // So that the list is read at once the next time.
    this.#crowds.note(group, known);
  }

  async #ask(
    client: AzureDevOpsClient,
    url: RepositoryUrl,
    key: string,
    signal: AbortSignal,
  ): Promise<Resolution | undefined> {
    const verifiedAt = this.#now();
    const ticket = this.#changes.ticket();
    const repository = await client.getRepository({
      repository: url.repository,
      project: url.project,
      signal,
    });
    if (!repository) {
      this.#known.delete(key);
      return undefined;
    }
    const resolution = { repository, verifiedAt, ticket };
    this.#known.set(key, resolution);
    return resolution;
  }

  #isFresh(known: Resolution): boolean {
    return (
      this.#now() - known.verifiedAt < this.#freshnessMs &&
      this.#changes.isCurrent(known.repository.id, known.ticket)
    );
  }
}

function keyOf(
  organization: Organization,
  project: string | undefined,
  repository: string,
): string {
  return [organization.key, project, repository].join('\n').toLowerCase();
}
