import type { LoggerService } from '@backstage/backend-plugin-api';
import { ANNOTATION_LOCATION, type Entity } from '@backstage/catalog-model';
import { counted } from '../counted';
import { DOCUMENTATION } from '../documentation';
import type { CatalogView } from '../ledger/catalog-view';
import { guard, type HeldBack, type ProposedRemoval } from '../policy/guard';
import type { Outbox } from '../ledger/outbox';
import { type Applier, withOneMore } from './apply';
import { EVIDENCE } from './file-evidence';
import type { TakeoverInput } from './takeover';
import { errorOf } from '../thrown';

/** How many entities a line of the log names. */
const MOST_NAMED = 10;

/**
 * Applies again what the catalog has lost of what was applied to it. Costs no
 * request; where nothing is missing, nothing is applied.
 *
 * @param options.upTo - what changed after this ticket was applied just now
 */
export async function reconcile(options: {
  readonly catalog: CatalogView;
  readonly outbox: Outbox;
  readonly applier: Applier;
  readonly logger: LoggerService;
  readonly upTo: number;
  readonly signal?: AbortSignal;
}): Promise<void> {
  const { catalog, outbox, applier, logger, upTo, signal } = options;
  let missing: string[];
  try {
    missing = await catalog.missingFromCatalog(upTo);
  } catch (error) {
    // A catalog whose tables are not as they are known can still be given
    // everything: it compares by itself.
    logger.debug(
      'Cannot see what the catalog holds; everything is applied again',
      errorOf(error),
    );
    await applier.reapplyAll(upTo, signal);
    return;
  }
  if (missing.length > 0) {
    logger.info(
      `Missing from the catalog, or in it otherwise than given: ${counted(missing.length, 'entity')}; applied again`,
    );
    await applier.reapply(missing, signal);
    await outbox.forgetCatalogHashes(missing);
  }
  await outbox.noteCatalogHashes();
}

/**
 * Has the catalog process and stitch again what it has processed and does not show,
 * in this refresh and the one before. As long as nothing of an entity changes, it
 * stitches nothing; so it is given the entity with one annotation more, and the next
 * `reconcile` gives it as it should be. Nothing is removed in between.
 *
 * @param options.former - what the refresh before found; holds afterwards what this one did
 */
export async function showAgain(options: {
  readonly catalog: CatalogView;
  readonly applier: Applier;
  readonly logger: LoggerService;
  readonly former: Set<string>;
  readonly signal?: AbortSignal;
}): Promise<void> {
  const { catalog, applier, logger, former, signal } = options;
  let unshown: string[];
  try {
    unshown = await catalog.unshown();
  } catch (error) {
    logger.debug('Cannot see which entities the catalog shows', errorOf(error));
    return;
  }
  const again = unshown.filter(it => former.has(it)).sort();
  former.clear();
  unshown.forEach(it => former.add(it));
  if (again.length > 0) {
    const more = again.length - MOST_NAMED;
    logger.warn(
      `Processed by the catalog, and not shown by it: ${counted(again.length, 'entity')}; given to it again: ` +
        `${again.slice(0, MOST_NAMED).join(', ')}${more > 0 ? `, and ${more} more` : ''} ` +
        `(${DOCUMENTATION}/ledger.md#what-the-catalog-has-and-does-not-show)`,
    );
    await applier.reapply(again, signal, withOneMore);
  }
}

/**
 * Removes what the catalog holds of this module and the ledger knows nothing of: a
 * process that stood still for longer than its lease gave it after another had
 * removed it. Only on evidence about its file, as for what the official module left,
 * and once nothing is pending.
 *
 * @returns what the guard held back
 */
export async function removeStrays(
  input: Omit<TakeoverInput, 'waitedFor'> & { readonly outbox: Outbox },
): Promise<readonly HeldBack[]> {
  const { catalog, outbox, ledger, applier, logger, signal } = input;
  const strays = await catalog.strays();
  if (strays.length === 0 || (await outbox.isPending())) {
    return [];
  }
  const proposed: ProposedRemoval[] = [];
  for (const { entityRef, json } of strays) {
    const target = fileOf(json);
    const evidence =
      target === undefined ? undefined : await input.evidence.ofAll([target]);
    if (evidence && evidence !== 'project-not-listed') {
      proposed.push({ entityRef, ...EVIDENCE[evidence] });
    }
  }
  const entities = await ledger.reports.countEntities();
  const { released, heldBack, used } = guard(
    proposed,
    entities + strays.length,
    { ...input.limits, ...(await ledger.heldBack.approvals()) },
  );
  if (released.length > 0) {
    logger.info(
      `Given to the catalog by another replica after the removal: ${counted(released.length, 'entity')}; removed again`,
    );
    await ledger.heldBack.noteUsed(used);
    const approved = new Set(released.map(({ entityRef }) => entityRef));
    await applier.removeStrays(async () => {
      const still = (await catalog.strays()).map(({ entityRef }) => entityRef);
      return still.filter(entityRef => approved.has(entityRef));
    }, signal);
  }
  return heldBack;
}

/** The URL of the file that an entity came from. */
function fileOf(json: string): string | undefined {
  const { metadata } = JSON.parse(json) as Entity;
  const location = metadata.annotations?.[ANNOTATION_LOCATION];
  return location?.startsWith('url:') ? location.slice(4) : undefined;
}
