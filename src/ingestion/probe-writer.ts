import type { LoggerService } from '@backstage/backend-plugin-api';
import { counted } from '../counted';
import type { Ledger } from '../ledger/ledger';
import type {
  ProbeRecord,
  ProjectChange,
  RecordResult,
} from '../ledger/record';
import { inHalf } from '../ledger/rows';
import { withoutStatement } from '../ledger/statement';
import { bytesOf } from '../policy/budget';
import type { PathObservation } from '../policy/model';
import type { Applier } from './apply';
import { errorOf, messageOf } from '../thrown';

const MEBIBYTE = 1_048_576;

/** How much is written in one transaction, unless one finding alone is more. */
const BATCH: Amount = { records: 400, paths: 1_000, bytes: 2 * MEBIBYTE };
/** Findings are written after this time even when the batch is not full, in milliseconds: the catalog fills as it goes. */
const MAX_AGE_MS = 2_000;
/** Probing waits while this much is unwritten, so that memory stays bounded. */
const MAX_BUFFERED: Amount = {
  records: 1_200,
  paths: 3_000,
  bytes: 2 * MEBIBYTE,
};
/** So many findings may be refused by the database before it is the database that is at fault. */
const MAX_REFUSED = 20;

/** What a repository bears while only a part of it is written. */
const NOT_FINISHED = 'the look at the repository is not finished';

interface Amount {
  /** Repositories whose look has ended: a batch that ends amidst one has to look it up when it goes on. */
  readonly records: number;
  readonly paths: number;
  readonly bytes: number;
}

/** What was found out about a repository: at once, or piece by piece. */
export interface Findings extends Omit<ProbeRecord, 'startTicket' | 'unknown'> {
  /** How the look at the repository ended; absent while it goes on. */
  readonly end?: {
    /** Why the probe as a whole is unknown; absent when it is conclusive. */
    readonly unknown?: string;
  };
}

/** Is told what happened to files that were known, once it is written down. */
export type OnChanges = (changes: readonly ProjectChange[]) => void;

/** A finding that the database did not take. */
export interface RefusedFinding {
  readonly repositoryId: string;
  readonly path: string;
  readonly message: string;
}

/**
 * Takes what probes find out, writes it to the ledger in batches, and applies
 * each to the catalog. Nothing that was found out is held for the end of a
 * refresh, or of a repository: an abort or a crash loses at most what was found
 * in the last two seconds.
 */
export class ProbeWriter {
  /** By the repository's id: one statement cannot write a row twice. */
  private buffer = new Map<string, Findings>();
  private buffered = NOTHING;
  private unwritten = NOTHING;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();
  private applying: Promise<void> | undefined;
  /** The first ticket of which nothing was applied. */
  private unappliedSince: number | undefined;
  /**
   * By the repository's id: the ticket that the probe may still build on. It is
   * that of its own last piece, unless another's write came before that one.
   */
  private readonly tickets = new Map<string, number>();
  private failure: Error | undefined;
  private overtaken = new Set<string>();
  private refused: RefusedFinding[] = [];

  constructor(
    private readonly options: {
      readonly ledger: Ledger;
      readonly applier: Applier;
      readonly logger: LoggerService;
      readonly clock: { now(): number };
      readonly onChanges?: OnChanges;
    },
  ) {}

  /** A look at a repository begins. @param seenAt - the ledger's ticket as of before the service was asked for it: what was written until then, and no more, it may know of */
  begin(repositoryId: string, seenAt: number): void {
    this.tickets.set(repositoryId, seenAt);
  }

  /** Takes findings about a repository whose look has begun. Waits while too much is unwritten. */
  async add(findings: Findings): Promise<void> {
    const { id } = findings.repository;
    const former = this.buffer.get(id);
    const added = amountOf(findings);
    this.buffer.set(
      id,
      former
        ? { ...findings, paths: [...former.paths, ...findings.paths] }
        : findings,
    );
    this.buffered = plus(this.buffered, added);
    this.unwritten = plus(this.unwritten, added);
    if (reaches(this.buffered, BATCH)) {
      this.write();
    } else {
      // The next probe may end only after a pause of many minutes.
      this.timer ??= setTimeout(() => this.write(), MAX_AGE_MS).unref();
    }
    if (reaches(this.unwritten, MAX_BUFFERED)) {
      const isHeavy = this.unwritten.bytes >= MAX_BUFFERED.bytes;
      await this.writing;
      if (isHeavy) {
        // Each of its bytes is in memory several times while the catalog takes it.
        await this.applying;
      }
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

  /** The ids of repositories whose probes were overtaken by another's write and have to be repeated. */
  takeOvertaken(): ReadonlySet<string> {
    const result = this.overtaken;
    this.overtaken = new Set();
    return result;
  }

  /** What the database did not take; the repositories concerned are unknown. */
  takeRefused(): readonly RefusedFinding[] {
    const result = this.refused;
    this.refused = [];
    return result;
  }

  private write(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const batch = [...this.buffer.values()];
    const { buffered } = this;
    this.buffer = new Map();
    this.buffered = NOTHING;
    if (batch.length === 0) {
      return;
    }
    this.writing = this.writing.then(async () => {
      try {
        await this.record(batch);
      } catch (error) {
        this.fail(
          `Could not write down what was found out about ${counted(batch.length, 'repository')}`,
          error,
        );
      } finally {
        this.unwritten = minus(this.unwritten, buffered);
      }
    });
  }

  /** Writes a batch; one that the database refuses is halved until what it refuses is alone. */
  private async record(batch: readonly Findings[]): Promise<void> {
    let result: RecordResult;
    try {
      result = await this.options.ledger.recordProbes(
        batch.map(findings => this.toRecord(findings)),
        this.options.clock.now(),
      );
    } catch (error) {
      // Where the database does not answer at all, it is not for what is in the batch.
      await this.options.ledger.currentTicket().catch(() => {
        throw error;
      });
      const parts = halve(batch);
      if (!parts && !this.refuse(batch[0], error)) {
        throw error;
      }
      for (const part of parts ?? batch.map(withoutPaths)) {
        await this.record(part);
      }
      return;
    }
    result.inOrder.forEach(id => this.tickets.set(id, result.ticket));
    result.repeat.forEach(id => this.overtaken.add(id));
    if (result.changes.length > 0) {
      this.options.onChanges?.(result.changes);
    }
    if (result.changed > 0) {
      this.apply(result.ticket);
    }
  }

  /** Notes the one finding of a batch that the database does not take; `false` where there is none, or where there were too many. */
  private refuse(findings: Findings | undefined, error: unknown): boolean {
    const path = findings?.paths[0]?.path;
    if (!findings || path === undefined || this.refused.length >= MAX_REFUSED) {
      return false;
    }
    this.refused.push({
      repositoryId: findings.repository.id,
      path,
      message: messageOf(withoutStatement(error)),
    });
    return true;
  }

  private toRecord({ end, ...findings }: Findings): ProbeRecord {
    const { id } = findings.repository;
    const refused = this.refused.find(it => it.repositoryId === id);
    return {
      ...findings,
      startTicket: this.tickets.get(id) ?? 0,
      unknown: !end
        ? NOT_FINISHED
        : (end.unknown ??
          (refused && `the database did not take ${refused.path}`)),
    };
  }

  /** Applies what was written while the next batch is being written: both are mostly waiting for the database. */
  private apply(ticket: number): void {
    this.unappliedSince ??= ticket;
    this.applying ??= this.applyAll();
  }

  private async applyAll(): Promise<void> {
    try {
      while (this.unappliedSince !== undefined) {
        const since = this.unappliedSince;
        this.unappliedSince = undefined;
        await this.options.applier.applyPending({ wait: false, since });
      }
    } catch (error) {
      this.fail('Could not apply to the catalog what was found out', error);
    } finally {
      this.applying = undefined;
    }
  }

  /** Logs a failure at once; the next `add` or `flush` throws it. What was written before is safe, and the next refresh goes on from there. */
  private fail(what: string, error: unknown): void {
    this.failure ??= withoutStatement(errorOf(error));
    this.options.logger.error(what, this.failure);
  }

  private throwFailure(): void {
    if (this.failure) {
      throw this.failure;
    }
  }
}

const NOTHING: Amount = { records: 0, paths: 0, bytes: 0 };

function amountOf({ paths, end }: Findings): Amount {
  const bytes = paths.reduce((sum, path) => sum + bytesOf(path), 0);
  return { records: end ? 1 : 0, paths: paths.length, bytes };
}

function plus(a: Amount, b: Amount): Amount {
  return {
    records: a.records + b.records,
    paths: a.paths + b.paths,
    bytes: a.bytes + b.bytes,
  };
}

function minus(a: Amount, b: Amount): Amount {
  return {
    records: a.records - b.records,
    paths: a.paths - b.paths,
    bytes: a.bytes - b.bytes,
  };
}

function reaches(amount: Amount, limit: Amount): boolean {
  return (
    amount.records >= limit.records ||
    amount.paths >= limit.paths ||
    amount.bytes >= limit.bytes
  );
}

/** A batch in two parts: by repositories, or else by the files of the one; `undefined` where no more than one file is left. */
function halve(batch: readonly Findings[]): Findings[][] | undefined {
  const [first] = batch;
  if (batch.length > 1) {
    return inHalf(batch);
  }
  if (!first || first.paths.length < 2) {
    return undefined;
  }
  const [former = [], latter = []] = inHalf<PathObservation>(first.paths);
  return [
    [{ ...first, paths: former, end: undefined }],
    [{ ...first, paths: latter }],
  ];
}

/** What is left of findings of whose only file the database knows nothing. */
function withoutPaths(findings: Findings): Findings[] {
  return [{ ...findings, paths: [] }];
}
