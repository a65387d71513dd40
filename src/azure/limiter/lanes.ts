import { LANES, type Lane } from './options';

/** Those who wait, first come first served within a lane. */
export class Lanes<T> {
  readonly #lanes: Record<Lane, Set<T>> = {
    interactive: new Set(),
    repeat: new Set(),
    background: new Set(),
  };

  add(lane: Lane, item: T): void {
    this.#lanes[lane].add(item);
  }

  /** @returns whether it was there. */
  remove(lane: Lane, item: T): boolean {
    return this.#lanes[lane].delete(item);
  }

  /** Whose turn it is. */
  first(): { readonly lane: Lane; readonly item: T } | undefined {
    for (const lane of LANES) {
      for (const item of this.#lanes[lane]) {
        return { lane, item };
      }
    }
    return undefined;
  }

  /** Whether somebody waits who goes before a newcomer in this lane. */
  hasBefore(lane: Lane): boolean {
    return LANES.slice(0, LANES.indexOf(lane) + 1).some(
      before => this.#lanes[before].size > 0,
    );
  }

  /** Empties a lane. */
  take(lane: Lane): readonly T[] {
    const items = [...this.#lanes[lane]];
    this.#lanes[lane].clear();
    return items;
  }

  get size(): number {
    return LANES.reduce((sum, lane) => sum + this.#lanes[lane].size, 0);
  }
}
