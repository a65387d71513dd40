import type { LoggerService } from '@backstage/backend-plugin-api';
import type { Repository } from '../azure/types';
import type { ProviderSettings } from '../config/settings';
import type { Ledger } from '../ledger/ledger';
import type { KnownRepository } from '../policy/model';
import { leaveToOthers } from './handover';
import {
  type OnHeldBack,
  removeGuarded,
  type RemovalSettings,
} from './removal';

/**
 * Organizations that the ledger knows and the configuration no longer names.
 *
 * @param options.configured - keys of those that it does name
 * @param options.listed - ids of the repositories in their lists: those of an organization that was renamed are there
 * @returns what was held back, in words for the operator
 */
export async function removeOrphanedOrganizations(options: {
  readonly settings: RemovalSettings;
  readonly ledger: Ledger;
  readonly configured: readonly string[];
  readonly listed: ReadonlySet<string>;
  /** The ledger's ticket as of before the lists were asked for. */
  readonly seenAt: number;
  readonly others?: readonly ProviderSettings[];
  readonly onHeldBack: OnHeldBack;
  readonly logger: LoggerService;
}): Promise<string[]> {
  const { settings, ledger, configured, seenAt } = options;
  const problems: string[] = [];
  const orphaned = await ledger.repositoriesOutside(configured);
  const undecided =
    orphaned.size > 0 ? await notReadAgain(options) : new Set<string>();
  for (const [organization, ids] of orphaned) {
    const removals = ledger.removalsIn(organization);
    const gone = ids.filter(id => !undecided.has(id));
    await removals.markForRemoval(
      gone,
      {
        grade: 'deselected',
        reason: `the configuration no longer names the organization ${organization}`,
      },
      seenAt,
    );
    const known = await ledger.repositoriesIn(organization);
    const outcome = await removeGuarded({
      ledger,
      removals,
      settings,
      name: organization,
      proposals: await leaveToOthers(await removals.proposals(gone), {
        removals,
        others: options.others,
        organization,
        leftOut: [...known.values()].map(asListed),
        logger: options.logger,
      }),
      undecided,
    });
    await options.onHeldBack(organization, outcome.heldBack);
    problems.push(...outcome.problems);
    await removals.deleteEmptyRepositories(gone);
  }
  return problems;
}

/** As the list of its organization would have it, as far as is known. */
function asListed(known: KnownRepository): Repository {
  return {
    id: known.id,
    name: known.name,
    project: { id: known.projectId, name: known.project, state: 'wellFormed' },
    defaultBranch: known.branch,
    isDisabled: false,
    isFork: false,
  };
}

/** Ids in the lists of organizations, of which no organization has been read yet: it may be the same repository under a new name. */
async function notReadAgain(options: {
  readonly ledger: Ledger;
  readonly configured: readonly string[];
  readonly listed: ReadonlySet<string>;
}): Promise<Set<string>> {
  const undecided = new Set(options.listed);
  for (const organization of options.configured) {
    for (const known of await options.ledger.repositoriesIn(organization)) {
      const [id, { outcome }] = known;
      if (outcome === 'conclusive') {
        undecided.delete(id);
      }
    }
  }
  return undecided;
}
