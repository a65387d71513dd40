import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CatalogOptions, Refreshed } from '../../support/backend';

/** The commands of a replica's process; plain data, as it crosses between processes. */
export type ToReplica =
  | {
      readonly type: 'start';
      readonly options: CatalogOptions;
      /** With Backstage's events plugin. */
      readonly hearsEvents: boolean;
    }
  | { readonly type: 'refresh' }
  | { readonly type: 'measure' }
  | { readonly type: 'end-measuring' };

/** What a backend took while it was measured. */
export interface Strain {
  /** The most memory that was resident, over what was before, in bytes. */
  readonly memoryBytes: number;
  /** The most that its main thread computed without looking at what else there is, in milliseconds of that thread: a busy machine does not add to it. */
  readonly blockMs: number;
}

/** Its answers. */
export type FromReplica =
  | { readonly type: 'loaded' }
  | { readonly type: 'started'; readonly baseUrl: string }
  | { readonly type: 'refreshing' }
  | { readonly type: 'refreshed'; readonly report: Refreshed }
  | { readonly type: 'measuring' }
  | { readonly type: 'measured'; readonly strain: Strain }
  | { readonly type: 'failed'; readonly message: string };

const FAULTS = join(__dirname, '..');
const ROOT = join(FAULTS, '..', '..');

let program: string | undefined;

/**
 * The replica's code in one file, which loads in half the time. It lies as deep
 * below the root as what is in it, since that finds other files from there.
 */
function bundle(): string {
  const file = join(ROOT, '.cache', 'faults', 'replica.cjs');
  const made = `${file}.${process.pid}`;
  execFileSync(join(ROOT, 'node_modules', '.bin', 'esbuild'), [
    join(FAULTS, 'replica-process.ts'),
    '--bundle',
    '--platform=node',
    '--target=node20',
    '--packages=external',
    '--log-level=warning',
    `--outfile=${made}`,
  ]);
  renameSync(made, file);
  return file;
}

/** One process with a backend in it, to be killed. */
export class Replica {
  private readonly exited: Promise<void>;
  private waiting: Array<(message: FromReplica | undefined) => void> = [];
  private received: FromReplica[] = [];

  private constructor(private readonly child: ChildProcess) {
    this.exited = new Promise(resolve => {
      child.once('exit', () => {
        this.waiting.forEach(settle => settle(undefined));
        this.waiting = [];
        resolve();
      });
    });
    child.on('message', (message: FromReplica) => {
      const settle = this.waiting.shift();
      if (settle) {
        settle(message);
      } else {
        this.received.push(message);
      }
    });
  }

  /** A process that has loaded all code, and waits to be started: that takes longest. */
  static load(
    options: {
      clockOffsetMs?: number;
      /** How much its heap may hold, in megabytes. */
      heapMb?: number;
    } = {},
  ): Replica {
    program ??= bundle();
    const child = fork(program, {
      execArgv: [
        '--no-warnings',
        '--expose-gc',
        ...(options.heapMb ? [`--max-old-space-size=${options.heapMb}`] : []),
        '--import',
        pathToFileURL(join(FAULTS, 'clock-offset.mjs')).href,
      ],
      env: {
        ...process.env,
        CLOCK_OFFSET_MS: String(options.clockOffsetMs ?? 0),
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    return new Replica(child);
  }

  /** @returns the backend's address */
  async start(
    options: CatalogOptions,
    { hearsEvents = false } = {},
  ): Promise<string> {
    await this.expect('loaded');
    this.send({ type: 'start', options, hearsEvents });
    const { baseUrl } = await this.expect('started');
    return baseUrl;
  }

  async refresh(): Promise<Refreshed> {
    this.beginRefresh();
    return await this.endRefresh();
  }

  beginRefresh(): void {
    this.send({ type: 'refresh' });
  }

  async refreshing(): Promise<void> {
    await this.expect('refreshing');
  }

  async endRefresh(): Promise<Refreshed> {
    for (;;) {
      const message = await this.next();
      if (message.type === 'refreshed') {
        return message.report;
      }
      if (message.type === 'failed') {
        throw new Error(message.message);
      }
    }
  }

  /** What it takes from now on counts. */
  async measure(): Promise<void> {
    this.send({ type: 'measure' });
    await this.expect('measuring');
  }

  async endMeasuring(): Promise<Strain> {
    this.send({ type: 'end-measuring' });
    const message = await this.next();
    if (message.type !== 'measured') {
      throw new Error(`A replica sent '${message.type}' instead of 'measured'`);
    }
    return message.strain;
  }

  /** SIGKILL, at whatever instruction it is. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  private send(message: ToReplica): void {
    this.child.send(message);
  }

  private async expect<T extends FromReplica['type']>(
    type: T,
  ): Promise<Extract<FromReplica, { type: T }>> {
    const message = await this.next();
    if (message.type !== type) {
      throw new Error(
        `A replica sent '${message.type}' instead of '${type}'${message.type === 'failed' ? `: ${message.message}` : ''}`,
      );
    }
    return message as Extract<FromReplica, { type: T }>;
  }

  private async next(): Promise<FromReplica> {
    const message =
      this.received.shift() ??
      (await new Promise<FromReplica | undefined>(resolve => {
        this.waiting.push(resolve);
      }));
    if (!message) {
      throw new Error('A replica ended by itself');
    }
    return message;
  }
}
