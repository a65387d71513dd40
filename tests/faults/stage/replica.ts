import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CatalogOptions, Refreshed } from '../../support/backend';

/** What a replica's process is told; plain data, as it crosses between processes. */
export type ToReplica =
  | { readonly type: 'start'; readonly options: CatalogOptions }
  | { readonly type: 'refresh' };

/** What it says. */
export type FromReplica =
  | { readonly type: 'loaded' }
  | { readonly type: 'started' }
  | { readonly type: 'refreshing' }
  | { readonly type: 'refreshed'; readonly report: Refreshed }
  | { readonly type: 'failed'; readonly message: string };

const FAULTS = join(__dirname, '..');

/** One process with a backend in it, to be killed. */
export class Replica {
  private readonly exited: Promise<void>;
  private waiting: Array<(message: FromReplica | undefined) => void> = [];
  private said: FromReplica[] = [];

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
        this.said.push(message);
      }
    });
  }

  /** A process that has loaded all code, and waits to be started: that takes longest. */
  static load(options: { clockOffsetMs?: number } = {}): Replica {
    const child = fork(join(FAULTS, 'replica-process.ts'), {
      execArgv: [
        '--import',
        pathToFileURL(join(FAULTS, 'clock-offset.mjs')).href,
        '--import',
        'tsx',
      ],
      env: {
        ...process.env,
        CLOCK_OFFSET_MS: String(options.clockOffsetMs ?? 0),
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    return new Replica(child);
  }

  async start(options: CatalogOptions): Promise<void> {
    await this.expect('loaded');
    this.tell({ type: 'start', options });
    await this.expect('started');
  }

  async refresh(): Promise<Refreshed> {
    this.beginRefresh();
    return await this.endRefresh();
  }

  beginRefresh(): void {
    this.tell({ type: 'refresh' });
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

  /** SIGKILL, at whatever instruction it is. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  private tell(message: ToReplica): void {
    this.child.send(message);
  }

  private async expect(type: FromReplica['type']): Promise<void> {
    const message = await this.next();
    if (message.type !== type) {
      throw new Error(
        `A replica said '${message.type}' instead of '${type}'${message.type === 'failed' ? `: ${message.message}` : ''}`,
      );
    }
  }

  private async next(): Promise<FromReplica> {
    const message =
      this.said.shift() ??
      (await new Promise<FromReplica | undefined>(resolve => {
        this.waiting.push(resolve);
      }));
    if (!message) {
      throw new Error('A replica ended by itself');
    }
    return message;
  }
}
