import type { LoggerService } from '@backstage/backend-plugin-api';
import type { Healing } from '../ledger/healing';
import type { Applier } from './apply';

/**
 * Tells the catalog again what it has lost of what it was told. Costs no
 * request; where nothing was lost, nothing is said.
 *
 * @param options.upTo - what changed after this ticket was said just now
 */
export async function heal(options: {
  readonly healing: Healing;
  readonly applier: Applier;
  readonly logger: LoggerService;
  readonly upTo: number;
  readonly signal?: AbortSignal;
}): Promise<void> {
  const { healing, applier, logger, upTo, signal } = options;
  let lost: string[];
  try {
    lost = await healing.lost(upTo);
  } catch (error) {
    // A catalog whose tables are not as they are known can still be told
    // everything: it compares by itself.
    logger.debug(
      'Cannot see what the catalog holds; it is told everything again',
      error instanceof Error ? error : undefined,
    );
    await applier.restateAll({ upTo, signal });
    return;
  }
  if (lost.length > 0) {
    logger.info(
      `The catalog lacks ${lost.length} entities that it was told of, or has them otherwise; they are said again`,
    );
    await applier.restate(lost, signal);
    await healing.forgetTaken(lost);
  }
  await healing.noteTaken();
}
