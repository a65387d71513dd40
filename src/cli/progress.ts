import type { Sink } from './io';

/** Says on a terminal what takes its time, in one line that goes away again. */
export class Progress {
  readonly #sink: Sink;
  #shown = false;

  /** Shows nothing when the sink is no terminal. */
  constructor(sink: Sink) {
    this.#sink = sink;
  }

  show(text: string): void {
    if (!this.#sink.isTTY) return;
    const line = text.slice(0, (this.#sink.columns ?? 80) - 1);
    this.#sink.write(`\r\u001b[K${line}`);
    this.#shown = true;
  }

  clear(): void {
    if (this.#shown) this.#sink.write('\r\u001b[K');
    this.#shown = false;
  }
}
