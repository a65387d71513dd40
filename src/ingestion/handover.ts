import type { LoggerService } from '@backstage/backend-plugin-api';
import { counted } from '../counted';
import type { ProviderSettings } from '../config/settings';
import type { CatalogView } from '../ledger/catalog-view';
import type { Ledger } from '../ledger/ledger';
import type { LedgerRemovals, Proposal } from '../ledger/removals';
import { selectRepositories, type SkippedRepository } from '../policy/select';
import { type Applier, withOneMore } from './apply';

/**
 * Of what the configuration takes from this provider, what another provider of it
 * selects: an entity is one to the catalog, under the name of whoever gave it first.
 * Removed here before it is the other's, it would be gone until the other looks again.
 *
 * @returns the proposals without those that wait for the other; what the catalog has of the other by now is no loss
 */
export async function leaveToOthers(
  proposals: readonly Proposal[],
  {
    removals,
    others = [],
    organization,
    leftOut,
    logger,
  }: {
    readonly removals: LedgerRemovals;
    /** The settings of the other providers. */
    readonly others: readonly ProviderSettings[] | undefined;
    /** Its key. */
    readonly organization: string;
    readonly leftOut: readonly SkippedRepository['repository'][];
    readonly logger: LoggerService;
  },
): Promise<Proposal[]> {
  let left = [...proposals];
  for (const settings of others) {
    if (!settings.organizations.some(({ key }) => key === organization)) {
      continue;
    }
    const { selected } = selectRepositories({
      settings,
      repositories: leftOut,
    });
    const ids = new Set(selected.map(({ id }) => id));
    const isConcerned = (p: Proposal) =>
      p.grade === 'deselected' && ids.has(p.repositoryId);
    const concerned = left.filter(isConcerned);
    if (concerned.length === 0) {
      continue;
    }
    const { read, given, ours } = await removals.handover(
      settings.providerName,
      concerned,
    );
    const waits = (p: Proposal) =>
      !read.has(p.repositoryId) || ours.has(p.entityRef);
    const waiting = concerned.filter(p => p.kind === 'entity' && waits(p));
    if (waiting.length > 0) {
      logger.info(
        `${organization}: left to ${settings.providerName}, which selects their repositories: ${counted(waiting.length, 'entity')}. Until it has read and taken them, they stay`,
      );
    }
    left = left
      .filter(p => !isConcerned(p) || !waits(p))
      .map(p =>
        isConcerned(p) && given.has(p.entityRef)
          ? { ...p, isHandedOver: true }
          : p,
      );
  }
  return left;
}

/**
 * Takes over what other providers leave to this one: the catalog has it under their
 * name as long as nothing of it changes, and it would go with theirs.
 */
export async function takeFromOthers({
  catalog,
  ledger,
  applier,
  logger,
  signal,
}: {
  readonly catalog: CatalogView;
  readonly ledger: Ledger;
  readonly applier: Applier;
  readonly logger: LoggerService;
  readonly signal?: AbortSignal;
}): Promise<void> {
  const left = await catalog.leftByOthers();
  if (left.length === 0) {
    return;
  }
  logger.info(
    `Left to this provider by another: ${counted(left.length, 'entity')}; taken over`,
  );
  // Under another key it would be another entity.
  await ledger.adoptLocationKeys(left);
  await applier.applyPending({ wait: true, signal });
  const refs = left.map(({ entityRef }) => entityRef);
  await applier.reapply(refs, signal, withOneMore);
  await applier.reapply(refs, signal);
}
