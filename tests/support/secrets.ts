import { inspect } from 'node:util';
import type { Knex } from 'knex';
import type { LoggedRequest } from '../../dev/simulator';

/** A place where something secret was found. */
export interface Leak {
  readonly where: string;
  /** Which secret, by the name that it was registered under. */
  readonly secret: string;
}

/** What has the form of a credential, wherever it comes from. */
const FORMS: ReadonlyArray<[string, RegExp]> = [
  ['a JSON Web Token', /\beyJ[\w-]{10,}\.[\w-]{10,}/],
  ['an Authorization header', /\b(?:Bearer|Basic)\s+[\w+/=.~-]{16,}/i],
  ['a parameter of a token request', /client_(?:secret|assertion)=[^\s&]{4,}/],
];

/**
 * Keeps everything that a test lets it see, and finds in it what must not be
 * there: registered secrets, in every spelling that they travel in, and
 * whatever has the form of a token.
 */
export class SecretScan {
  readonly #secrets: Array<[name: string, spellings: string[]]> = [];
  readonly #seen: Array<[where: string, text: string]> = [];
  readonly #restore: Array<() => void> = [];

  /** Registers a secret under a name by which a leak of it is reported. */
  register(name: string, secret: string): void {
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    const spellings = new Set([
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      base64(secret),
      base64(`:${secret}`),
    ]);
    this.#secrets.push([name, [...spellings]]);
  }

  /** Keeps a value as everything that could print it would show it: errors with their stacks and causes. */
  saw(where: string, value: unknown): void {
    if (typeof value === 'string') {
      this.#seen.push([where, value]);
      return;
    }
    const options = { depth: 12, showHidden: true, maxStringLength: null };
    this.#seen.push([where, inspect(value, options)]);
    this.#seen.push([where, safeJson(value)]);
    if (value instanceof Error) this.#seen.push([where, String(value.stack)]);
  }

  /** Keeps every row of every table. */
  async sawDatabase(where: string, knex: Knex): Promise<void> {
    for (const table of await tablesOf(knex)) {
      this.saw(`${where}, table ${table}`, await knex.select().from(table));
    }
  }

  /**
   * Keeps what was sent: addresses and headers. The Authorization header is left
   * out where it belongs to the host that was asked; elsewhere it is a leak.
   */
  sawRequests(
    requests: readonly LoggedRequest[],
    mayBeAuthorized: (request: LoggedRequest) => boolean,
  ): void {
    for (const request of requests) {
      const { authorization, ...headers } = request.headers;
      const where = `request ${request.method} ${new URL(request.url).host}`;
      this.saw(where, `${request.url}\n${inspect(headers)}`);
      if (!mayBeAuthorized(request)) this.saw(where, `${authorization}`);
    }
  }

  /** Keeps all that this process prints, until `close()`. */
  watchOutput(): void {
    for (const name of ['stdout', 'stderr'] as const) {
      const stream = process[name];
      const original = stream.write;
      const keep = (text: unknown) => this.saw(name, String(text));
      stream.write = function write(
        this: typeof stream,
        ...args: Parameters<typeof original>
      ) {
        keep(args[0]);
        return Reflect.apply(original, this, args);
      } as typeof original;
      this.#restore.push(() => {
        stream.write = original;
      });
    }
  }

  close(): void {
    this.#restore.splice(0).forEach(restore => restore());
  }

  /** How many texts were kept: a scan of nothing finds nothing. */
  get size(): number {
    return this.#seen.length;
  }

  /** Everything that was found; never the secret itself. */
  leaks(): Leak[] {
    const leaks = new Map<string, Leak>();
    const add = (where: string, secret: string) =>
      leaks.set(`${where}\n${secret}`, { where, secret });
    for (const [where, text] of this.#seen) {
      for (const [name, spellings] of this.#secrets) {
        if (spellings.some(spelling => text.includes(spelling))) {
          add(where, name);
        }
      }
      for (const [name, form] of FORMS) {
        if (form.test(text)) add(where, name);
      }
    }
    return [...leaks.values()];
  }
}

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}

async function tablesOf(knex: Knex): Promise<string[]> {
  const isPostgres = String(knex.client.config.client).startsWith('pg');
  const rows: Array<{ name: string }> = isPostgres
    ? await knex
        .select({ name: 'table_name' })
        .from('information_schema.tables')
        .where('table_schema', 'public')
    : await knex.select('name').from('sqlite_master').where('type', 'table');
  return rows.map(({ name }) => name);
}
