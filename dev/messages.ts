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

export function isBackendOptions(message: unknown): message is BackendOptions {
  return (message as Partial<BackendOptions> | null)?.type === 'start';
}
