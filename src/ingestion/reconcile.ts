import type { LoggerService } from '@backstage/backend-plugin-api';
import type { CatalogView } from '../ledger/catalog-view';
import type { Outbox } from '../ledger/outbox';
import type { Applier } from './apply';

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
      error instanceof Error ? error : undefined,
    );
    await applier.reapplyAll({ upTo, signal });
    return;
  }
  if (missing.length > 0) {
    logger.info(
      `The catalog lacks ${missing.length} entities that it was given, or has them otherwise; they are applied again`,
    );
    await applier.reapply(missing, signal);
    await outbox.forgetCatalogHashes(missing);
  }
  await outbox.noteCatalogHashes();
}
