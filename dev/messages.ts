import type { CatalogSource } from './settings';

/**
 * From `npm start` to its backend process: begin. A message and no argument on
 * the command line, which every user of the machine can read, for it holds a token.
 */
export interface BackendOptions {
  readonly type: 'start';
  readonly once: boolean;
  readonly port: number;
  /** What dev/app/build.mjs made; without it there is no web page. */
  readonly appDirectory?: string;
  readonly source: CatalogSource;
  /** The control interface of the simulator, if there is one. */
  readonly controlUrl?: string;
}

/** From the simulator's process to `npm start`: it listens. */
export interface SimulationReady {
  readonly type: 'ready';
  readonly source: CatalogSource;
  /** What a process needs in its environment to reach the simulator as it would the real service. */
  readonly environment: Readonly<Record<string, string>>;
  readonly controlUrl: string;
}

export function isBackendOptions(message: unknown): message is BackendOptions {
  return hasType(message, 'start');
}

export function isSimulationReady(
  message: unknown,
): message is SimulationReady {
  return hasType(message, 'ready');
}

function hasType(message: unknown, type: string): boolean {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    message.type === type
  );
}
