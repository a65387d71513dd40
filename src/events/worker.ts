import { setTimeout as delay } from 'node:timers/promises';
import type { LoggerService } from '@backstage/backend-plugin-api';
import type { LookOutcome } from '../ingestion/due';
import { HOLD_MS, type DueRepositories, type TakenDue } from '../ledger/due';
import { SeldomLog } from './seldom';

/** How much of an organization is looked at at a time. */
const BATCH = 50;
/** How often this process looks for what others left, in milliseconds. */
const POLL_MS = 15_000;
/** The longest rest between two looks at an organization, in milliseconds. */
const LONGEST_REST_MS = 1_000;
/** What could not be looked at for this long is the next refresh's, in milliseconds. */
const GIVE_UP_MS = 600_000;

/** Looks at what is due in an organization; throws when the database fails, and on an abort. */
export type LookAtDue = (
  organization: string,
  due: readonly TakenDue[],
  signal: AbortSignal,
) => Promise<LookOutcome>;

/**
 * Looks at what events made due for one provider: each organization for itself,
 * in batches, so that neither a burst nor a slow organization keeps the others
 * waiting, and memory holds one batch of each. Between two looks it rests for as
 * long as the last one took: what is announced meanwhile is one look, and the
 * process has time for everything else.
 */
export class DueWorker {
  readonly #abort = new AbortController();
  readonly #working = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #waking: Promise<void> | undefined;
  #wokenAgain = false;
  readonly #seldom: SeldomLog;

  constructor(
    private readonly options: {
      readonly provider: string;
      readonly due: DueRepositories;
      readonly lookAt: LookAtDue;
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
    this.#timer = setInterval(() => this.wake(), POLL_MS).unref();
    this.wake();
  }

  /** Something may be due. */
  wake(): void {
    if (this.#abort.signal.aborted) {
      return;
    }
    this.#wokenAgain = true;
    this.#waking ??= this.#wakeAll().finally(() => {
      this.#waking = undefined;
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#abort.abort();
    await this.#waking;
    await Promise.all(this.#working.values());
  }

  async #wakeAll(): Promise<void> {
    const { provider, due, logger } = this.options;
    try {
      while (this.#wokenAgain && !this.#abort.signal.aborted) {
        this.#wokenAgain = false;
        for (const organization of await due.organizations(provider)) {
          if (!this.#working.has(organization)) {
            const work = this.#work(organization).then(isDone => {
              this.#working.delete(organization);
              if (isDone) {
                // Something may have come since it last looked.
                this.wake();
              }
            });
            this.#working.set(organization, work);
          }
        }
      }
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
        const began = now();
        const look = await lookAt(organization, taken, signal);
        const failed = new Set(look.failed);
        this.#warnOf(organization, look.reasons);
        const isOver = (it: TakenDue) =>
          !failed.has(it) || now() - it.since > GIVE_UP_MS;
        await due.done(taken.filter(isOver));
        await due.postpone(taken.filter(it => !isOver(it)));
        await rest(Math.min(now() - began, LONGEST_REST_MS), signal);
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
