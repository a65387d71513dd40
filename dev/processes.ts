import {
  type ChildProcess,
  type Serializable,
  spawn,
} from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';

const root = dirname(__dirname);

/** How long a process may take to stop before it is killed. */
const STOP_WITHIN_MS = 10_000;

export type Environment = Readonly<Record<string, string | undefined>>;

/** A process of this repository's own, in TypeScript. */
interface Process {
  /** The exit code once it has ended, 1 where a signal ended it. */
  readonly ended: Promise<number>;
  send(message: Serializable): void;
  /** The next message that `accept` takes; `undefined` if the process ends before. */
  receive<T>(
    accept: (message: unknown) => message is T,
  ): Promise<T | undefined>;
}

/**
 * The processes of `npm start`. Each stops when its channel to this one is
 * closed, and so as well when this one is killed.
 */
export class Processes {
  readonly #children: ChildProcess[] = [];

  /** @param script - relative to the repository's root */
  start(script: string, environment: Environment): Process {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', join(root, script)],
      {
        cwd: root,
        env: environment,
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      },
    );
    this.#children.push(child);
    const ended = new Promise<number>((resolve, reject) => {
      child.once('exit', code => resolve(code ?? 1));
      child.once('error', reject);
    });
    // Whoever waits sees the error; nobody waiting must not bring this process down.
    ended.catch(() => {});

    return {
      ended,
      send: message => child.send(message),
      async receive<T>(accept: (message: unknown) => message is T) {
        const received = new Promise<T>(resolve => {
          child.on('message', message => {
            if (accept(message)) resolve(message);
          });
        });
        return await Promise.race([received, ended.then(() => undefined)]);
      },
    };
  }

  /** Stops all, the one that was started last first. */
  async stop(): Promise<void> {
    for (const child of this.#children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exited = once(child, 'exit');
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => {
        console.error(
          `A process did not stop within ${STOP_WITHIN_MS / 1_000} s and is killed.`,
        );
        child.kill('SIGKILL');
      }, STOP_WITHIN_MS);
      await exited;
      clearTimeout(timer);
    }
  }
}
