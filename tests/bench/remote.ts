import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

/** What one process lets another call. Arguments and results travel as JSON. */
type Handlers<H> = { [K in keyof H]: (...args: never[]) => unknown };

interface Question {
  readonly id: number;
  readonly name: string;
  readonly args: unknown[];
}

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** Answers the process that started this one, until it goes away. */
export function serve<H extends Handlers<H>>(handlers: H): void {
  process.once('disconnect', () => process.exit());
  process.on('message', ({ id, name, args }: Question) => {
    const handler: unknown = Reflect.get(handlers, name);
    void Promise.resolve()
      .then(() =>
        typeof handler === 'function'
          ? (Reflect.apply(handler, handlers, args) as unknown)
          : Promise.reject(new Error(`There is no ${name}`)),
      )
      .then(
        result => process.send?.({ id, result } satisfies Reply),
        (error: unknown) =>
          process.send?.({
            id,
            error:
              error instanceof Error
                ? (error.stack ?? error.message)
                : String(error),
          } satisfies Reply),
      );
  });
}

/** A process of the benchmark, and what it can be asked. */
export class Remote<H extends Handlers<H>> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #next = 0;

  /** @param file - beside this one, without its extension */
  constructor(file: string, environment: Record<string, string> = {}) {
    this.#child = fork(join(__dirname, `${file}.js`), {
      env: { ...process.env, ...environment },
    });
    this.#child.on('message', (reply: Reply) => {
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    });
    this.#child.once('exit', code => {
      for (const [id, settle] of this.#waiting) {
        settle({ id, error: `The process ${file} ended with ${code}` });
      }
    });
  }

  async call<K extends keyof H & string>(
    name: K,
    ...args: Parameters<H[K]>
  ): Promise<Awaited<ReturnType<H[K]>>> {
    const id = this.#next++;
    const reply = await new Promise<Reply>(resolve => {
      this.#waiting.set(id, resolve);
      this.#child.send({ id, name, args } satisfies Question);
    });
    if (reply.error !== undefined) {
      throw new Error(reply.error);
    }
    return reply.result as Awaited<ReturnType<H[K]>>;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) {
      return;
    }
    const ended = new Promise(resolve => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await ended;
  }
}
