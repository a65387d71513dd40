/** So many writes may be under way at a time: a slow one holds up nothing behind it. */
const LANES = 2;

/**
 * Writes what comes while writes are under way together, by the next: a burst
 * costs as many writes as fit after one another.
 */
export class Together<T> {
  #waiting: T[] = [];
  #next: Promise<void> | undefined;
  readonly #lanes: Array<Promise<void>> = Array.from({ length: LANES }, () =>
    Promise.resolve(),
  );

  constructor(private readonly write: (items: readonly T[]) => Promise<void>) {}

  /** @returns when a write that has the item is done; throws what that throws */
  async add(item: T): Promise<void> {
    this.#waiting.push(item);
    this.#next ??= this.#begin();
    await this.#next;
  }

  async #begin(): Promise<void> {
    const lane = await Promise.race(
      this.#lanes.map((current, lane) => current.then(() => lane)),
    );
    const items = this.#waiting;
    this.#waiting = [];
    this.#next = undefined;
    const written = this.write(items);
    this.#lanes[lane] = written.catch(() => {});
    await written;
  }
}
