interface Crowd {
  readonly since: number;
  readonly before: number;
  count: number;
}

/**
 * Counts, group by group, what is due at about the same time: where it is many,
 * one question about the whole group is cheaper than one about each.
 */
export class Crowds {
  readonly #windowMs: number;
  readonly #now: () => number;
  readonly #groups = new Map<string, Crowd>();

  /** @param options.windowMs - within which time things count as due together, in milliseconds */
  constructor(options: { windowMs: number; now: () => number }) {
    this.#windowMs = options.windowMs;
    this.#now = options.now;
  }

  /**
   * Notes that some of a group are due.
   *
   * @returns how many are or were due within this window or the one before, whichever is more
   */
  note(group: string, many = 1): number {
    const now = this.#now();
    const last = this.#groups.get(group);
    const age = last ? now - last.since : Infinity;
    const crowd: Crowd =
      last && age < this.#windowMs
        ? last
        : {
            since: now,
            before: last && age < 2 * this.#windowMs ? last.count : 0,
            count: 0,
          };
    crowd.count += many;
    this.#groups.set(group, crowd);
    return Math.max(crowd.count, crowd.before);
  }
}
