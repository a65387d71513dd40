/**
 * Lets one go ahead at a time, in the order in which they came: for what takes
 * so much memory that there must not be two of it.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** @throws what the action throws; the signal's reason where it is aborted before its turn comes */
  async take<T>(action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    let hasBegun = false;
    const turn = this.#last.then(async () => {
      signal?.throwIfAborted();
      hasBegun = true;
      return await action();
    });
    this.#last = turn.catch(() => {});
    return await new Promise<T>((resolve, reject) => {
      const giveUp = () => {
        if (!hasBegun) {
          reject(signal?.reason as Error);
        }
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      turn
        .then(resolve, reject)
        .finally(() => signal?.removeEventListener('abort', giveUp));
    });
  }
}
