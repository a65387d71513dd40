import type { Simulator } from '../simulator';
import type { Arguments } from './arguments';

/** Something that can be asked for over HTTP, under the name that it has in TypeScript. */
export interface Operation {
  /** The names of its arguments. */
  readonly takes: readonly string[];
  /** What it gives back is sent as JSON. */
  run(simulator: Simulator, args: Arguments): unknown;
}
