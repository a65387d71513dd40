import type { ProxyOptions } from './proxy';
import type { PartOptions } from './parts';

export interface SimulatorOptions extends PartOptions {
  /** Where `ca.pem` is, or is made. Default: the environment's SIMULATOR_CA_DIRECTORY, else `.cache/ca`. */
  readonly caDirectory?: string;
  /** The simulator's time in milliseconds since 1970. Default: the system's. */
  readonly clock?: () => number;
  /** What the random numbers of faults begin with. Default 1. */
  readonly seed?: number;
  /** How many requests are kept in full. Default 10,000. */
  readonly logCapacity?: number;
  /** How long a connection without requests is kept, in milliseconds. Default 65,000. */
  readonly keepAliveMs?: number;
  /** Whether the proxy asks for credentials. Default: no. */
  readonly proxy?: ProxyOptions;
  /** Fixed ports. Default: any that are free. */
  readonly ports?: Partial<
    Record<'proxy' | 'server' | 'control' | 'metadata', number>
  >;
}
