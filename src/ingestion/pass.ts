import { setMaxListeners } from 'node:events';
import type { LoggerService } from '@backstage/backend-plugin-api';
import { AzureDevOpsRequestError, isRejectedByLimiter } from '../azure/errors';
import type { AzureDevOpsClient, Repository } from '../azure/types';
import type { ProviderSettings } from '../config/index';
import type { Ledger } from '../ledger/ledger';
import type { ProbeRecord } from '../ledger/record';
import { type Organization } from '../organization';
import type { Applier } from './apply';
import type { DescriptorParser } from './descriptor-parser';
import { askForDeletions } from './deletions';
import { askForHints, countMissedChange, type HintMemory } from './hints';
import {
  type PathObservation,
  type KnownRepository,
  describeRejection,
} from '../policy/model';
import { NEWS, planPass, type Plan, type PlannedProbe } from '../policy/plan';
import { probeRepository, type ProbeFindings } from './probe';
import { ProbeWriter } from './probe-writer';
import { removeWhatIsGone } from './removal';
import type { RepositoryContent } from '../content/content';
import type { Selection } from '../policy/select';
import type { OrganizationReport } from './report';

/** How many probes are under way at most: more than the client has slots for, so that none stands empty, and no more than that. */
const IN_FLIGHT = 40;
/** How many repositories' descriptors are looked up in the ledger at a time. */
const LOOKAHEAD = 2_000;
/** How often a probe is repeated that another replica's write overtook. */
const MAX_REPEATS = 3;
/** How many reasons a report spells out. */
const MAX_PROBLEMS = 20;
/** What a record bears whose probe found out only a part. */
const BROKEN_OFF = 'the look at the repository was broken off';

export interface PassInput {
  readonly organization: Organization;
  readonly client: AzureDevOpsClient;
  readonly settings: ProviderSettings;
  readonly parser: DescriptorParser;
  readonly ledger: Ledger;
  readonly hintMemory: HintMemory;
  readonly applier: Applier;
  readonly logger: LoggerService;
  readonly clock: { now(): number };
  readonly signal?: AbortSignal;
  readonly list: OrganizationList;
  /** Filled as the pass goes. */
  readonly report: OrganizationReport;
  /** Other content of the same repositories, which is kept fresh by what the pass finds out. */
  readonly content?: Pick<RepositoryContent, 'confirmNames' | 'invalidate'>;
}

/** An organization's list of repositories, and what is selected of it. */
export interface OrganizationList extends Selection {
  readonly repositories: readonly Repository[];
}

/**
 * One walk over one organization. What it finds out is written down as it goes.
 * Throws on an abort, or when the database fails; whatever else fails is in the
 * report.
 */
export async function passOrganization(input: PassInput): Promise<void> {
  const { organization, settings, ledger, applier, report, signal } = input;
  const { repositories, selected, skipped } = input.list;
  const startedAt = input.clock.now();

  input.content?.confirmNames(input.organization, repositories);
  report.repositories.seen = repositories.length;
  report.repositories.selected = selected.length;
  for (const { reason } of skipped) {
    report.repositories.skipped[reason] =
      (report.repositories.skipped[reason] ?? 0) + 1;
  }

  await ledger.adoptRenamed(
    organization.key,
    repositories.map(({ id }) => id),
    settings.organizations.map(({ key }) => key),
  );
  const known = await ledger.repositoriesIn(organization.key);
  const lastPassAt = await ledger.reports.lastPassAt(organization.key);
  const hinted = await askForHints({
    ...input,
    lastPassAt,
    repositories,
    selected,
    known,
    now: startedAt,
  });
  const removals = ledger.removalsIn(organization.key);
  const proposals = await removals.proposals();
  const doubtful = new Map(proposals.map(p => [p.repositoryId, p.grade]));
  const plan = planPass({
    selected,
    skipped,
    known,
    branch: settings.branch,
    signatureOf: repository => signatureOf(input, repository),
    doubtful,
    hinted,
    now: startedAt,
    lastPassAt,
    verifyEveryMs: settings.verifyEveryMs,
  });
  report.repositories.missing = plan.missing.length;
  await removals.resetMissed(plan.listedAgain);
  const listed = new Map(
    repositories.map(({ id, project }) => [id, project.id]),
  );
  // First, since the probes may come to an end by throttling.
  const deletions = await askForDeletions({
    ...input,
    missing: plan.missing,
    listed,
  });

  const halt = new ThrottlingHalt(input);
  await probeAll({ ...input, halt, signal: halt.signal }, plan, known);
  if (report.probes.unknown > MAX_PROBLEMS) {
    report.problems.push(
      `${report.organization}: in all, ${report.probes.unknown} repositories could not be read; what they gave before stays in the catalog`,
    );
  }
  report.outcome =
    report.probes.unknown === 0 && halt.notLookedAt.length === 0
      ? 'complete'
      : 'incomplete';
  if (halt.notLookedAt.length > 0) {
    report.problems.push(halt.describe());
  }
  if (halt.notLookedAt.some(({ reason }) => NEWS.includes(reason))) {
    // What is gone from one repository may be in one of these.
    await applier.applyPending({ wait: true, signal });
    return;
  }

  const { released, heldBack, problems } = await removeWhatIsGone({
    ...input,
    plan,
    known,
    listed,
    deletions,
    doubtful,
    now: startedAt,
  });
  report.removals.released += released;
  report.removals.heldBack.push(...heldBack);
  report.problems.push(...problems);
  await applier.applyPending({ wait: true, signal });
  if (halt.notLookedAt.length === 0) {
    // Otherwise the next pass has to verify all the more.
    await ledger.reports.notePass(organization.key, startedAt);
  }
}

/**
 * Ends the probing of a pass as soon as the service throttles for longer than
 * requests wait: the other organizations must not wait for this one, and what
 * was not looked at is due again in the next refresh.
 */
class ThrottlingHalt {
  /** Aborted with the pass, or when probing ends. */
  readonly signal: AbortSignal;
  readonly notLookedAt: PlannedProbe[] = [];
  private readonly controller = new AbortController();
  private until: number | undefined;
  private cause: string | undefined;

  constructor(
    private readonly input: Pick<
      PassInput,
      'organization' | 'signal' | 'clock'
    >,
  ) {
    const { signal } = input;
    const own = this.controller.signal;
    this.signal = signal ? AbortSignal.any([signal, own]) : own;
    setMaxListeners(0, this.signal);
  }

  /** Probes a repository, unless probing has ended. */
  async unlessHalted(
    planned: PlannedProbe,
    probe: () => Promise<void>,
  ): Promise<void> {
    this.input.signal?.throwIfAborted();
    if (this.until !== undefined) {
      this.notLookedAt.push(planned);
      return;
    }
    try {
      await probe();
    } catch (error) {
      this.input.signal?.throwIfAborted();
      if (isRejectedByLimiter(error)) {
        const { retryAfterMs = 0, seen, status } = error.fault;
        // Requests that were answered before know why the others have to wait.
        if (this.cause === undefined || status !== undefined) {
          this.cause = seen;
        }
        this.until = this.input.clock.now() + retryAfterMs;
        this.controller.abort();
      } else if (error !== this.controller.signal.reason) {
        throw error;
      }
      this.notLookedAt.push(planned);
    }
  }

  describe(): string {
    const until = new Date(Math.ceil((this.until ?? 0) / 1_000) * 1_000)
      .toISOString()
      .replace('.000Z', 'Z');
    return (
      `${this.input.organization.label}: ${this.cause}, and nothing is sent until ${until}: ` +
      `${this.notLookedAt.length} repositories were not looked at, and are in the next refresh. What they gave before stays in the catalog`
    );
  }
}

/** What a probe of a repository depends on beside the repository's content. */
function signatureOf(input: PassInput, repository: Repository): string {
  return input.settings.paths
    .map(path =>
      path.kind === 'literal'
        ? input.parser.signature(repository, path.path)
        : `${path.pattern} ${input.parser.signature(repository, path.scopePath)}`,
    )
    .join(' ');
}

async function probeAll(
  input: PassInput & { readonly halt: ThrottlingHalt },
  plan: Plan,
  known: ReadonlyMap<string, KnownRepository>,
): Promise<void> {
  const writer = await ProbeWriter.start(input);
  let round: readonly PlannedProbe[] = plan.probes;
  for (let attempt = 0; round.length > 0; attempt++) {
    try {
      await probeRound(
        {
          ...input,
          known,
          writer,
        },
        round,
        attempt,
      );
    } finally {
      // An abort keeps what was found out until then.
      await writer.flush();
    }
    const byId = new Map(round.map(probe => [probe.repository.id, probe]));
    round = writer.takeOvertaken().flatMap(record => {
      if (record.unknown === BROKEN_OFF) {
        return [];
      }
      const probe = byId.get(record.repository.id);
      // Overtaken probes are not yet counted as anything else.
      uncount(input.report, record);
      return probe ? [probe] : [];
    });
  }
}

function uncount(report: OrganizationReport, record: ProbeRecord): void {
  if (record.unknown === undefined) {
    report.probes.conclusive -= 1;
  } else {
    report.probes.unknown -= 1;
  }
}

async function probeRound(
  input: PassInput & {
    readonly halt: ThrottlingHalt;
    readonly known: ReadonlyMap<string, KnownRepository>;
    readonly writer: ProbeWriter;
  },
  probes: readonly PlannedProbe[],
  attempt: number,
): Promise<void> {
  const { ledger, signal, known, writer } = input;
  for (let start = 0; start < probes.length; start += LOOKAHEAD) {
    const section = probes.slice(start, start + LOOKAHEAD);
    // A repository that was never seen has nothing in the ledger to look up.
    const descriptors = await ledger.descriptors(
      input.organization.key,
      section
        .filter(({ repository }) => known.has(repository.id))
        .map(({ repository }) => repository.id),
    );
    const probe = async ({ repository, reason }: PlannedProbe) => {
      const startTicket = writer.currentTicket;
      const former = descriptors.get(repository.id) ?? [];
      const { paths, unknown, brokenOff }: ProbeFindings =
        attempt < MAX_REPEATS
          ? await probeRepository({
              client: input.client,
              parser: input.parser,
              repository,
              known: former,
              paths: input.settings.paths,
              branch: input.settings.branch,
              expectChange: reason !== 'verify',
              signal,
            })
          : {
              paths: [],
              unknown: new Error(
                'other replicas wrote about the repository again and again while it was read',
              ),
            };
      if (!brokenOff) {
        count(input.report, repository, unknown);
        if (attempt === 0) {
          const { reasons } = input.report.probes;
          reasons[reason] = (reasons[reason] ?? 0) + 1;
        }
      }
      logRejectedDocuments(input.logger, paths);
      // Repeated probes find the same change again.
      if (reason === 'verify' && attempt === 0) {
        countMissedChange(input.report, former, paths);
      }
      // Other files of the repository may have changed with its descriptors.
      if (
        reason === 'changed' ||
        paths.some(({ outcome }) => outcome === 'present')
      ) {
        input.content?.invalidate(repository.id);
      }
      if (!brokenOff || paths.some(({ outcome }) => outcome !== 'unchanged')) {
        await writer.add({
          repository: {
            id: repository.id,
            name: repository.name,
            projectId: repository.project.id,
            project: repository.project.name,
            organization: input.organization.key,
          },
          branch: input.settings.branch ?? repository.defaultBranch,
          signature: signatureOf(input, repository),
          startTicket,
          paths,
          unknown: brokenOff ? BROKEN_OFF : unknown?.message,
        });
      }
      if (brokenOff) {
        throw brokenOff.reason;
      }
    };
    await forEachAtMost(IN_FLIGHT, section, planned =>
      input.halt.unlessHalted(planned, () => probe(planned)),
    );
  }
}

/** Logs of each file that was just read which of its documents were rejected, and where. */
function logRejectedDocuments(
  logger: LoggerService,
  paths: readonly PathObservation[],
): void {
  for (const observation of paths) {
    if (observation.outcome === 'present') {
      for (const note of observation.rejections) {
        logger.warn(`${observation.target}: ${describeRejection(note)}`);
      }
    }
  }
}

function count(
  report: OrganizationReport,
  repository: Repository,
  unknown: Error | undefined,
): void {
  if (!unknown) {
    report.probes.conclusive += 1;
    return;
  }
  report.probes.unknown += 1;
  if (report.problems.length < MAX_PROBLEMS) {
    report.problems.push(
      // The message names the organization again.
      `${report.organization}: could not tell what ${repository.project.name}/${repository.name} has: ${unknown.message.replace(`${report.organization}: `, '')}${adviceOn(unknown)}`,
    );
  }
}

/** What to do about a repository that is in the list, and whose files the service denies or does not find. */
function adviceOn(error: Error): string {
  return error instanceof AzureDevOpsRequestError &&
    ['forbidden', 'not-found'].includes(error.fault.kind)
    ? '. It is listed but cannot be read: enable it if it is disabled, give the identity the permission Read (Project settings > Repositories > Security), or exclude it with the setting `repository`'
    : '';
}

/** Runs `action` for every item, at most `limit` at a time; stops at the first error and waits for what is under way. */
async function forEachAtMost<T>(
  limit: number,
  items: readonly T[],
  action: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  const worker = async () => {
    while (!failed && next < items.length) {
      const item = items[next++] as T;
      try {
        await action(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(
    Array.from({ length: Math.min(limit, items.length) }, worker),
  );
  for (const result of results) {
    if (result.status === 'rejected') {
      throw result.reason;
    }
  }
}
