/**
 * Writes what comes while a write is under way together, by the next: a burst
 * costs as many writes as fit after one another, and each waits for two at most.
 */
export class Together<T> {
  #waiting: T[] = [];
  #next: Promise<void> | undefined;
  #current: Promise<void> = Promise.resolve();

  constructor(private readonly write: (items: readonly T[]) => Promise<void>) {}

  /** @returns when a write that has the item is done; throws what that throws */
  async add(item: T): Promise<void> {
    this.#waiting.push(item);
    this.#next ??= this.#begin();
    await this.#next;
  }

  async #begin(): Promise<void> {
    await this.#current;
    const items = this.#waiting;
    this.#waiting = [];
    this.#next = undefined;
    const written = this.write(items);
    this.#current = written.catch(() => {});
    await written;
  }
}
