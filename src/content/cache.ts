/**
 * A map that drops what was not used for longest when the weights of its
 * values exceed a limit. A value heavier than a quarter of the limit is not
 * kept: it would push out everything else.
 */
export class LeastRecentlyUsed<V> {
  readonly #values = new Map<string, V>();
  readonly #limit: number;
  readonly #weigh: (value: V) => number;
  #weight = 0;

  /**
   * @param limit - of the weights together
   * @param weigh - of one value; by default each weighs 1, so that the limit counts values
   */
  constructor(limit: number, weigh: (value: V) => number = () => 1) {
    this.#limit = limit;
    this.#weigh = weigh;
  }

  /** The weights of everything that is kept. */
  get weight(): number {
    return this.#weight;
  }

  get(key: string): V | undefined {
    const value = this.#values.get(key);
    if (value !== undefined) {
      // A Map keeps the order of insertion, so the least recently used is in front.
      this.#values.delete(key);
      this.#values.set(key, value);
    }
    return value;
  }

  set(key: string, value: V): void {
    this.delete(key);
    const weight = this.#weigh(value);
    if (weight > this.#limit / 4) {
      return;
    }
    this.#values.set(key, value);
    this.#weight += weight;
    for (const [oldest] of this.#values) {
      if (this.#weight <= this.#limit) {
        return;
      }
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const value = this.#values.get(key);
    if (value !== undefined) {
      this.#values.delete(key);
      this.#weight -= this.#weigh(value);
    }
  }

  entries(): IterableIterator<[string, V]> {
    return this.#values.entries();
  }
}
