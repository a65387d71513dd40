import type { Organization } from '../organization';

/** What a run of the command line has to do with the world. */
export interface Io {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Where text goes: a terminal, a file or a pipe. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** The width of a terminal in characters. */
  readonly columns?: number;
}

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

/** A name as the service gave it, without what would make a terminal do things. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, '\uFFFD');
}

/** An organization in output for machines. */
export function organizationJson({ host, name }: Organization) {
  return { host, organization: name };
}
