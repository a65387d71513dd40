import { inspect } from 'node:util';
import type { Knex } from 'knex';
import type { LoggedRequest } from '../../dev/simulator';

/** A place where something secret was found. */
interface Leak {
  readonly where: string;
  /** Which secret, by the name that it was registered under. */
  readonly secret: string;
}

/** What has the form of a credential, wherever it comes from. */
const FORMS: ReadonlyArray<[string, RegExp]> = [
  ['a JSON Web Token', /\beyJ[\w-]{10,}\.[\w-]{10,}/],
  ['a private key', /-BEGIN (?:[A-Z]+ )*PRIVATE KEY-/],
  ['a certificate', /-BEGIN CERTIFICATE-/],
  // "-----BEGIN", as the base64 of every PEM begins.
  ['a PEM in base64', /\bLS0tLS1CRUdJTi/],
  ['an Authorization header', /\b(?:Bearer|Basic)\s+[\w+/=.~-]{16,}/i],
  ['a parameter of a token request', /client_(?:secret|assertion)=[^\s&]{4,}/],
];

/**
 * Looks at everything that a test lets it see, and finds in it what must not be
 * there: secrets that were registered before, in every spelling that they travel
 * in, and whatever has the form of a token. It keeps nothing but what it found.
 */
export class SecretScan {
  readonly #secrets: Array<[name: string, spellings: string[]]> = [];
  readonly #leaks = new Map<string, Leak>();
  #size = 0;
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

  /** Looks at a value as everything that could print it would show it: errors with their stacks and causes. */
  saw(where: string, value: unknown): void {
    if (typeof value === 'string') {
      this.#look(where, value);
      return;
    }
    const options = { depth: 12, showHidden: true, maxStringLength: null };
    this.#look(where, inspect(value, options));
    this.#look(where, safeJson(value));
    if (value instanceof Error) this.#look(where, String(value.stack));
  }

  #look(where: string, text: string): void {
    this.#size += 1;
    const found = (secret: string) =>
      this.#leaks.set(`${where}\n${secret}`, { where, secret });
    for (const [name, spellings] of this.#secrets) {
      if (spellings.some(spelling => text.includes(spelling))) found(name);
    }
    for (const [name, form] of FORMS) {
      if (form.test(text)) found(name);
    }
  }

  /** Looks at every row of every table. */
  async sawDatabase(where: string, knex: Knex): Promise<void> {
    for (const table of await tablesOf(knex)) {
      this.saw(`${where}, table ${table}`, await knex.select().from(table));
    }
  }

  /**
   * Looks at what was sent: addresses and headers. The Authorization header is left
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

  /** Looks at all that this process prints, until `close()`. */
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

  /** How many texts were looked at: a scan of nothing finds nothing. */
  get size(): number {
    return this.#size;
  }

  /** Everything that was found; never the secret itself. */
  leaks(): Leak[] {
    return [...this.#leaks.values()];
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

/** The scan of the test file that runs, which scan-everything.ts sets up; outside Jest there is none. */
export function secretScan(): SecretScan | undefined {
  return (globalThis as { secretScan?: SecretScan }).secretScan;
}

export function setSecretScan(scan: SecretScan | undefined): void {
  (globalThis as { secretScan?: SecretScan }).secretScan = scan;
}
