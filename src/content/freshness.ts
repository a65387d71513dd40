import type { LoggerService } from '@backstage/backend-plugin-api';
import type { Organization } from '../organization';
import { SeldomLog } from '../seldom';
import { isTransient } from './errors';

/** How old an answer may be that is served where the service cannot answer. */
const MAX_STALE_MS = 6 * 3_600_000;
/** So many repositories are remembered to have changed; then everything that was read before counts as changed. */
const MOST_CHANGED = 100_000;

/** When something was asked of the service, by the clock and in the order of events. */
export interface Asked {
  /** In milliseconds since 1970. */
  readonly at: number;
  /** Of two, the higher was asked later. */
  readonly ticket: number;
}

/**
 * How long answers of the service are fresh. Freshness ends by time, and at
 * once when a repository is invalidated. What is no longer fresh is served where
 * the service cannot answer.
 */
export class Freshness {
  /** By organization: a throttled hour concerns thousands of reads. */
  readonly #seldom: SeldomLog;
  readonly #now: () => number;
  readonly #changed = new Map<string, number>();
  /** The last change of repositories that `#changed` does not have. */
  #oldest = 0;
  #ticket = 0;

  constructor(options: { logger: LoggerService; now: () => number }) {
    this.#seldom = new SeldomLog(options.logger, options.now);
    this.#now = options.now;
  }

  /** To be called before a request is made, so that its answer is not taken for fresh when a change overtakes it. */
  asked(): Asked {
    this.#ticket += 1;
    return { at: this.#now(), ticket: this.#ticket };
  }

  /** @param repositoryId - the GUID, in any case */
  isFresh(asked: Asked, repositoryId: string, maxAgeMs: number): boolean {
    return this.#age(asked) < maxAgeMs && this.isCurrent(asked, repositoryId);
  }

  /** Whether the repository has not been invalidated since. @param repositoryId - the GUID, in any case */
  isCurrent({ ticket }: Asked, repositoryId: string): boolean {
    return this.lastChange(repositoryId) <= ticket;
  }

  /** The ticket of the last change of a repository. @param repositoryId - the GUID, in any case */
  lastChange(repositoryId: string): number {
    return this.#changed.get(repositoryId.toLowerCase()) ?? this.#oldest;
  }

  /** @param repositoryId - the GUID, in any case */
  invalidate(repositoryId: string): void {
    this.#ticket += 1;
    if (this.#changed.size >= MOST_CHANGED) {
      this.#changed.clear();
      this.#oldest = this.#ticket;
    }
    this.#changed.set(repositoryId.toLowerCase(), this.#ticket);
  }

  /**
   * Asks; where the service cannot answer, or not in time, gives the last good
   * answer instead, with a warning.
   *
   * @param read - for the log: what is read, as in `/catalog-info.yaml of repository api`
   * @param ask - gets whether there is a last good answer that can be served
   * @throws what asking throws, when there is none or the error is not transient
   */
  async serveStaleOnError<T, S extends { readonly asked: Asked }>(
    lastGood: S | undefined,
    read: {
      readonly organization: Organization;
      readonly what: string;
      readonly signal?: AbortSignal;
    },
    ask: (hasLastGood: boolean) => Promise<T>,
  ): Promise<T | S> {
    const usable =
      lastGood && this.#age(lastGood.asked) <= MAX_STALE_MS
        ? lastGood
        : undefined;
    try {
      return await ask(usable !== undefined);
    } catch (error) {
      read.signal?.throwIfAborted();
      if (!usable || !isTransient(error)) {
        throw error;
      }
      const { organization, what } = read;
      const age = Math.round(this.#age(usable.asked) / 1000);
      this.#seldom.warn(
        organization.key,
        `${organization.label} cannot answer at the moment. What it answered ${age} s ago is served for ${what}. ${String(error)}`,
      );
      return usable;
    }
  }

  /** Where the clock was set back, what was asked before has a time in the future: the distance counts, so that it grows old all the same. */
  #age({ at }: Asked): number {
    return Math.abs(this.#now() - at);
  }
}
