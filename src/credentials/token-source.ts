import type { LoggerService } from '@backstage/backend-plugin-api';
import { rejectOnAbort } from '../concurrency';
import {
  type AccessToken,
  pauseAfterFailure,
  renewAgainAt,
  renewAt,
  replaceableFrom,
  usableUntil,
} from './access-token';
import { TokenError } from './errors';
import { ERRORS_PAGE } from './problems/diagnosis';

/**
 * Asks for a token. `instead` is a token that the service has denied, so that
 * one which comes out of a cache unchanged is no answer.
 *
 * @throws TokenError
 */
export type AcquireToken = (instead?: AccessToken) => Promise<AccessToken>;

interface TokenSourceOptions {
  /** What the log calls it. */
  readonly name: string;
  readonly acquire: AcquireToken;
  readonly logger: LoggerService;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** After how many milliseconds an answer that has not come is given up. */
  readonly timeoutMs: number;
}

interface Held extends AccessToken {
  readonly usableUntil: number;
  /** When to start renewing it. */
  readonly renewAt: number;
  /** Until when it is not replaced although the service denies it. */
  readonly replaceableFrom: number;
}

/**
 * The tokens of one credential. However many ask, one request is in flight; a
 * token is renewed in the background ahead of its expiry, and used for as long
 * as it is valid whatever becomes of the renewal.
 *
 * `@azure/identity` 4.13 does none of this: of a hundred who ask at once each
 * makes a request, as does whoever asks in the five minutes before expiry, one
 * that hangs is never given up, and abort signals are ignored.
 */
export class TokenSource {
  readonly #options: TokenSourceOptions;
  #held: Held | undefined;
  #inFlight: Promise<AccessToken> | undefined;
  /** Set while a token that the service denied is being replaced: everybody waits for the outcome. */
  #replacing: Promise<boolean> | undefined;
  #failures = 0;
  #lastFailure: { error: unknown; retryAt: number } | undefined;

  constructor(options: TokenSourceOptions) {
    this.#options = options;
  }

  /**
   * @throws TokenError when there is no valid token and none can be had; for a
   * moment after a failure without asking again.
   */
  async get(signal?: AbortSignal): Promise<AccessToken> {
    signal?.throwIfAborted();
    if (this.#replacing) await rejectOnAbort(this.#replacing, signal);
    const held = this.#usable();
    if (held) {
      if (this.#options.now() >= held.renewAt) this.#renewBehind(held);
      return held;
    }
    return await rejectOnAbort(this.#acquire(), signal);
  }

  /**
   * Replaces a token that the service has denied although it should be valid.
   *
   * @returns whether another token is there, with which to try once more.
   */
  async replace(denied: string): Promise<boolean> {
    if (this.#replacing) return await this.#replacing;
    const held = this.#usable();
    // Renewed in the meantime, or expired on the way and renewed at the next use.
    if (held?.token !== denied) return true;
    const isTooSoon = this.#options.now() < held.replaceableFrom;
    if (isTooSoon || this.#isPausing()) return false;
    this.#replacing = this.#replaceHeld(held).finally(() => {
      this.#replacing = undefined;
    });
    return await this.#replacing;
  }

  async #replaceHeld(held: Held): Promise<boolean> {
    try {
      const { token } = await this.#acquire(held);
      if (this.#held) {
        this.#held = {
          ...this.#held,
          replaceableFrom: replaceableFrom(this.#held, this.#options.now()),
        };
      }
      return token !== held.token;
    } catch (error) {
      // The denied token is kept: a service under load answers 401 to valid
      // tokens too, and there is nothing better.
      this.#warn(error, 'could not be replaced after Azure DevOps denied it');
      return false;
    }
  }

  #usable(): Held | undefined {
    const held = this.#held;
    return held && this.#options.now() < held.usableUntil ? held : undefined;
  }

  #renewBehind(held: Held): void {
    if (this.#inFlight || this.#isPausing()) return;
    this.#acquire().catch(error => {
      const until = new Date(held.expiresAt).toISOString();
      this.#warn(
        error,
        `could not be renewed; the current one is used until ${until}`,
      );
    });
  }

  #warn(error: unknown, what: string): void {
    const reason =
      error instanceof TokenError
        ? `${error.message}. More: ${ERRORS_PAGE}#${error.problem}`
        : String(error);
    this.#options.logger.warn(
      `The token of the ${this.#options.name} ${what}: ${reason}`,
    );
  }

  #isPausing(): boolean {
    return (
      this.#lastFailure !== undefined &&
      this.#options.now() < this.#lastFailure.retryAt
    );
  }

  #acquire(instead?: AccessToken): Promise<AccessToken> {
    if (this.#inFlight) return this.#inFlight;
    if (this.#lastFailure && this.#isPausing()) {
      return Promise.reject(this.#lastFailure.error);
    }
    this.#inFlight = this.#ask(instead).finally(() => {
      this.#inFlight = undefined;
    });
    return this.#inFlight;
  }

  async #ask(instead?: AccessToken): Promise<AccessToken> {
    const { acquire, timeoutMs, now } = this.#options;
    try {
      const token = await withTimeout(
        () => acquire(instead),
        timeoutMs,
        () => new TokenError('token-timeout', `${timeoutMs / 1000} s`),
      );
      this.#accept(token);
      return token;
    } catch (error) {
      this.#failures += 1;
      this.#lastFailure = {
        error,
        retryAt: now() + pauseAfterFailure(this.#failures),
      };
      throw error;
    }
  }

  #accept(token: AccessToken): void {
    const now = this.#options.now();
    if (token.expiresAt <= now) {
      const expiry = new Date(token.expiresAt).toISOString();
      throw new TokenError(
        'token-malformed',
        `the new token had expired at ${expiry} already`,
      );
    }
    this.#held =
      this.#held?.token === token.token
        ? { ...this.#held, renewAt: renewAgainAt(token, now) }
        : {
            ...token,
            usableUntil: usableUntil(token, now),
            renewAt: renewAt(token, now),
            replaceableFrom: now,
          };
    this.#failures = 0;
    this.#lastFailure = undefined;
  }
}

/**
 * Ends the wait for something that may never come.
 *
 * @throws what `timedOut` makes, after `milliseconds`. The work itself goes on,
 * and whatever becomes of it then is nobody's concern.
 */
async function withTimeout<T>(
  work: () => Promise<T>,
  milliseconds: number,
  timedOut: () => Error,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(timedOut()), milliseconds);
  });
  try {
    return await Promise.race([work(), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
