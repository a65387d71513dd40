import { AzureDevOpsRequestError } from '../azure/errors';
import type {
  AzureDevOpsClient,
  Repository,
  RepositoryList,
} from '../azure/types';
import { withoutStatement } from '../ledger/statement';
import type { Organization } from '../organization';
import { NEWS, planPass, weakestEvidence, type Plan } from '../policy/plan';
import {
  selectRepositories,
  unselectedAmong,
  type OrganizationList,
} from '../policy/select';
import type { Applier } from './apply';
import type { RefreshContext } from './context';
import { askForDeletions } from './deletions';
import { DescriptorParser } from './descriptor-parser';
import { Halt } from './halt';
import { askForHints } from './hints';
import type { OnChanges } from './probe-writer';
import type { ReadingTime } from './reading-time';
import { removeWhatIsGone } from './removal';
import { type OrganizationReport, untraced } from './report';
import { walk } from './walk';
import { errorOf, messageOf } from '../thrown';

interface PassInput extends RefreshContext {
  readonly organization: Organization;
  readonly applier: Applier;
  /** What is known when it is over is still applied and removed. */
  readonly readingTime: ReadingTime;
  readonly signal?: AbortSignal;
  /** The ledger's ticket as of before the list is asked for. */
  readonly seenAt: number;
  /** Filled as the pass goes. */
  readonly report: OrganizationReport;
}

/** A pass that has read its organization, or could not. */
interface Pass {
  /** The organization's list, if it could be had. */
  readonly list?: OrganizationList;
  /**
   * The other half of the pass, for when all organizations were read: what one of
   * them lost another may have. Throws nothing.
   */
  removeWhatIsGone(): Promise<void>;
}

/**
 * One walk over one organization. What it finds out is written down as it goes.
 * That it fails is its own: it ends in the report, and the other organizations go
 * on.
 */
export async function passOrganization(input: PassInput): Promise<Pass> {
  const { organization, report, trace = untraced } = input;
  return await trace(
    'pass',
    { organization: organization.label },
    async span => {
      const pass = await passAlone(input);
      span.setAttribute('outcome', report.outcome);
      return pass;
    },
  );
}

async function passAlone(input: PassInput): Promise<Pass> {
  const { organization, ledger, readingTime, signal } = input;
  const deadline = readingTime.signal;
  const readSignal = signal ? AbortSignal.any([signal, deadline]) : deadline;
  const changedProjects = new Set<string>();
  let list: OrganizationList | undefined;
  let remove: (() => Promise<void>) | undefined;
  try {
    const client = input.clients.forOrganization(organization, {
      deadlineMs: readingTime.requestMs,
    });
    list = await listRepositories(input, client, readSignal);
    remove = await readOrganization({
      ...input,
      client,
      list,
      parser: new DescriptorParser({ ...input, signal: readSignal }),
      onChanges: changes => {
        changes.forEach(({ projectId }) => changedProjects.add(projectId));
        input.follower?.noteChanges(changes);
      },
    });
  } catch (error) {
    const isLate = deadline.aborted && !signal?.aborted;
    await noteFailure(
      input,
      isLate ? asLate(error, deadline.reason as Error) : error,
    );
  }
  return {
    list,
    async removeWhatIsGone() {
      if (!remove) return;
      try {
        await remove();
        await ledger.projectEvents.countUnannounced(organization.key, [
          ...changedProjects,
        ]);
      } catch (error) {
        await noteFailure(input, error);
      }
    },
  };
}

async function listRepositories(
  { organization, settings, ledger, clock, follower }: PassInput,
  client: AzureDevOpsClient,
  signal: AbortSignal,
): Promise<OrganizationList> {
  const { repositories, odd } = await client.listRepositories({ signal });
  const selection = selectRepositories({ settings, repositories });
  if (odd.length === 0) {
    await ledger.reports.noteList(organization.key, clock.now());
  }
  follower?.noteUnselected(
    organization.key,
    unselectedAmong(selection.skipped),
  );
  return { repositories, odd, ...selection };
}

interface ReadInput extends PassInput {
  readonly client: AzureDevOpsClient;
  readonly parser: DescriptorParser;
  readonly list: OrganizationList;
  readonly onChanges: OnChanges;
}

/**
 * Throws on an abort, or when the database fails; whatever else fails is in the
 * report.
 *
 * @returns removes what is gone
 */
async function readOrganization(
  input: ReadInput,
): Promise<() => Promise<void>> {
  const { organization, settings, ledger, applier, report, signal } = input;
  const { list, parser } = input;
  const { repositories, selected, skipped, odd } = list;
  const startedAt = input.clock.now();
  const halt = new Halt({ ...input, deadline: input.readingTime.signal });
  const signatureOf = (repository: Repository) =>
    parser.repositorySignature(repository, settings.paths);

  input.content?.confirmNames(organization, repositories);
  countListed(report, list);
  const known = await ledger.repositoriesIn(organization.key);
  const lastPassAt = await ledger.reports.lastPassAt(organization.key);
  const hinted = await askForHints({
    ...input,
    hintMemory: input.memory.hints,
    signal: halt.signal,
    lastPassAt,
    repositories,
    selected,
    known,
    now: startedAt,
  });
  const removals = ledger.removalsIn(organization.key);
  const doubtful = weakestEvidence(await removals.proposals());
  const plan = planPass({
    ...list,
    known,
    branch: settings.branch,
    signatureOf,
    doubtful,
    hinted,
    now: startedAt,
    lastPassAt,
    verifyEveryMs: settings.verifyEveryMs,
  });
  report.repositories.missing = plan.missing.length;
  await removals.takeBack(plan.takenBack, input.seenAt);
  const listed = new Map(
    repositories.map(({ id, project }) => [id, project.id]),
  );
  // First, since the probes may be halted.
  const deletions = await askForDeletions({
    ...input,
    signal: halt.signal,
    missing: plan.missing,
    listed,
  });
  const conclusive = await walk({ ...input, halt, plan, known });

  const isAllLookedAt = halt.notLookedAt.length === 0;
  report.outcome =
    report.probes.unknown === 0 && isAllLookedAt && odd.length === 0
      ? 'complete'
      : 'incomplete';
  if (!isAllLookedAt) {
    report.problems.push(halt.describe());
  }
  if (halt.notLookedAt.some(({ reason }) => NEWS.includes(reason))) {
    // What is gone from one repository may be in one of these.
    return async () => await applier.applyPending({ wait: true, signal });
  }

  return async () => {
    // Of what events take away from now on the next refresh knows nothing yet.
    await removals.resetReleased();
    const { released, heldBack, problems, forgettable } =
      await removeWhatIsGone({
        ...input,
        plan,
        skipped,
        known,
        listed,
        deletions,
        odd,
        doubtful,
        undecided: undecidedOf(plan, list, conclusive),
        now: startedAt,
      });
    await input.onHeldBack(organization.key, heldBack);
    report.removals.released += released;
    report.removals.heldBack.push(...heldBack);
    report.problems.push(...problems);
    await removals.deleteEmptyRepositories(forgettable);
    await applier.applyPending({ wait: true, signal });
    if (isAllLookedAt) {
      // Otherwise the next pass has to verify all the more.
      await ledger.reports.notePass(organization.key, startedAt);
    }
  };
}

function countListed(
  report: OrganizationReport,
  { repositories, selected, skipped, odd }: OrganizationList,
): void {
  const counts = report.repositories;
  counts.seen = repositories.length;
  counts.selected = selected.length;
  for (const { reason } of skipped) {
    counts.skipped[reason] = (counts.skipped[reason] ?? 0) + 1;
  }
  if (odd.length > 0) {
    report.problems.push(describeOdd(report, odd));
  }
}

/** Ids of known repositories of which this pass did not find out what they have. */
function undecidedOf(
  { probes, missing }: Plan,
  { skipped }: OrganizationList,
  conclusive: ReadonlySet<string>,
): Set<string> {
  return new Set([
    ...probes
      .map(({ repository }) => repository.id)
      .filter(id => !conclusive.has(id)),
    ...missing.map(({ id }) => id),
    ...skipped
      .filter(({ evidence }) => evidence === 'state')
      .map(({ repository }) => repository.id),
  ]);
}

/** What is wrong with elements of the list, in one line. */
function describeOdd(
  { organization }: OrganizationReport,
  odd: RepositoryList['odd'],
): string {
  const [first] = odd;
  return (
    `${organization}: ${odd.length} of the elements of the list of repositories ${odd.length === 1 ? 'is' : 'are'} odd and left out: ` +
    `${first?.seen}${odd.length > 1 ? ', for one' : ''}. What they gave before stays in the catalog; check that no proxy alters what the service answers`
  );
}

async function noteFailure(
  { settings, organization, report, logger, explain, signal }: PassInput,
  error: unknown,
): Promise<void> {
  const failure = withoutStatement(error);
  report.outcome = 'failed';
  const message =
    (await explain?.(failure, organization)) ?? messageOf(failure);
  // In one line that begins with the organization.
  report.problems.push(
    message.startsWith(organization.label)
      ? message
      : `${organization.label}: ${message}`,
  );
  if (!signal?.aborted) {
    logger.warn(
      `${settings.providerName}: the pass over ${organization.label} failed; what it gave before stays in the catalog`,
      errorOf(failure),
    );
  }
}

/** What was being asked for when the time for reading was over. */
function asLate(error: unknown, { message }: Error): Error {
  return error instanceof AzureDevOpsRequestError
    ? new Error(`could not ${error.operation}: ${message}`)
    : new Error(message);
}
