import type { Clock } from '../../../src/azure/clock';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is advanced. */
export class ManualClock implements Clock {
  #now: number;
  #timers: Timer[] = [];

  constructor(now = 1_700_000_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delayMs), callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer);
    };
  }

  /** How many callbacks are still to come. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Lets time pass, and everything happen that falls into it. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const next = this.#earliest();
      if (!next || next.at > end) {
        break;
      }
      this.#run(next);
    }
    this.#now = end;
  }

  /** Goes on to the next callback, if there is one. */
  skip(): void {
    const next = this.#earliest();
    if (next) {
      this.#run(next);
    }
  }

  #earliest(): Timer | undefined {
    return this.#timers.reduce<Timer | undefined>(
      (earliest, timer) =>
        !earliest || timer.at < earliest.at ? timer : earliest,
      undefined,
    );
  }

  #run(timer: Timer): void {
    this.#timers = this.#timers.filter(other => other !== timer);
    this.#now = Math.max(this.#now, timer.at);
    timer.callback();
  }
}
