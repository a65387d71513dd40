import type { LoggerService } from '@backstage/backend-plugin-api';
import type {
  AzureDevOpsClient,
  Repository,
  RepositoryList,
} from '../azure/types';
import type { ProviderSettings } from '../config/settings';
import type { RepositoryContent } from '../content/content';
import type { Ledger } from '../ledger/ledger';
import { type Organization } from '../organization';
import { NEWS, planPass, weakestEvidence } from '../policy/plan';
import type { Selection } from '../policy/select';
import type { Applier } from './apply';
import type { DescriptorParser } from './descriptor-parser';
import { askForDeletions } from './deletions';
import { Halt } from './halt';
import { askForHints, type HintMemory } from './hints';
import { type OnHeldBack, removeWhatIsGone } from './removal';
import type { OrganizationReport, Trace } from './report';
import type { OnChanges } from './probe-writer';
import type { Turns } from './turns';
import { walk } from './walk';

export interface PassInput {
  readonly organization: Organization;
  readonly client: AzureDevOpsClient;
  readonly settings: ProviderSettings;
  readonly parser: DescriptorParser;
  readonly turns: Turns;
  readonly ledger: Ledger;
  readonly hintMemory: HintMemory;
  readonly applier: Applier;
  readonly logger: LoggerService;
  readonly clock: { now(): number };
  readonly signal?: AbortSignal;
  /** Aborted when the time for reading is over, with an error that says so: what is known by then is still applied and removed. */
  readonly deadline: AbortSignal;
  readonly list: OrganizationList;
  /** The ledger's ticket as of before the list was asked for. */
  readonly seenAt: number;
  /** Filled as the pass goes. */
  readonly report: OrganizationReport;
  /** Other content of the same repositories, which is kept fresh by what the pass finds out. */
  readonly content?: Pick<RepositoryContent, 'confirmNames' | 'invalidate'>;
  /** The settings of the other providers. */
  readonly others?: readonly ProviderSettings[];
  readonly trace?: Trace;
  readonly onChanges?: OnChanges;
  readonly onHeldBack: OnHeldBack;
}

/** An organization's list of repositories, and what is selected of it. */
export interface OrganizationList extends Selection, RepositoryList {}

/**
 * One walk over one organization. What it finds out is written down as it goes.
 * Throws on an abort, or when the database fails; whatever else fails is in the
 * report.
 *
 * @returns removes what is gone: for when all organizations were read, since what
 * one of them lost another may have
 */
export async function passOrganization(
  input: PassInput,
): Promise<() => Promise<void>> {
  const { organization, settings, ledger, applier, report, signal } = input;
  const { repositories, selected, skipped, odd } = input.list;
  const startedAt = input.clock.now();
  const halt = new Halt(input);
  const signatureOf = (repository: Repository) =>
    repositorySignature(settings.paths, input.parser, repository);

  input.content?.confirmNames(input.organization, repositories);
  report.repositories.seen = repositories.length;
  report.repositories.selected = selected.length;
  for (const { reason } of skipped) {
    report.repositories.skipped[reason] =
      (report.repositories.skipped[reason] ?? 0) + 1;
  }

  const known = await ledger.repositoriesIn(organization.key);
  const lastPassAt = await ledger.reports.lastPassAt(organization.key);
  const hinted = await askForHints({
    ...input,
    signal: halt.signal,
    lastPassAt,
    repositories,
    selected,
    known,
    now: startedAt,
  });
  const removals = ledger.removalsIn(organization.key);
  const proposals = await removals.proposals();
  const doubtful = weakestEvidence(proposals);
  const plan = planPass({
    selected,
    skipped,
    odd,
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
  if (odd.length > 0) {
    report.problems.push(describeOdd(report, odd));
  }
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

  const conclusive = await walk({
    ...input,
    halt,
    plan,
    known,
    signatureOf,
  });
  const undecided = new Set([
    ...plan.probes
      .map(({ repository }) => repository.id)
      .filter(id => !conclusive.has(id)),
    ...plan.missing.map(({ id }) => id),
    ...skipped
      .filter(({ evidence }) => evidence === 'state')
      .map(({ repository }) => repository.id),
  ]);
  report.outcome =
    report.probes.unknown === 0 &&
    halt.notLookedAt.length === 0 &&
    odd.length === 0
      ? 'complete'
      : 'incomplete';
  if (halt.notLookedAt.length > 0) {
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
        undecided,
        now: startedAt,
      });
    await input.onHeldBack(organization.key, heldBack);
    report.removals.released += released;
    report.removals.heldBack.push(...heldBack);
    report.problems.push(...problems);
    await removals.deleteEmptyRepositories(forgettable);
    await applier.applyPending({ wait: true, signal });
    if (halt.notLookedAt.length === 0) {
      // Otherwise the next pass has to verify all the more.
      await ledger.reports.notePass(organization.key, startedAt);
    }
  };
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

/** What a probe of a repository depends on beside the repository's content. */
export function repositorySignature(
  paths: ProviderSettings['paths'],
  parser: DescriptorParser,
  repository: Repository,
): string {
  return paths
    .map(path =>
      path.kind === 'literal'
        ? parser.signature(repository, path.path)
        : `${path.pattern} ${parser.signature(repository, path.scopePath)}`,
    )
    .join(' ');
}
