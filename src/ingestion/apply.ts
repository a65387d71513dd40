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

/** Brings the catalog to what the ledger desires, in deltas. */
export class Applier {
  /** How many entities were added to the catalog, and removed from it, so far; what is applied again is not counted. */
  readonly applied = { added: 0, removed: 0 };
  /** One applier at a time in this process as well: two of us have the same lease. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly outbox: Outbox,
    private readonly connection: EntityProviderConnection,
    private readonly logger: LoggerService,
  ) {}

  /**
   * Applies everything that is pending.
   *
   * @param options.wait - wait for another replica to give up its lease, rather than leave the rest to it
   * @param options.since - only what is desired since this ticket: the database need not look through all that was applied before
   * @param options.inMemory - what was just written and need not be read again
   */
  async applyPending(options: {
    wait: boolean;
    since?: number;
    inMemory?: ReadonlyMap<string, DesiredReference>;
    signal?: AbortSignal;
  }): Promise<void> {
    let more = true;
    while (more) {
      options.signal?.throwIfAborted();
      const done = await this.exclusively(options, async () => {
        const references = await this.outbox.pending(BATCH, options);
        await this.applyDelta(references);
        await this.outbox.markApplied(references);
        for (const { entity } of references) {
          this.applied[entity ? 'added' : 'removed'] += 1;
        }
        more = references.length === BATCH;
        return references;
      });
      if (!done) {
        return;
      }
    }
  }

  /** Applies these references again, as they were applied before. */
  async reapply(
    entityRefs: readonly string[],
    signal?: AbortSignal,
  ): Promise<void> {
    for (const refs of chunks(entityRefs, BATCH)) {
      signal?.throwIfAborted();
      const done = await this.exclusively({ wait: true, signal }, async () => {
        const page = await this.outbox.settledAmong(refs);
        await this.applyDelta(page);
        return page;
      });
      if (!done) {
        return;
      }
    }
  }

  /**
   * Applies again everything that was applied before. It changes no row that is
   * as it should be.
   *
   * @param options.upTo - what changed after this ticket was applied just now, and is left out
   */
  async reapplyAll(options: {
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
          await this.applyDelta(page);
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

  /**
   * Applies everything that the ledger desires, and whatever else `others` gives,
   * in one full mutation. Holds all of it in memory: only for taking over.
   */
  async applyFull(
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

  private async applyDelta(
    references: readonly DesiredReference[],
  ): Promise<void> {
    if (references.length > 0) {
      await this.connection.applyMutation({
        type: 'delta',
        added: references.flatMap(toDeferred),
        removed: references.flatMap(({ entityRef, entity }) =>
          entity ? [] : [{ entityRef }],
        ),
      });
    }
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
            'Applying entities to the catalog took longer than the lease; they are applied again',
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
