import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import type { BackendOptions } from './messages';
import type { Environment } from './settings';

const root = dirname(__dirname);

/** How long it may take to stop before it is killed. */
const STOP_WITHIN_MS = 10_000;

/**
 * The process of `npm start` that runs Backstage. It stops when its channel to
 * this one is closed, and so as well when this one is killed.
 */
export class BackendProcess {
  /** The exit code once it has ended, 1 where a signal ended it. */
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;

  constructor(environment: Environment, options: BackendOptions) {
    this.#child = spawn(
      process.execPath,
      ['--import', 'tsx', join(root, 'dev', 'index.ts')],
      {
        cwd: root,
        env: environment,
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      },
    );
    this.ended = new Promise<number>((resolve, reject) => {
      this.#child.once('exit', code => resolve(code ?? 1));
      this.#child.once('error', reject);
    });
    // Whoever waits sees the error; nobody waiting must not bring this process down.
    this.ended.catch(() => {});
    this.#child.send(options);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => {
      console.error(
        `The backend did not stop within ${STOP_WITHIN_MS / 1_000} s and is killed.`,
      );
      child.kill('SIGKILL');
    }, STOP_WITHIN_MS);
    await exited;
    clearTimeout(timer);
  }
}
