import type { AzureDevOpsClient, Repository } from '../azure/types';
import { type Organization } from '../organization';
import type { AnnouncedChanges } from './changes';
import { Crowds } from './crowds';
import { isTransient } from './errors';
import { withPatience } from './last-good';
import { SharedOperations } from './shared-operations';

const HOUR_MS = 3_600_000;
/** How late a push may show in the statistics and still be noticed. */
const LATE_MS = 2 * HOUR_MS;
/** However quiet a repository is, what was read of it is asked for again after this time, in milliseconds. */
const LONGEST_MS = 6 * HOUR_MS;
/** A service that has no statistics, or refuses them, is asked again after this time, in milliseconds. */
const REFUSED_FOR_MS = 6 * HOUR_MS;
/** From so many files of a project that are due together on, one question for all is cheaper. */
const FEW = 3;

/** The number of changes by the beginning of the hour in which they were, repository by repository. */
type Counts = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** Between these two moments nothing was pushed to a project but what was announced. */
interface Quiet {
  readonly from: number;
  readonly until: number;
  readonly counts: Counts;
}

/** What was read of a repository. */
export interface Seen {
  /** When it was asked for, in milliseconds since 1970. */
  readonly verifiedAt: number;
  readonly ticket: number;
}

/**
 * Asks for the activity of a whole project in place of each of its files: what
 * was read of a repository holds for as long as nobody pushes to it. Nobody
 * promises that these statistics are complete, so they are used only where a
 * provider holds them to account by what it finds itself, and for a limited
 * time.
 */
export class ProjectActivity {
  readonly #maxAgeMs: number;
  readonly #patienceMs: number;
  readonly #changes: AnnouncedChanges;
  readonly #now: () => number;
  readonly #crowds: Crowds;
  readonly #reliableUntil = new Map<string, number>();
  readonly #quiet = new Map<string, Quiet>();
  readonly #offUntil = new Map<string, number>();
  readonly #asking = new SharedOperations<void>();

  constructor(options: {
    /** How long an answer is believed, in milliseconds. */
    maxAgeMs: number;
    /** How long an answer is waited for, in milliseconds. */
    patienceMs: number;
    changes: AnnouncedChanges;
    now: () => number;
  }) {
    this.#maxAgeMs = options.maxAgeMs;
    this.#patienceMs = options.patienceMs;
    this.#changes = options.changes;
    this.#now = options.now;
    this.#crowds = new Crowds({ windowMs: options.maxAgeMs, now: options.now });
  }

  /** @param until - how long the statistics of an organization may be relied on, in milliseconds since 1970 */
  rely(organization: Organization, until: number): void {
    this.#reliableUntil.set(organization.key, until);
  }

  /**
   * Whether what was seen of a repository is still so, as far as the activity of
   * its project tells. Repositories that were pushed to are announced as changed.
   *
   * @throws only the signal's reason
   */
  async vouchesFor(
    client: AzureDevOpsClient,
    repository: Repository,
    seen: Seen,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const organization = client.organization.key;
    const key = `${organization}\n${repository.project.id}`;
    const now = this.#now();
    if (
      now >= (this.#reliableUntil.get(organization) ?? 0) ||
      now < (this.#offUntil.get(key) ?? 0) ||
      now - seen.verifiedAt >= LONGEST_MS ||
      this.#crowds.note(key) < FEW
    ) {
      return false;
    }
    if (!this.#isRecent(key)) {
      try {
        await withPatience(this.#patienceMs, signal, waiting =>
          this.#asking.run(key, waiting, shared =>
            this.#ask(client, repository, key, seen, shared),
          ),
        );
      } catch (error) {
        signal?.throwIfAborted();
        // Whoever asked reads the file itself, and sees what is the matter.
        this.#offUntil.set(
          key,
          now + (isTransient(error) ? this.#maxAgeMs : REFUSED_FOR_MS),
        );
        return false;
      }
    }
    return (
      this.#isRecent(key) &&
      (this.#quiet.get(key)?.from ?? Infinity) <= seen.verifiedAt &&
      this.#changes.isCurrent(repository.id, seen.ticket)
    );
  }

  #isRecent(key: string): boolean {
    const quiet = this.#quiet.get(key);
    return quiet !== undefined && this.#now() - quiet.until < this.#maxAgeMs;
  }

  async #ask(
    client: AzureDevOpsClient,
    { project }: Repository,
    key: string,
    seen: Seen,
    signal: AbortSignal,
  ): Promise<void> {
    const before = this.#quiet.get(key);
    const until = this.#now();
    // Whole hours, so that their counts can be compared from answer to answer.
    const since = startOfHour((before?.until ?? seen.verifiedAt) - LATE_MS);
    const { activity } = await client.listActivity({
      project: project.id,
      since,
      signal,
    });
    const counts: Counts = new Map(
      activity.map(({ repositoryId, hours }) => [
        repositoryId,
        new Map(hours.map(({ startsAt, changes }) => [startsAt, changes])),
      ]),
    );
    for (const [id, hours] of counts) {
      if (hasMore(hours, before?.counts.get(id))) {
        this.#changes.announce(id);
      }
    }
    this.#quiet.set(key, { from: before?.from ?? since, until, counts });
  }
}

function hasMore(
  hours: ReadonlyMap<number, number>,
  before: ReadonlyMap<number, number> | undefined,
): boolean {
  return [...hours].some(
    ([startsAt, changes]) => changes > (before?.get(startsAt) ?? 0),
  );
}

function startOfHour(time: number): number {
  return time - (time % HOUR_MS);
}
