interface Operation<T> {
  readonly result: Promise<T>;
  readonly abort: AbortController;
  waiters: number;
}

/**
 * Lets several callers that want the same thing at the same time wait for one
 * operation. A caller's signal ends that caller's waiting; the operation itself
 * is aborted when nobody waits for it any more.
 */
export class SharedOperations<T> {
  readonly #operations = new Map<string, Operation<T>>();

  /**
   * Joins the operation under a key, or starts it.
   *
   * @param caller.signal - takes the caller's interest away
   * @param caller.patience - ends the caller's waiting, but lets the operation go on
   * @throws the reason of whichever signal is aborted first; otherwise what the operation throws
   */
  async run(
    key: string,
    caller: { signal?: AbortSignal; patience?: AbortSignal },
    start: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { signal, patience } = caller;
    signal?.throwIfAborted();
    const operation = this.#operations.get(key) ?? this.#start(key, start);
    operation.waiters += 1;
    try {
      return await untilAborted(operation.result, [signal, patience]);
    } finally {
      if (!patience?.aborted || signal?.aborted) {
        operation.waiters -= 1;
      }
      if (operation.waiters === 0) {
        this.#forget(key, operation);
        operation.abort.abort();
      }
    }
  }

  #start(
    key: string,
    start: (signal: AbortSignal) => Promise<T>,
  ): Operation<T> {
    const abort = new AbortController();
    const operation = { result: start(abort.signal), abort, waiters: 0 };
    this.#operations.set(key, operation);
    // Whoever comes after the end starts anew. The rejection is the callers' to handle.
    const forget = () => this.#forget(key, operation);
    operation.result.then(forget, forget);
    return operation;
  }

  #forget(key: string, operation: Operation<T>): void {
    if (this.#operations.get(key) === operation) {
      this.#operations.delete(key);
    }
  }
}

async function untilAborted<T>(
  result: Promise<T>,
  signals: ReadonlyArray<AbortSignal | undefined>,
): Promise<T> {
  let onAbort = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signals.find(signal => signal?.aborted)?.reason);
  });
  for (const signal of signals) {
    signal?.addEventListener('abort', onAbort, { once: true });
  }
  try {
    return await Promise.race([result, aborted]);
  } finally {
    for (const signal of signals) {
      signal?.removeEventListener('abort', onAbort);
    }
  }
}
