import type { LoggerService } from '@backstage/backend-plugin-api';
import type { Ledger } from '../ledger/ledger';
import type { DesiredReference } from '../ledger/outbox';
import type { ProbeRecord, RecordResult } from '../ledger/record';
import type { AppliedCounts, Applier } from './apply';

/** How many probes are written in one transaction. */
const BATCH = 200;
/** Probes are written after this time even when the batch is not full, in milliseconds: the catalog fills as it goes. */
const MAX_AGE_MS = 2_000;
/** Probing waits while this many findings are unwritten, so that memory stays bounded. */
const MAX_BUFFERED = 600;
/** So many entities that were written are kept until the catalog is told of them; the others are read back. */
const MAX_AT_HAND = 600;

/**
 * Takes what probes find out, writes it to the ledger in batches, and has the
 * catalog told after each. Nothing that was found out is held for the end of a
 * refresh: an abort or a crash loses at most the last batch.
 */
export class Recorder {
  readonly applied: AppliedCounts = { added: 0, removed: 0 };
  /** Descriptors that were read anew or changed their state. */
  changed = 0;

  private buffer: ProbeRecord[] = [];
  private bufferedSince: number | undefined;
  private writing: Promise<void> = Promise.resolve();
  private telling: Promise<void> | undefined;
  /** The first ticket of which the catalog was not told. */
  private untold: number | undefined;
  private atHand = new Map<string, DesiredReference>();
  private unwritten = 0;
  private ticket: number;
  private failure: Error | undefined;
  private overtaken: ProbeRecord[] = [];

  private constructor(
    private readonly ledger: Ledger,
    private readonly applier: Applier,
    private readonly logger: LoggerService,
    private readonly now: () => number,
    ticket: number,
  ) {
    this.ticket = ticket;
  }

  static async start(options: {
    ledger: Ledger;
    applier: Applier;
    logger: LoggerService;
    now: () => number;
  }): Promise<Recorder> {
    const { ledger, applier, logger, now } = options;
    return new Recorder(
      ledger,
      applier,
      logger,
      now,
      await ledger.currentTicket(),
    );
  }

  /** The ticket that a probe starting now bears. */
  get currentTicket(): number {
    return this.ticket;
  }

  async add(record: ProbeRecord): Promise<void> {
    this.buffer.push(record);
    this.unwritten += 1;
    this.bufferedSince ??= this.now();
    if (
      this.buffer.length >= BATCH ||
      this.now() - this.bufferedSince >= MAX_AGE_MS
    ) {
      this.write();
    }
    if (this.unwritten >= MAX_BUFFERED) {
      await this.writing;
    }
    this.throwFailure();
  }

  /** Writes what is left, and has the catalog told of it; then nothing is under way. */
  async flush(): Promise<void> {
    this.write();
    await this.writing;
    await this.telling;
    this.throwFailure();
  }

  /** The repositories whose probes were overtaken by another's write and have to be repeated. */
  takeOvertaken(): ProbeRecord[] {
    const result = this.overtaken;
    this.overtaken = [];
    return result;
  }

  private write(): void {
    const batch = this.buffer;
    this.buffer = [];
    this.bufferedSince = undefined;
    if (batch.length === 0) {
      return;
    }
    this.writing = this.writing.then(async () => {
      try {
        const result = await this.ledger.record(batch, this.now());
        this.ticket = result.ticket;
        this.changed += result.changed;
        this.overtaken.push(...result.repeat);
        if (result.changed > 0) {
          this.tell(result);
        }
      } catch (error) {
        this.fail(
          `Could not write down what was found out about ${batch.length} repositories`,
          error,
        );
      } finally {
        this.unwritten -= batch.length;
      }
    });
  }

  /** Has the catalog told while the next batch is being written: both are mostly waiting for the database. */
  private tell({ ticket, news }: RecordResult): void {
    this.untold ??= ticket;
    for (const reference of news.slice(0, MAX_AT_HAND - this.atHand.size)) {
      this.atHand.set(reference.entityRef, reference);
    }
    this.telling ??= this.tellAll();
  }

  private async tellAll(): Promise<void> {
    try {
      while (this.untold !== undefined) {
        const since = this.untold;
        const { atHand } = this;
        this.untold = undefined;
        this.atHand = new Map();
        const { added, removed } = await this.applier.drain({
          wait: false,
          since,
          atHand,
        });
        this.applied.added += added;
        this.applied.removed += removed;
      }
    } catch (error) {
      this.fail('Could not tell the catalog what was found out', error);
    } finally {
      this.telling = undefined;
    }
  }

  /** Said once, by whoever adds or flushes next; what was recorded before is safe, and the next refresh goes on from there. */
  private fail(what: string, error: unknown): void {
    this.failure ??= error instanceof Error ? error : new Error(String(error));
    this.logger.error(what, this.failure);
  }

  private throwFailure(): void {
    if (this.failure) {
      throw this.failure;
    }
  }
}
