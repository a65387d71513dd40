import { setTimeout as delay } from 'node:timers/promises';
import type { LoggerService } from '@backstage/backend-plugin-api';
import type { Entity } from '@backstage/catalog-model';
import type {
  DeferredEntity,
  EntityProviderConnection,
} from '@backstage/plugin-catalog-node';
import type { DesiredReference, Outbox } from '../ledger/outbox';
import { chunks } from '../ledger/rows';

/**
 * The most entities that one mutation carries. Each is in memory several times
 * while the catalog writes it down; with more of them what has outlived that is
 * garbage that only a full collection takes away.
 */
const BATCH = 250;
/** How long a refresh waits for another replica's lease, and how often it asks, in milliseconds. */
const LEASE_WAIT_MS = 90_000;
const LEASE_POLL_MS = 250;

/** What was said to the catalog. */
export interface AppliedCounts {
  added: number;
  removed: number;
}

/** Brings the catalog to what the ledger desires, in deltas. */
export class Applier {
  /** One applier at a time in this process as well: the lease cannot tell two of us apart. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly outbox: Outbox,
    private readonly connection: EntityProviderConnection,
    private readonly logger: LoggerService,
  ) {}

  /**
   * Tells the catalog of everything that it has not been told.
   *
   * @param options.wait - wait for another replica to give up its lease, rather than leave the rest to it
   * @param options.since - only of what is desired since this ticket: the database need not look through all that was told before
   * @param options.atHand - what was just written down and need not be read again
   */
  async drain(options: {
    wait: boolean;
    since?: number;
    atHand?: ReadonlyMap<string, DesiredReference>;
    signal?: AbortSignal;
  }): Promise<AppliedCounts> {
    const counts = { added: 0, removed: 0 };
    let more = true;
    while (more) {
      options.signal?.throwIfAborted();
      const done = await this.exclusively(options, async () => {
        const references = await this.outbox.pending(BATCH, options);
        await this.apply(references, counts);
        more = references.length === BATCH;
        return references;
      });
      if (!done) {
        return counts;
      }
    }
    return counts;
  }

  /** Says again what the catalog was told of these references. */
  async restate(
    entityRefs: readonly string[],
    signal?: AbortSignal,
  ): Promise<void> {
    for (const refs of chunks(entityRefs, BATCH)) {
      signal?.throwIfAborted();
      const done = await this.exclusively({ wait: true, signal }, async () => {
        const page = await this.outbox.settledAmong(refs);
        await this.say(page);
        return page;
      });
      if (!done) {
        return;
      }
    }
  }

  /**
   * Says again everything that the catalog was told. It changes no row that is
   * as it should be.
   *
   * @param options.upTo - what changed after this ticket was said just now, and is left out
   */
  async restateAll(options: {
    upTo: number;
    signal?: AbortSignal;
  }): Promise<void> {
    let after = '';
    for (;;) {
      options.signal?.throwIfAborted();
      let page: DesiredReference[] = [];
      const done = await this.exclusively(
        { wait: true, signal: options.signal },
        async () => {
          page = await this.outbox.settled(after, BATCH, options.upTo);
          await this.say(page);
          return page;
        },
      );
      const last = page.at(-1);
      if (!done || !last || page.length < BATCH) {
        return;
      }
      after = last.entityRef;
    }
  }

  private async say(page: readonly DesiredReference[]): Promise<void> {
    if (page.length > 0) {
      await this.connection.applyMutation({
        type: 'delta',
        added: page.flatMap(toDeferred),
        removed: [],
      });
    }
  }

  /**
   * States everything that the ledger desires, and whatever else `others` says,
   * in one full mutation. Holds all of it in memory: only for taking over.
   */
  async stateFully(
    others: () => Promise<DeferredEntity[]>,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.exclusively({ wait: true, signal }, async () => {
      const entities = await others();
      const desired: DesiredReference[] = [];
      for (let after = ''; ;) {
        const page = await this.outbox.desired(after, BATCH);
        desired.push(...page);
        const last = page.at(-1);
        if (!last) {
          break;
        }
        after = last.entityRef;
      }
      entities.push(...desired.flatMap(toDeferred));
      await this.connection.applyMutation({ type: 'full', entities });
      await this.outbox.markApplied(desired);
      return desired;
    });
  }

  private async apply(
    references: readonly DesiredReference[],
    counts: AppliedCounts,
  ): Promise<void> {
    if (references.length === 0) {
      return;
    }
    const added = references.flatMap(toDeferred);
    const removed = references.flatMap(({ entityRef, entity }) =>
      entity ? [] : [{ entityRef }],
    );
    await this.connection.applyMutation({ type: 'delta', added, removed });
    await this.outbox.markApplied(references);
    counts.added += added.length;
    counts.removed += removed.length;
  }

  /** Runs `action` under the lease; `false` when the lease was not to be had. */
  private async exclusively(
    options: { wait: boolean; signal?: AbortSignal },
    action: () => Promise<readonly DesiredReference[]>,
  ): Promise<boolean> {
    const former = this.turn;
    let finish: () => void = () => {};
    this.turn = new Promise<void>(resolve => {
      finish = resolve;
    });
    try {
      await former;
      if (!(await this.lease(options))) {
        return false;
      }
      let touched: readonly DesiredReference[] = [];
      try {
        touched = await action();
      } finally {
        if (!(await this.outbox.release())) {
          this.logger.warn(
            'Telling the catalog took longer than its lease; what was said is said again',
          );
          await this.outbox.markPending(touched);
        }
      }
      return true;
    } finally {
      finish();
    }
  }

  private async lease(options: {
    wait: boolean;
    signal?: AbortSignal;
  }): Promise<boolean> {
    const attempts = options.wait ? LEASE_WAIT_MS / LEASE_POLL_MS : 1;
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (attempt > 0) {
        await delay(LEASE_POLL_MS, undefined, { signal: options.signal });
      }
      if (await this.outbox.acquire()) {
        return true;
      }
    }
    return false;
  }
}

function toDeferred({ entity }: DesiredReference): DeferredEntity[] {
  return entity
    ? [
        {
          entity: JSON.parse(entity.json) as Entity,
          locationKey: entity.locationKey,
        },
      ]
    : [];
}
