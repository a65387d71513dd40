import type { Config } from '@backstage/config';
import { InputError } from '@backstage/errors';
import { DOCUMENTATION } from '../documentation';
import { redact } from './redact';

/** How long a backend may take to answer, in milliseconds: it may ask Azure DevOps in between. */
const DEADLINE_MS = 60_000;

/** How much of what a backend says is repeated, in characters. */
const LONGEST_MESSAGE = 500;

/** Asks a running backend of Backstage, with its JSON APIs. */
export class BackendClient {
  readonly #baseUrl: URL;
  readonly #token: string | undefined;

  /**
   * Its access token of Backstage is `BACKSTAGE_TOKEN` of the environment, which
   * others on the machine do not see as they see a command line.
   *
   * @param named - its address; that of the configuration if left out
   * @throws InputError where there is no address, or none that is one, and for what is no token
   */
  static open(
    config: Config,
    named: string | undefined,
    env: NodeJS.ProcessEnv,
  ): BackendClient {
    const address = named ?? config.getOptionalString('backend.baseUrl');
    if (!address) {
      throw new InputError(
        'There is no address of a backend: give one with --backend, or set backend.baseUrl in the configuration',
      );
    }
    if (!URL.canParse(address) || !/^https?:/i.test(address)) {
      throw new InputError(
        `Expected the address of a backend, such as https://backstage.example.com, got '${redact(address)}'`,
      );
    }
    const token = env.BACKSTAGE_TOKEN?.trim();
    if (token && !/^[\x21-\x7e]+$/.test(token)) {
      throw new InputError(
        'The token of BACKSTAGE_TOKEN has a space, a line break or a character beyond ASCII, which no token has. What to do: Copy it again, whole and in one line',
      );
    }
    return new BackendClient(new URL(address), token);
  }

  private constructor(baseUrl: URL, token: string | undefined) {
    this.#baseUrl = baseUrl;
    this.#token = token || undefined;
  }

  /** For people: the address without anything secret. */
  get address(): string {
    const { origin, pathname } = this.#baseUrl;
    return `${origin}${pathname.replace(/\/+$/, '')}`;
  }

  /**
   * Asks for JSON.
   *
   * @param path - as `/api/catalog/entities/by-query`
   * @param query - what is `undefined` is left out
   * @throws an Error that says what to do
   */
  async get<T>(
    path: string,
    query: Readonly<Record<string, string | undefined>> = {},
  ): Promise<T> {
    const url = new URL(`${this.address}${path}`);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const { response, text } = await this.#send(url);
    if (!response.ok) {
      throw new Error(
        `${this.address} ${this.#describe(response, path, text)}`,
      );
    }
    try {
      return JSON.parse(text) as T;
    } catch {
      throw new Error(
        `${this.address} answered something else than JSON. What to do: Give the address of the backend, not of the web app`,
      );
    }
  }

  async #send(url: URL): Promise<{ response: Response; text: string }> {
    try {
      const response = await fetch(url, {
        headers: {
          accept: 'application/json',
          ...(this.#token && { authorization: `Bearer ${this.#token}` }),
        },
        // The token goes nowhere else.
        redirect: 'manual',
        signal: AbortSignal.timeout(DEADLINE_MS),
      });
      return { response, text: await response.text() };
    } catch (error) {
      throw new Error(
        `${this.address} could not be reached: ${reasonOf(error)}. What to do: Start the backend, or give the address that it is reached at from here`,
      );
    }
  }

  #describe({ status }: Response, path: string, text: string): string {
    const said = messageOf(text);
    switch (status) {
      case 401:
        return this.#token
          ? `does not take the token (401). What to do: Compare it with \`backend.auth.externalAccess\` of the backend's configuration (${DOCUMENTATION}/explain.md#from-the-command-line)`
          : `wants a token (401). What to do: Give one of \`backend.auth.externalAccess\` in BACKSTAGE_TOKEN (${DOCUMENTATION}/explain.md#from-the-command-line)`;
      case 403:
        return `does not let the token do this (403)${said || '. What to do: Give its subject the permission that is missing, or take the `accessRestrictions` from it'}`;
      case 404:
        return `has nothing at ${path} (404). What to do: Check that it is the backend's address, and that the backend has this module, in a version not older than this command's`;
    }
    if (status >= 300 && status < 400) {
      return `redirects (${status}), which is not followed, so that the token goes nowhere else. What to do: Give the address of the backend itself; a sign-in page in front of it has to let the token through`;
    }
    const cure =
      said !== '' && status !== 500
        ? ''
        : ". What to do: Look into the backend's log";
    return `answered ${status}${said}${cure}`;
  }
}

/** What Backstage's error says, as a clause; empty where it says nothing. */
function messageOf(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown } };
    return typeof error?.message === 'string' && error.message !== ''
      ? `: ${redact(error.message).slice(0, LONGEST_MESSAGE)}`
      : '';
  } catch {
    return '';
  }
}

function reasonOf(error: unknown): string {
  // `fetch` itself says only that it failed.
  const { cause, message } = error as {
    cause?: { code?: string; message?: string };
    message?: string;
  };
  return redact(cause?.message || cause?.code || message || String(error));
}
