/**
 * What comes of an action for each item, in their order; at most `limit` are under
 * way at a time. Stops at the first error, and waits for what is under way.
 */
export async function mapAtMost<T, R>(
  limit: number,
  items: readonly T[],
  action: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  let failed = false;
  const worker = async () => {
    while (!failed && next < items.length) {
      const index = next++;
      try {
        results[index] = await action(items[index] as T);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(
    Array.from({ length: Math.min(limit, items.length) }, worker),
  );
  for (const end of ends) {
    if (end.status === 'rejected') {
      throw end.reason;
    }
  }
  return results;
}

/** Lets one go ahead at a time, in the order in which they came. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** @throws what the action throws; the signal's reason where it is aborted before its turn comes */
  async take<T>(action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#last;
    let end = () => {};
    const ended = new Promise<void>(resolve => (end = resolve));
    this.#last = before.then(() => ended);
    try {
      await rejectOnAbort(before, signal);
      return await action();
    } finally {
      end();
    }
  }
}

/** The same promise, but rejected with the signal's reason as soon as that is aborted. The work itself goes on. */
export async function rejectOnAbort<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (!signal) {
    return await promise;
  }
  return await new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) {
      onAbort();
    }
    signal.addEventListener('abort', onAbort, { once: true });
    promise
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}
