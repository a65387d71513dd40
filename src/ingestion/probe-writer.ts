import type { LoggerService } from '@backstage/backend-plugin-api';
import type { Ledger } from '../ledger/ledger';
import type { DesiredReference } from '../ledger/outbox';
import type { ProbeRecord, RecordResult } from '../ledger/record';
import type { Applier } from './apply';

/** How many probes are written in one transaction. */
const BATCH = 200;
/** Probes are written after this time even when the batch is not full, in milliseconds: the catalog fills as it goes. */
const MAX_AGE_MS = 2_000;
/** Probing waits while this many findings are unwritten, so that memory stays bounded. */
const MAX_BUFFERED = 600;
/** So many entities that were written are kept until they are applied to the catalog; the others are read back. */
const MAX_IN_MEMORY = 600;

/**
 * Takes what probes find out, writes it to the ledger in batches, and applies
 * each to the catalog. Nothing that was found out is held for the end of a
 * refresh: an abort or a crash loses at most what was found in the last two
 * seconds.
 */
export class ProbeWriter {
  private buffer: ProbeRecord[] = [];
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();
  private applying: Promise<void> | undefined;
  /** The first ticket of which nothing was applied. */
  private unappliedSince: number | undefined;
  private inMemory = new Map<string, DesiredReference>();
  private unwritten = 0;
  private ticket: number;
  private failure: Error | undefined;
  private overtaken: ProbeRecord[] = [];

  private constructor(
    private readonly ledger: Ledger,
    private readonly applier: Applier,
    private readonly logger: LoggerService,
    private readonly clock: { now(): number },
    ticket: number,
  ) {
    this.ticket = ticket;
  }

  static async start(options: {
    readonly ledger: Ledger;
    readonly applier: Applier;
    readonly logger: LoggerService;
    readonly clock: { now(): number };
  }): Promise<ProbeWriter> {
    const { ledger, applier, logger, clock } = options;
    return new ProbeWriter(
      ledger,
      applier,
      logger,
      clock,
      await ledger.currentTicket(),
    );
  }

  /** The ticket of a probe that starts now. */
  get currentTicket(): number {
    return this.ticket;
  }

  async add(record: ProbeRecord): Promise<void> {
    this.buffer.push(record);
    this.unwritten += 1;
    if (this.buffer.length >= BATCH) {
      this.write();
    } else {
      // The next probe may end only after a pause of many minutes.
      this.timer ??= setTimeout(() => this.write(), MAX_AGE_MS).unref();
    }
    if (this.unwritten >= MAX_BUFFERED) {
      await this.writing;
    }
    this.throwFailure();
  }

  /** Writes and applies what is left; then nothing is under way. */
  async flush(): Promise<void> {
    this.write();
    await this.writing;
    await this.applying;
    this.throwFailure();
  }

  /** The repositories whose probes were overtaken by another's write and have to be repeated. */
  takeOvertaken(): ProbeRecord[] {
    const result = this.overtaken;
    this.overtaken = [];
    return result;
  }

  private write(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const batch = this.buffer;
    this.buffer = [];
    if (batch.length === 0) {
      return;
    }
    this.writing = this.writing.then(async () => {
      try {
        const result = await this.ledger.recordProbes(batch, this.clock.now());
        this.ticket = result.ticket;
        this.overtaken.push(...result.repeat);
        if (result.changed > 0) {
          this.apply(result);
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

  /** Applies what was written while the next batch is being written: both are mostly waiting for the database. */
  private apply({ ticket, toApply }: RecordResult): void {
    this.unappliedSince ??= ticket;
    for (const reference of toApply.slice(
      0,
      MAX_IN_MEMORY - this.inMemory.size,
    )) {
      this.inMemory.set(reference.entityRef, reference);
    }
    this.applying ??= this.applyAll();
  }

  private async applyAll(): Promise<void> {
    try {
      while (this.unappliedSince !== undefined) {
        const since = this.unappliedSince;
        const { inMemory } = this;
        this.unappliedSince = undefined;
        this.inMemory = new Map();
        await this.applier.applyPending({ wait: false, since, inMemory });
      }
    } catch (error) {
      this.fail('Could not apply to the catalog what was found out', error);
    } finally {
      this.applying = undefined;
    }
  }

  /** Logs a failure at once; the next `add` or `flush` throws it. What was written before is safe, and the next refresh goes on from there. */
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
