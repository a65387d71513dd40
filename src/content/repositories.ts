import { LRUCache } from 'lru-cache';
import type { AzureDevOpsClient, Repository } from '../azure/types';
import type { Organization } from '../organization';
import { isTransient } from './errors';
import type { Asked, Freshness } from './freshness';
import type { RepositoryUrl } from './repository-url';
import { SharedReads, type Waiting } from './shared-reads';

/** So many repositories are remembered; some hundred bytes each. */
const MOST_REPOSITORIES = 20_000;
/**
 * How long a name is taken to be that of the same repository, with the same
 * default branch, in milliseconds. Files are read by the repository's id, so a
 * renamed one goes on being read.
 */
const NAMES_FRESHNESS_MS = 60 * 60_000;

interface Resolution {
  readonly repository: Repository;
  readonly asked: Asked;
}

/** Finds the repository that a URL names, and remembers it for a while. */
export class Repositories {
  readonly #freshness: Freshness;
  readonly #known = new LRUCache<string, Resolution>({
    max: MOST_REPOSITORIES,
  });
  readonly #reads = new SharedReads<Resolution | undefined>();

  constructor(freshness: Freshness) {
    this.#freshness = freshness;
  }

  /**
   * The repository, with the names that it has now; `undefined` when the
   * service answers that it does not exist or may not be read.
   *
   * @param options.again - asks even if the answer is remembered
   * @throws `AzureDevOpsRequestError`, `CredentialError`, `ServiceUnavailableError`
   */
  async resolve(
    client: AzureDevOpsClient,
    url: RepositoryUrl,
    waiting: Waiting,
    options: { again?: boolean } = {},
  ): Promise<Repository | undefined> {
    const key = keyOf(url.organization, url.project, url.repository);
    const known = this.#known.get(key);
    if (known && !options.again && this.#isFresh(known)) {
      return known.repository;
    }
    const reading = {
      organization: url.organization,
      what: `the names of repository ${url.repository}`,
      signal: waiting.signal,
    };
    // What was asked for before a change is not shared with those who ask after it.
    const change = known && this.#freshness.lastChange(known.repository.id);
    const found = await this.#freshness.serveStaleOnError(
      known,
      reading,
      hasLastGood =>
        this.#reads.join(`${key}\n${change}`, waiting, hasLastGood, signal =>
          this.#ask(client, url, key, signal),
        ),
    );
    return found?.repository;
  }

  /** Takes the names of remembered repositories from a list of repositories, so that they need not be asked for. */
  confirm(
    organization: Organization,
    repositories: readonly Repository[],
  ): void {
    const asked = this.#freshness.asked();
    for (const repository of repositories) {
      const key = keyOf(organization, repository.project.name, repository.name);
      const known = this.#known.peek(key);
      // The list may be older than a change that is known since.
      if (
        known?.repository.id === repository.id &&
        this.#freshness.isCurrent(known.asked, repository.id)
      ) {
        const { ticket } = known.asked;
        this.#known.set(key, { repository, asked: { ...asked, ticket } });
      }
    }
  }

  async #ask(
    client: AzureDevOpsClient,
    url: RepositoryUrl,
    key: string,
    signal: AbortSignal,
  ): Promise<Resolution | undefined> {
    const asked = this.#freshness.asked();
    try {
      const repository = await client.getRepository({
        repository: url.repository,
        project: url.project,
        signal,
      });
      const resolution = repository && { repository, asked };
      this.#remember(key, asked, resolution);
      return resolution;
    } catch (error) {
      if (!isTransient(error)) {
        this.#remember(key, asked, undefined);
      }
      throw error;
    }
  }

  /** Of two answers that cross, the one that was asked for later counts. */
  #remember(
    key: string,
    { ticket }: Asked,
    resolution: Resolution | undefined,
  ): void {
    const before = this.#known.peek(key);
    if (before && before.asked.ticket > ticket) {
      return;
    }
    if (resolution) {
      this.#known.set(key, resolution);
    } else {
      this.#known.delete(key);
    }
  }

  #isFresh({ asked, repository }: Resolution): boolean {
    return this.#freshness.isFresh(asked, repository.id, NAMES_FRESHNESS_MS);
  }
}

function keyOf(
  organization: Organization,
  project: string | undefined,
  repository: string,
): string {
  return [organization.key, project, repository].join('\n').toLowerCase();
}
