import { ServiceUnavailableError } from '@backstage/errors';
import { rejectOnAbort } from '../concurrency';

/** How long a read waits for the service, in milliseconds, however many requests it takes. */
export interface Patience {
  /** Where an older answer can be served. */
  readonly withLastGoodMs: number;
  /** Where none can. */
  readonly withoutMs: number;
}

/** What ends the waiting of one read. */
export interface Waiting {
  readonly signal?: AbortSignal;
  readonly patience: Patience;
  /** When the read began, by `performance.now()`. */
  readonly startedAt: number;
}

export function startWaiting(
  patience: Patience,
  signal?: AbortSignal,
): Waiting {
  return { signal, patience, startedAt: performance.now() };
}

interface SharedRead<T> {
  readonly result: Promise<T>;
  readonly abort: AbortController;
  waiters: number;
}

/**
 * Lets all who want the same thing at the same time wait for one read.
 *
 * `fetchMethod` of lru-cache (11.5) does not do for this: it listens to the
 * signal of the first caller alone, and aborts the others with it; and a fetch
 * under way is aborted when other entries need its place.
 */
export class SharedReads<T> {
  readonly #running = new Map<string, SharedRead<T>>();

  /**
   * Joins the read of a key, or starts it. The read is aborted when the last
   * who waits gives up by its signal. When patience ends it goes on, so that its
   * answer is there for the next.
   *
   * @param hasLastGood - which patience applies
   * @throws what the read throws; the signal's reason; a `ServiceUnavailableError` when patience ends
   */
  async join(
    key: string,
    waiting: Waiting,
    hasLastGood: boolean,
    start: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { signal, patience, startedAt } = waiting;
    signal?.throwIfAborted();
    const read = this.#running.get(key) ?? this.#start(key, start);
    const limitMs = hasLastGood ? patience.withLastGoodMs : patience.withoutMs;
    const patienceEnds = new AbortController();
    const timer = setTimeout(
      () => patienceEnds.abort(patienceEnded(limitMs)),
      Math.max(0, startedAt + limitMs - performance.now()),
    ).unref();
    read.waiters += 1;
    try {
      return await rejectOnAbort(
        rejectOnAbort(read.result, signal),
        patienceEnds.signal,
      );
    } finally {
      clearTimeout(timer);
      read.waiters -= 1;
      if (read.waiters === 0 && signal?.aborted) {
        this.#forget(key, read);
        read.abort.abort();
      }
    }
  }

  #start(
    key: string,
    start: (signal: AbortSignal) => Promise<T>,
  ): SharedRead<T> {
    const abort = new AbortController();
    const read = { result: start(abort.signal), abort, waiters: 0 };
    this.#running.set(key, read);
    // The rejection is for those who wait to handle; there may be none left.
    const forget = () => this.#forget(key, read);
    read.result.then(forget, forget);
    return read;
  }

  #forget(key: string, read: SharedRead<T>): void {
    if (this.#running.get(key) === read) {
      this.#running.delete(key);
    }
  }
}

function patienceEnded(limitMs: number): ServiceUnavailableError {
  return new ServiceUnavailableError(
    `There was no answer within ${limitMs / 1000} s, perhaps because Azure DevOps throttles. The read goes on; try again later.`,
  );
}
