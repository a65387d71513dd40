import type { LoggerService } from '@backstage/backend-plugin-api';
import { ServiceUnavailableError } from '@backstage/errors';
import { type Organization } from '../organization';
import { isTransient } from './errors';

/** At most one warning an organization in this time, in milliseconds: a throttled hour concerns thousands of reads. */
const WARNING_INTERVAL_MS = 60_000;

export interface LastGoodOptions {
  /** How old a value may be that stands in, in milliseconds. */
  readonly maxStaleMs: number;
  readonly patience: Patience;
  readonly logger: LoggerService;
  readonly now: () => number;
}

/** How long an answer is waited for, in milliseconds. A read that takes longer goes on for the next caller. */
export interface Patience {
  /** Where what was read before can stand in. */
  readonly withLastGoodMs: number;
  /** Where it cannot. */
  readonly withoutMs: number;
}

/** What a read is about. */
export interface Reading {
  readonly organization: Organization;
  /** Names it in the warning: `/catalog-info.yaml of repository api`. */
  readonly what: string;
  readonly signal?: AbortSignal;
}

/** How long to wait for an answer: see `SharedOperations.run`. */
export interface Waiting {
  readonly signal?: AbortSignal;
  readonly patience?: AbortSignal;
}

/**
 * Waits for an answer, but not for ever: a service that throttles may hold
 * requests back for a quarter of an hour.
 *
 * @throws a `ServiceUnavailableError` after that time
 */
export async function withPatience<T>(
  patienceMs: number,
  signal: AbortSignal | undefined,
  ask: (waiting: Waiting) => Promise<T>,
): Promise<T> {
  const patience = AbortSignal.timeout(patienceMs);
  try {
    return await ask({ signal, patience });
  } catch (error) {
    throw patience.aborted && !signal?.aborted
      ? new ServiceUnavailableError(
          `There was no answer within ${patienceMs / 1000} s, perhaps because Azure DevOps throttles. The read goes on; try again later.`,
        )
      : error;
  }
}

/** Lets what was read before stand in for what cannot be read now. */
export class LastGood {
  readonly #options: LastGoodOptions;
  readonly #warnings = new Map<string, { at: number; suppressed: number }>();

  constructor(options: LastGoodOptions) {
    this.#options = options;
  }

  /**
   * Asks; where the service cannot answer, or not soon, returns the last good
   * value instead, with a warning.
   *
   * @param lastGood - with the moment in milliseconds at which it was true
   * @throws what asking throws, when no value can stand in or the error is not of that kind
   */
  async standsInFor<T, G extends { readonly verifiedAt: number }>(
    lastGood: G | undefined,
    reading: Reading,
    ask: (waiting: Waiting) => Promise<T>,
  ): Promise<T | G> {
    const { signal } = reading;
    const usable =
      lastGood && this.#age(lastGood) <= this.#options.maxStaleMs
        ? lastGood
        : undefined;
    const { patience } = this.#options;
    try {
      return await withPatience(
        usable ? patience.withLastGoodMs : patience.withoutMs,
        signal,
        ask,
      );
    } catch (error) {
      signal?.throwIfAborted();
      if (!usable || !isTransient(error)) {
        throw error;
      }
      this.#warn(reading, error, this.#age(usable));
      return usable;
    }
  }

  #age({ verifiedAt }: { readonly verifiedAt: number }): number {
    return this.#options.now() - verifiedAt;
  }

  #warn({ organization, what }: Reading, reason: unknown, ageMs: number): void {
    const now = this.#options.now();
    const key = organization.key;
    const last = this.#warnings.get(key);
    if (last && now - last.at < WARNING_INTERVAL_MS) {
      last.suppressed += 1;
      return;
    }
    const others = last?.suppressed
      ? ` and for ${last.suppressed} other reads since the last such warning`
      : '';
    this.#options.logger.warn(
      `${organization.label} cannot answer at the moment. What it said ${Math.round(ageMs / 1000)} s ago is served for ${what}${others}. ${String(reason)}`,
    );
    this.#warnings.set(key, { at: now, suppressed: 0 });
  }
}
