import type { LoggerService } from '@backstage/backend-plugin-api';
import { counted } from '../counted';
import type { OddElement } from '../azure/types';
import type { ProviderSettings } from '../config/settings';
import type { Ledger } from '../ledger/ledger';
import type { LedgerRemovals, Proposal } from '../ledger/removals';
import type { Organization } from '../organization';
import { describeHeldBack, guard, type HeldBack } from '../policy/guard';
import {
  judgeMissing,
  type OutOfSight,
  type ServiceDeletions,
} from '../policy/missing';
import type { KnownRepository, Removal } from '../policy/model';
import type { Plan } from '../policy/plan';
import type { SkippedRepository } from '../policy/select';
import { leaveToOthers } from './handover';
import { keepOutOfSight } from './out-of-sight';
import type { OnChanges } from './probe-writer';

/** What left the catalog, what did not, and what the operator should know of it. */
interface RemovalOutcome {
  /** How many entities left the catalog. */
  readonly released: number;
  readonly heldBack: readonly HeldBack[];
  readonly problems: readonly string[];
}

/** What came of what one pass found gone. */
interface GoneOutcome extends RemovalOutcome {
  /**
   * Ids of repositories that a refresh may forget if they give nothing. What is
   * gone only now is not among them: until the next refresh its row shows to
   * whoever looked earlier that what they saw is no longer so.
   */
  readonly forgettable: readonly string[];
}

/**
 * Called with all that the guard holds back of an organization.
 *
 * @param organizationKey - empty for what is not of one
 */
export type OnHeldBack = (
  organizationKey: string,
  sets: readonly HeldBack[],
) => Promise<void>;

export type RemovalSettings = Pick<
  ProviderSettings,
  'id' | 'removals' | 'verifyEveryMs'
>;

/** What a refresh and a look because of events have in common here. */
interface GoneInput {
  readonly organization: Organization;
  readonly settings: RemovalSettings;
  readonly ledger: Ledger;
  readonly plan: Plan;
  /** The ledger's ticket as of before the service was asked for what is evidence here. */
  readonly seenAt: number;
  readonly onChanges?: OnChanges;
}

interface RemovalInput extends GoneInput {
  /** What the configuration, or its state, leaves out. */
  readonly skipped: readonly SkippedRepository[];
  /** The settings of the other providers. */
  readonly others?: readonly ProviderSettings[];
  /** What the ledger knew before the pass, by the repository's id. */
  readonly known: ReadonlyMap<string, KnownRepository>;
  /** What the organization's list has: the project's id, by the repository's. */
  readonly listed: ReadonlyMap<string, string>;
  readonly deletions: ServiceDeletions;
  /** Elements of the list of which only the id is known, if that. */
  readonly odd: readonly OddElement[];
  /** Repositories of which something was marked for removal before the pass, with the grade. */
  readonly doubtful: ReadonlyMap<string, Removal['grade']>;
  /** Ids of known repositories of which this pass did not find out what they have. */
  readonly undecided: ReadonlySet<string>;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly logger: LoggerService;
}

/**
 * The end of a pass: gathers the evidence of what is gone, asks the guard, and
 * removes from the ledger what the guard lets through.
 */
export async function removeWhatIsGone(
  input: RemovalInput,
): Promise<GoneOutcome> {
  const { ledger, plan, settings, organization } = input;
  const removals = ledger.removalsIn(organization.key);
  await markGone(input, removals);
  const { missedOnceMore, outOfSight, deleted } = judgeMissing({
    known: input.known.values(),
    missing: plan.missing,
    listed: input.listed,
    deletions: input.deletions,
    isWhole: input.odd.every(({ id }) => id !== undefined),
  });
  await markDeleted(input, removals, deleted);
  const inferred = await countMissed(input, removals, missedOnceMore);
  const kept = await keepOutOfSight(input, removals, outOfSight);
  const guarded = await removeGuarded({
    ledger,
    removals,
    settings,
    name: organization.label,
    proposals: await leaveToOthers(await removals.proposals(), {
      removals,
      others: input.others,
      organization: organization.key,
      leftOut: input.skipped.map(({ repository }) => repository),
      logger: input.logger,
    }),
    undecided: input.undecided,
  });
  const gone = [
    ...plan.gone.map(({ repositoryId }) => repositoryId),
    ...deleted.map(({ id }) => id),
    ...inferred,
    ...outOfSight.flatMap(({ repositories }) => repositories.map(it => it.id)),
  ];
  return {
    released: kept.released + guarded.released,
    heldBack: [...kept.heldBack, ...guarded.heldBack],
    problems: [...kept.problems, ...guarded.problems],
    forgettable: [
      ...gone.filter(id => input.known.get(id)?.outcome === 'gone'),
      ...overdue(outOfSight, input),
    ],
  };
}

/**
 * The end of a look because of events: removes what it found gone of the
 * repositories that were looked at, as far as the guard lets it. The guard counts
 * what others are about to lose, and what left because of events since the last
 * refresh; what it holds back the next refresh reports. What the configuration
 * takes is left to the refresh too, which knows how much that is in all.
 *
 * @param lookedAt - ids of the repositories: of the others a refresh that is under way may not know yet who gives what they lost
 * @returns ids of repositories that somebody has written about since the service was asked; they stay as they are
 */
export async function removeLookedAt(
  input: GoneInput,
  lookedAt: ReadonlySet<string>,
): Promise<readonly string[]> {
  const { ledger, plan, settings, organization } = input;
  const removals = ledger.removalsIn(organization.key);
  const overtaken = [
    ...(await markGone(input, removals)),
    ...(await markDeleted(input, removals, plan.missing)),
  ];
  let isDone = false;
  while (!isDone) {
    const left = await removals.releasedSinceRefresh();
    const all = await removals.proposals();
    const proposals = all.filter(({ grade }) => grade !== 'deselected');
    const { heldBack } = guard(
      proposals.filter(isLoss),
      await removals.countEntities(),
      { ...settings.removals, allow: undefined, releasedBefore: left },
    );
    const going = goingOf(proposals, heldBack).filter(({ repositoryId }) =>
      lookedAt.has(repositoryId),
    );
    const leave = going.filter(isLoss).length;
    isDone = await removals.deleteApproved(going, { left, leave });
  }
  return overtaken;
}

/**
 * Marks what the service calls deleted, and tells of it: whoever registered its
 * files reads them in vain.
 *
 * @returns the ids of those that were overtaken
 */
async function markDeleted(
  { onChanges, seenAt }: GoneInput,
  removals: LedgerRemovals,
  deleted: readonly KnownRepository[],
): Promise<readonly string[]> {
  const projects = new Map(deleted.map(it => [it.id, it.projectId]));
  const { descriptors, overtaken } = await removals.markForRemoval(
    [...projects.keys()],
    {
      grade: 'confirmed',
      reason: 'the service confirms that the repository is deleted',
    },
    seenAt,
  );
  if (descriptors.length > 0) {
    onChanges?.(
      descriptors.map(({ repositoryId, target }) => ({
        projectId: projects.get(repositoryId) ?? '',
        change: { kind: 'deleted', url: target },
      })),
    );
  }
  return overtaken;
}

/**
 * Marks what the list itself shows to be disabled, or the configuration no longer selects.
 *
 * @returns the ids of those that were overtaken
 */
async function markGone(
  { plan, seenAt }: GoneInput,
  removals: LedgerRemovals,
): Promise<string[]> {
  const byReason = new Map<string, { removal: Removal; ids: string[] }>();
  for (const { repositoryId, removal } of plan.gone) {
    const group = byReason.get(removal.reason) ?? { removal, ids: [] };
    group.ids.push(repositoryId);
    byReason.set(removal.reason, group);
  }
  const overtaken: string[] = [];
  for (const { removal, ids } of byReason.values()) {
    overtaken.push(
      ...(await removals.markForRemoval(ids, removal, seenAt)).overtaken,
    );
  }
  return overtaken;
}

/**
 * Counts one more list that lacked these repositories, and marks those for
 * removal that enough lists in a row have lacked.
 *
 * @returns the ids of those
 */
async function countMissed(
  { settings, seenAt }: RemovalInput,
  removals: LedgerRemovals,
  missedOnceMore: readonly KnownRepository[],
): Promise<string[]> {
  const { confirmations } = settings.removals;
  await removals.countMissed(
    missedOnceMore.map(({ id }) => id),
    seenAt,
  );
  const inferred = missedOnceMore
    .filter(({ missed }) => missed + 1 >= confirmations)
    .map(({ id }) => id);
  await removals.markForRemoval(
    inferred,
    {
      grade: 'inferred',
      reason: `the repository was missing from ${counted(confirmations, 'list')} in a row`,
    },
    seenAt,
  );
  return inferred;
}

/** Those out of sight that a look would be due at by now: they are known anew when they are seen again. */
function overdue(
  outOfSight: readonly OutOfSight[],
  { settings, now }: RemovalInput,
): string[] {
  return outOfSight
    .flatMap(({ repositories }) => repositories)
    .filter(
      ({ verifiedAt = 0 }) =>
        Math.abs(now - verifiedAt) >= settings.verifyEveryMs,
    )
    .map(({ id }) => id);
}

/** Removes what the guard lets through of one organization's proposals. */
export async function removeGuarded(options: {
  readonly ledger: Ledger;
  readonly removals: LedgerRemovals;
  readonly settings: RemovalSettings;
  /** The organization, for people. */
  readonly name: string;
  readonly proposals: readonly Proposal[];
  /** Ids of repositories that nothing is known of under the present configuration. */
  readonly undecided: ReadonlySet<string>;
}): Promise<RemovalOutcome> {
  const { ledger, removals, settings, name, proposals } = options;
  if (proposals.length === 0) {
    return { released: 0, heldBack: [], problems: [] };
  }
  const total = await removals.countEntities();
  // Whether another organization keeps what passes to it is not decided here.
  const undecided = new Set([
    ...(await removals.givenBy([...options.undecided], 'entity')),
    ...proposals.flatMap(({ kind, passesOn, entityRef }) =>
      kind === 'entity' && passesOn ? [entityRef] : [],
    ),
  ]);
  const { heldBack, used } = guard(
    proposals.filter(isLoss),
    total,
    { ...settings.removals, ...(await ledger.heldBack.approvals()) },
    total - undecided.size,
  );
  await ledger.heldBack.noteUsed(used);
  const going = goingOf(proposals, heldBack);
  await removals.deleteApproved(going);
  return {
    released: going.filter(isLoss).length,
    heldBack,
    problems: heldBack.map(held => describeHeldBack(name, settings.id, held)),
  };
}

/**
 * What goes of the proposals. What costs the catalog no entity needs no guard, but
 * what belongs to a file that was held back is held back with it.
 */
function goingOf(
  proposals: readonly Proposal[],
  heldBack: readonly HeldBack[],
): Proposal[] {
  const heldGrades = new Set(heldBack.map(({ grade }) => grade));
  return proposals.filter(
    p => !heldGrades.has(p.grade) || (p.kind === 'entity' && !isLoss(p)),
  );
}

function isLoss(proposal: Proposal): boolean {
  return proposal.kind === 'entity' && proposal.loss && !proposal.isHandedOver;
}
