import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { secretScan } from '../support/secret-scan';

const root = resolve(__dirname, '..', '..');

/** What Jest and the test runner put there, and nobody has who types `npm start`. */
const NOT_A_USERS = [
  'NODE_ENV',
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'SIMULATOR_CA_DIRECTORY',
  'JEST_WORKER_ID',
];

/** Another one for each of Jest's workers: two that look for a free port at the same instant find the same. */
const PORT = 7007 + 100 * (Number(process.env.JEST_WORKER_ID ?? 1) - 1);

/** `npm start` as a user runs it, in a process of its own. */
export class NpmStart {
  #output = '';
  #running = true;
  readonly #changed = new Set<() => void>();
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += stripVTControlCharacters(text);
        this.#notify();
      });
    }
    this.ended = once(child, 'close').then(([code, signal]) => {
      this.#running = false;
      secretScan()?.saw('npm start', this.#output);
      this.#notify();
      return code ?? signal;
    });
  }

  static run(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): NpmStart {
    const inherited = Object.entries(process.env).filter(
      ([name]) =>
        !NOT_A_USERS.includes(name) &&
        !name.startsWith('AZURE_DEVOPS_') &&
        !name.startsWith('npm_'),
    );
    return new NpmStart(
      spawn('npm', ['start', '--', ...args], {
        cwd: root,
        env: {
          ...Object.fromEntries(inherited),
          PORT: String(PORT),
          ...environment,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
        // A group of its own, as a terminal's foreground has, so that it can be sent Ctrl-C.
        detached: true,
      }),
    );
  }

  /** Both streams so far, without colours. */
  get output(): string {
    return this.#output;
  }

  /** The first match in the output; rejects when the process ends without one. */
  async find(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match) return match;
      if (!this.#running) {
        throw new Error(
          `npm start ended without printing ${pattern}; it printed:\n${this.#output}`,
        );
      }
      await new Promise<void>(resolveChange => {
        this.#changed.add(resolveChange);
      });
    }
  }

  /** What Ctrl-C does: the signal goes to every process of the group. */
  async interrupt(): Promise<number | NodeJS.Signals | null> {
    this.#signal('SIGINT');
    return await this.ended;
  }

  /** For the end of a test, whatever became of it. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL');
    await this.ended;
  }

  /** Resolves when no process of the group is left. */
  async gone(): Promise<void> {
    while (runningInGroup(this.#group).length > 0) await wait(50);
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.#group, signal);
    } catch (error) {
      // ESRCH: all of its processes have ended.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  get #group(): number {
    if (this.child.pid === undefined) throw new Error('npm did not start');
    return this.child.pid;
  }

  #notify(): void {
    for (const listener of this.#changed) listener();
    this.#changed.clear();
  }
}

/** The ids of the processes of a group. One that has ended and is not yet reaped, which a container's init may never do, is none. */
function runningInGroup(group: number): number[] {
  // Where there is no such folder, as on macOS, it goes unchecked.
  if (!existsSync('/proc/self/stat')) return [];
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        // The command's name stands in parentheses and may hold anything.
        const [state, , processGroup] = stat
          .slice(stat.lastIndexOf(')') + 2)
          .split(' ');
        return Number(processGroup) === group && state !== 'Z';
      } catch {
        return false;
      }
    });
}
