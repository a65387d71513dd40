import { setTimeout as delay } from 'node:timers/promises';
import type { LoggerService } from '@backstage/backend-plugin-api';
import type { Entity } from '@backstage/catalog-model';
import type {
  DeferredEntity,
  EntityProviderConnection,
} from '@backstage/plugin-catalog-node';
import type {
  DesiredReference,
  Outbox,
  Page,
  PageStart,
} from '../ledger/outbox';
import { chunks, inHalf } from '../ledger/rows';
import { withoutStatement } from '../ledger/statement';
import { messageOf } from '../thrown';

/** Is there until the entity is given as it should be. */
const ANNOTATION_AGAIN = 'azure-devops-catalog/given-again';
/** How many references are looked up at a time. */
const BATCH = 1_000;
/** So many entities may be refused by the catalog before it is the catalog that is at fault. */
const MAX_REFUSED = 20;
/** How long a refresh waits for another replica's lease, and how often it asks, in milliseconds. */
const LEASE_WAIT_MS = 90_000;
const LEASE_POLL_MS = 250;

/** Brings the catalog to what the ledger desires, in deltas. */
export class Applier {
  /** How many entities were added to the catalog, and removed from it, so far; what is applied again is not counted. */
  readonly applied = { added: 0, removed: 0 };
  /** By reference, why the catalog did not take an entity, or its removal. */
  readonly refused = new Map<string, string>();

  constructor(
    private readonly outbox: Outbox,
    private readonly connection: EntityProviderConnection,
    private readonly logger: LoggerService,
  ) {}

  /**
   * Applies everything that is pending, but for what the catalog refuses, which
   * stays pending.
   *
   * @param options.wait - wait for another replica to give up its lease, rather than leave the rest to it
   * @param options.since - only what is desired since this ticket: the database need not look through all that was applied before
   */
  async applyPending(options: {
    wait: boolean;
    since?: number;
    signal?: AbortSignal;
  }): Promise<void> {
    await this.pageByPage(
      options,
      after => this.outbox.pending(options.since, after),
      async references => {
        await this.outbox.markApplied(references);
        for (const { entity } of references) {
          this.applied[entity ? 'added' : 'removed'] += 1;
        }
      },
    );
  }

  /**
   * Applies these references again.
   *
   * @param change - makes the JSON of an entity another; by default it is as it was applied before
   */
  async reapply(
    entityRefs: readonly string[],
    signal?: AbortSignal,
    change: (json: string) => string = json => json,
  ): Promise<void> {
    for (const refs of chunks(entityRefs, BATCH)) {
      await this.pageByPage({ wait: true, signal }, async after => {
        const page = await this.outbox.settled(after?.entityRef ?? '', refs);
        const references = page.references.map(({ entity, ...reference }) => ({
          ...reference,
          entity: entity && { ...entity, json: change(entity.json) },
        }));
        return { ...page, references };
      });
    }
  }

  /**
   * Applies again everything that was applied before. It changes no row that is
   * as it should be.
   *
   * @param upTo - what changed after this ticket was applied just now, and is left out
   */
  async reapplyAll(upTo: number, signal?: AbortSignal): Promise<void> {
    await this.pageByPage({ wait: true, signal }, after =>
      this.outbox.settled(after?.entityRef ?? '', upTo),
    );
  }

  /**
   * Removes what the ledger knows nothing of.
   *
   * @param strays - gives the references when nobody else can apply any; none of them may be in the ledger
   */
  async removeStrays(
    strays: () => Promise<string[]>,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.exclusively({ wait: true, signal }, async () => {
      for (const refs of chunks(await strays(), BATCH)) {
        const removed = refs.map(entityRef => ({ entityRef }));
        await this.connection.applyMutation({
          type: 'delta',
          added: [],
          removed,
        });
        this.applied.removed += removed.length;
      }
      return [];
    });
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
      let next: PageStart | undefined;
      do {
        const page = await this.outbox.desired(next?.entityRef ?? '');
        desired.push(...page.references);
        next = page.next;
      } while (next);
      entities.push(...desired.flatMap(toDeferred));
      await this.connection.applyMutation({ type: 'full', entities });
      await this.outbox.markApplied(desired);
      return desired;
    });
  }

  /** Applies pages until there are no more, or until the lease is not to be had. */
  private async pageByPage(
    options: { wait: boolean; signal?: AbortSignal },
    read: (after: PageStart | undefined) => Promise<Page>,
    whenApplied: (
      references: readonly DesiredReference[],
    ) => Promise<void> = async () => {},
  ): Promise<void> {
    let next: PageStart | undefined;
    do {
      options.signal?.throwIfAborted();
      const done = await this.exclusively(options, async () => {
        const page = await read(next);
        const applied = await this.applyOrHalve(page.references);
        await whenApplied(applied);
        next = page.next;
        return page.references;
      });
      if (!done) {
        return;
      }
    } while (next);
  }

  /**
   * Applies a page; one that the catalog refuses is halved until what it refuses
   * is alone.
   *
   * @returns what was applied
   */
  private async applyOrHalve(
    references: readonly DesiredReference[],
  ): Promise<readonly DesiredReference[]> {
    try {
      await this.applyDelta(references);
      return references;
    } catch (error) {
      // Where the database does not answer, or the lease is lost, it is not for what is in the page.
      const isOurs = await this.outbox.acquire().catch(() => false);
      const [first] = references;
      if (!isOurs || !first || this.refused.size >= MAX_REFUSED) {
        throw error;
      }
      if (references.length === 1) {
        this.refused.set(first.entityRef, messageOf(withoutStatement(error)));
        return [];
      }
      const applied: DesiredReference[] = [];
      for (const half of inHalf(references)) {
        applied.push(...(await this.applyOrHalve(half)));
      }
      return applied;
    }
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
    return await this.outbox.turns.take(async () => {
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
    });
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

/** Makes an entity another, so that the catalog does not take it for what it has. */
export function withOneMore(json: string): string {
  const entity = JSON.parse(json) as Entity;
  const { metadata } = entity;
  const annotations = { ...metadata.annotations, [ANNOTATION_AGAIN]: 'true' };
  return JSON.stringify({ ...entity, metadata: { ...metadata, annotations } });
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
