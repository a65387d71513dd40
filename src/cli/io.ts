import type { Organization } from '../organization';

/** What a run of the command line has to do with the world. */
export interface Io {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What every command takes that is about organizations. */
export interface CommandOptions {
  /** As they were named; empty for all that are configured. */
  readonly organization: readonly string[];
  readonly json: boolean;
}

/** Where text goes: a terminal, a file or a pipe. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** The width of a terminal in characters. */
  readonly columns?: number;
}

/** How a run ended, for scripts. */
export const EXIT = {
  /** Everything was done, and nothing is wrong. */
  ok: 0,
  /** Something is wrong with the configuration, a credential or an organization. */
  problem: 1,
  /** The command line was wrong. */
  usage: 2,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The width that is assumed where none is known. */
const DEFAULT_WIDTH = 80;

/** How wide output to a sink may be, in characters. */
export function widthOf(sink: Sink): number {
  return Math.max(40, sink.columns ?? DEFAULT_WIDTH);
}

/** Whether output may have colours. Source: https://no-color.org */
export function mayColour(sink: Sink, env: NodeJS.ProcessEnv): boolean {
  return sink.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

/** An organization in output for machines. */
export function organizationJson({ host, name }: Organization) {
  return { host, organization: name };
}

/** What is going on, on a terminal, in one line that goes away again. */
export class Progress {
  readonly #sink: Sink;
  #shown = false;

  /** Shows nothing when the sink is no terminal. */
  constructor(sink: Sink) {
    this.#sink = sink;
  }

  show(text: string): void {
    if (!this.#sink.isTTY) return;
    const line = text.slice(0, (this.#sink.columns ?? DEFAULT_WIDTH) - 1);
    this.#sink.write(`\r\u001b[K${line}`);
    this.#shown = true;
  }

  clear(): void {
    if (this.#shown) this.#sink.write('\r\u001b[K');
    this.#shown = false;
  }
}
