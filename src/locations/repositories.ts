import type { AzureDevOpsClient, Repository } from '../azure/types';
import { organizationKey } from '../organization';
import { LeastRecentlyUsed } from './cache';
import type { AnnouncedChanges } from './changes';
import type { LastGood } from './last-good';
import { SharedOperations } from './shared-operations';
import type { RepositoryUrl } from './url';

/** So many repositories are remembered; some hundred bytes each. */
const MOST_REPOSITORIES = 20_000;

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
    const key = [organizationKey(url.organization), url.project, url.repository]
      .join('\n')
      .toLowerCase();
    const known = this.#known.get(key);
    if (known && !options.again && this.#isFresh(known)) {
      return known.repository;
    }
    const reading = {
      organization: url.organization,
      what: `the names of repository ${url.repository}`,
      signal: options.signal,
    };
    const found = await this.#lastGood.standsInFor(known, reading, waiting =>
      this.#asking.run(key, waiting, signal =>
        this.#ask(client, url, key, signal),
      ),
    );
    return found?.repository;
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
