/** Length of the sliding window in milliseconds of the simulator's clock. Source: the documentation of the limit. */
export const WINDOW_MS = 300_000;
/** How finely the window slides: it is cut into this many slots, so that memory is bounded. */
const SLOTS = 300;

/** What one identity spent in the last window. */
export class SlidingUsage {
  readonly #slots: { from: number; at: number; cost: number }[] = [];
  #sum = 0;

  /** TSTUs spent in the window that ends now. */
  at(now: number): number {
    let expired = 0;
    for (const slot of this.#slots) {
      if (slot.at + WINDOW_MS > now) break;
      expired++;
    }
    if (expired > 0) {
      this.#slots.splice(0, expired);
      // Summed afresh, so that rounding errors do not pile up.
      this.#sum = this.#slots.reduce((sum, slot) => sum + slot.cost, 0);
    }
    return this.#sum;
  }

  spend(now: number, cost: number): void {
    const last = this.#slots.at(-1);
    if (last && now - last.from < WINDOW_MS / SLOTS) {
      last.at = now;
      last.cost += cost;
    } else {
      this.#slots.push({ from: now, at: now, cost });
    }
    this.#sum += cost;
  }

  /** The instant at which, without further requests, usage falls to `level` or below. */
  fallsTo(level: number, now: number): number {
    let usage = this.at(now);
    if (usage <= level) return now;
    for (const slot of this.#slots) {
      usage -= slot.cost;
      // A sum of floating-point numbers seldom comes back to zero exactly.
      if (usage <= level + 1e-9) return slot.at + WINDOW_MS;
    }
    return now;
  }
}
