/** What came of waiting for shared work. */
export type Shared<T> =
  | { readonly outcome: 'done'; readonly value: T }
  | { readonly outcome: 'aborted' };

interface Running<T> {
  readonly promise: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/**
 * Work that many ask for and that is done once. It is aborted when the last of
 * those who wait for it is; a failure is shared by all of them, and whoever
 * comes afterwards has it done anew.
 */
export class SharedWork<T> {
  readonly #work: (signal: AbortSignal) => Promise<T>;
  #running: Running<T> | undefined;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#work = work;
  }

  /** @throws what the work throws. */
  async join(signal?: AbortSignal): Promise<Shared<T>> {
    if (signal?.aborted) {
      return { outcome: 'aborted' };
    }
    const running = (this.#running ??= this.#start());
    running.waiting++;
    const aborted = abortion(signal);
    try {
      return await Promise.race([
        running.promise.then(value => ({ outcome: 'done', value }) as const),
        aborted.promise,
      ]);
    } finally {
      aborted.forget();
      running.waiting--;
      if (running.waiting === 0) {
        running.controller.abort();
        this.#forget(running);
      }
    }
  }

  #start(): Running<T> {
    const controller = new AbortController();
    const running: Running<T> = {
      promise: this.#work(controller.signal),
      controller,
      waiting: 0,
    };
    running.promise.then(
      () => this.#forget(running),
      () => this.#forget(running),
    );
    return running;
  }

  #forget(running: Running<T>): void {
    if (this.#running === running) {
      this.#running = undefined;
    }
  }
}

function abortion(signal: AbortSignal | undefined) {
  let onAbort = () => {};
  const promise = new Promise<{ outcome: 'aborted' }>(resolve => {
    onAbort = () => resolve({ outcome: 'aborted' });
  });
  signal?.addEventListener('abort', onAbort, { once: true });
  return {
    promise,
    forget: () => signal?.removeEventListener('abort', onAbort),
  };
}
