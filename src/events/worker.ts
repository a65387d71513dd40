import { setTimeout as delay } from 'node:timers/promises';
import type { LoggerService } from '@backstage/backend-plugin-api';
import type { ConnectedProvider } from '../ingestion/provider';
import { HOLD_MS, type DueRepositories, type TakenDue } from '../ledger/due';
import { SeldomLog } from '../seldom';

/** How much of an organization is looked at at a time. */
const BATCH = 50;
/** How often this process looks for what others left, in milliseconds. */
const POLL_MS = 15_000;
/** The rest between two looks at an organization, in times of what the last one took. */
const REST = 3;
/** The longest rest between two looks at an organization, in milliseconds. */
const LONGEST_REST_MS = 1_000;
/** What could not be looked at for this long is the next refresh's, in milliseconds. */
const GIVE_UP_MS = 600_000;

/**
 * Looks at what events made due for one provider: each organization for itself,
 * in batches, so that neither a burst nor a slow organization keeps the others
 * waiting, and memory holds one batch of each. Between two looks it rests
 * three times as long as the last one took: what is announced meanwhile is one
 * look, and the process has time for everything else.
 */
export class DueWorker {
  readonly #abort = new AbortController();
  /** By organization. */
  readonly #working = new Map<
    string,
    { again: boolean; ended: Promise<void> }
  >();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  readonly #seldom: SeldomLog;

  constructor(
    private readonly options: {
      readonly provider: string;
      readonly due: DueRepositories;
      /** Throws when the database fails, and on an abort. */
      readonly lookAt: ConnectedProvider['lookAtDue'];
      readonly logger: LoggerService;
      /** Milliseconds since 1970. */
      readonly now: () => number;
      /** Waits, in milliseconds; rejects on an abort. Default: for so long. */
      readonly rest?: (ms: number, signal: AbortSignal) => Promise<void>;
    },
  ) {
    this.#seldom = new SeldomLog(options.logger, options.now);
  }

  /** Looks at what is due now and from now on, until it is closed. */
  start(): void {
    this.#timer = setInterval(() => this.#look(), POLL_MS).unref();
    this.#look();
  }

  /** Something is due. @param organization - in which, by key */
  wake(organization: string): void {
    if (this.#abort.signal.aborted) {
      return;
    }
    const working = this.#working.get(organization);
    if (working) {
      // It may have seen all that was due just before this was.
      working.again = true;
      return;
    }
    const work = { again: false, ended: Promise.resolve() };
    this.#working.set(organization, work);
    work.ended = this.#work(organization).then(isDone => {
      this.#working.delete(organization);
      if (isDone && work.again) {
        this.wake(organization);
      }
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#abort.abort();
    await this.#looking;
    await Promise.all([...this.#working.values()].map(({ ended }) => ended));
  }

  /** Begins with what is due, whoever left it. */
  #look(): void {
    this.#looking ??= this.#lookForAll().finally(() => {
      this.#looking = undefined;
    });
  }

  async #lookForAll(): Promise<void> {
    const { provider, due, logger } = this.options;
    try {
      (await due.organizations(provider)).forEach(it => this.wake(it));
    } catch (error) {
      logger.debug(`Could not look up what is due: ${String(error)}`);
    }
  }

  /** Works off what is due in an organization; `false` when that fails. Never throws. */
  async #work(organization: string): Promise<boolean> {
    const { provider, due, lookAt, now, rest = restFor } = this.options;
    const { signal } = this.#abort;
    const renewal = setInterval(() => {
      due.renew(provider).catch(() => undefined);
    }, HOLD_MS / 3).unref();
    try {
      while (!signal.aborted) {
        const taken = await due.take(provider, organization, BATCH);
        if (taken.length === 0) {
          return true;
        }
        signal.throwIfAborted();
        const began = now();
        const look = await lookAt(organization, taken, signal);
        const failed = new Set(look.failed);
        this.#warnOf(organization, look.reasons);
        const isOver = (it: TakenDue) =>
          !failed.has(it) || it.ageMs > GIVE_UP_MS;
        await due.done(taken.filter(isOver));
        await due.postpone(taken.filter(it => !isOver(it)));
        await rest(Math.min(REST * (now() - began), LONGEST_REST_MS), signal);
      }
    } catch (error) {
      if (!signal.aborted) {
        this.#seldom.warn(
          organization,
          `${provider}: what was announced of ${organization} could not be looked at; it is tried again in ${POLL_MS / 1_000} s`,
          error,
        );
      }
    } finally {
      clearInterval(renewal);
    }
    return false;
  }

  #warnOf(organization: string, reasons: readonly string[]): void {
    const [reason] = reasons;
    if (reason !== undefined) {
      this.#seldom.warn(
        organization,
        `${this.options.provider}: ${reasons.length} of the repositories that were announced could not be looked at; each is tried again for ${GIVE_UP_MS / 60_000} minutes, and then is the next refresh's. One of them: ${reason}`,
      );
    }
  }
}

async function restFor(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal, ref: false });
}
