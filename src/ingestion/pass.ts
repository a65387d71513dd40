import type { LoggerService } from '@backstage/backend-plugin-api';
import type { AzureDevOpsClient, Repository } from '../azure/types';
import type { ProviderSettings } from '../config/index';
import type { Ledger } from '../ledger/ledger';
import type { ProbeRecord } from '../ledger/record';
import { type Organization } from '../organization';
import type { Applier } from './apply';
import type { DescriptorParser } from './descriptor-parser';
import { askForHints, countMissedChange, type HintMemory } from './hints';
import {
  type PathObservation,
  type KnownRepository,
  describeRejection,
} from '../policy/model';
import { planPass, type Plan, type PlannedProbe } from '../policy/plan';
import { probeRepository } from './probe';
import { Recorder } from './recorder';
import { removeWhatIsGone } from './removal';
import type { RepositoryContent } from '../content/content';
import { selectRepositories } from '../policy/select';
import type { OrganizationReport } from './report';

/** How many probes are under way at most: more than the client has slots for, so that none stands empty, and no more than that. */
const IN_FLIGHT = 40;
/** How many repositories' descriptors are looked up in the ledger at a time. */
const LOOKAHEAD = 2_000;
/** How often a probe is repeated that another replica's write overtook. */
const MAX_REPEATS = 3;
/** How many reasons a report spells out. */
const MAX_PROBLEMS = 20;

export interface PassInput {
  readonly organization: Organization;
  readonly client: AzureDevOpsClient;
  readonly settings: ProviderSettings;
  readonly parser: DescriptorParser;
  readonly ledger: Ledger;
  readonly hintMemory: HintMemory;
  readonly applier: Applier;
  readonly logger: LoggerService;
  readonly now: () => number;
  readonly signal?: AbortSignal;
  /** Filled as the pass goes. */
  readonly report: OrganizationReport;
  /** Counts what the catalog was told. */
  readonly told: { added: number; removed: number };
  /** Other content of the same repositories, which is kept fresh by what the pass finds out. */
  readonly content?: Pick<RepositoryContent, 'confirmNames' | 'invalidate'>;
}

/**
 * One walk over one organization. What it finds out is written down as it goes.
 * Throws when the list could not be had, or on an abort; whatever else fails is
 * in the report.
 */
export async function passOrganization(input: PassInput): Promise<void> {
  const { client, settings, ledger, report, now } = input;
  const organization = input.organization.key;
  const startedAt = now();

  const repositories = await client.listRepositories({ signal: input.signal });
  input.content?.confirmNames(input.organization, repositories);
  const { selected, skipped } = selectRepositories({ settings, repositories });
  report.repositories.seen = repositories.length;
  report.repositories.selected = selected.length;
  for (const { reason } of skipped) {
    report.repositories.skipped[reason] =
      (report.repositories.skipped[reason] ?? 0) + 1;
  }

  const known = await ledger.repositoriesIn(
    organization,
    repositories.map(({ id }) => id),
  );
  const lastPassAt = await ledger.reports.lastPassAt(organization);
  const hinted = await askForHints({
    ...input,
    organization,
    lastPassAt,
    repositories,
    selected,
    known,
    now: startedAt,
  });
  const proposals = await ledger.removals.proposals(organization);
  const plan = planPass({
    selected,
    skipped,
    known,
    organization,
    branch: settings.branch,
    signatureOf: repository => signatureOf(input, repository),
    doubtful: new Map(proposals.map(p => [p.repositoryId, p.grade])),
    hinted,
    now: startedAt,
    lastPassAt,
    verifyEveryMs: settings.verifyEveryMs,
  });
  report.repositories.missing = plan.missing.length;
  await ledger.removals.listedAgain(plan.listedAgain);

  await probeAll(input, organization, plan, known);

  const complete = report.probes.unknown === 0;
  if (report.probes.unknown > MAX_PROBLEMS) {
    report.problems.push(
      `${report.organization}: in all, ${report.probes.unknown} repositories could not be read; what they gave before stays in the catalog`,
    );
  }
  report.outcome = complete ? 'complete' : 'incomplete';
  await removeWhatIsGone({ ...input, key: organization, plan, complete });
  await ledger.reports.notePass(organization, startedAt, complete, report);
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
  input: PassInput,
  organization: string,
  plan: Plan,
  known: ReadonlyMap<string, KnownRepository>,
): Promise<void> {
  const recorder = await Recorder.start(input);
  let round: readonly PlannedProbe[] = plan.probes;
  for (const { reason } of round) {
    const { reasons } = input.report.probes;
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  try {
    for (let attempt = 0; round.length > 0; attempt++) {
      try {
        await probeRound(
          {
            ...input,
            organizationKey: organization,
            known,
            recorder,
          },
          round,
          attempt,
        );
      } finally {
        // An abort keeps what was found out until then.
        await recorder.flush();
      }
      const byId = new Map(round.map(probe => [probe.repository.id, probe]));
      round = recorder.takeOvertaken().flatMap(record => {
        const probe = byId.get(record.repository.id);
        // Overtaken probes are not yet counted as anything else.
        uncount(input.report, record);
        return probe ? [probe] : [];
      });
    }
  } finally {
    input.told.added += recorder.applied.added;
    input.told.removed += recorder.applied.removed;
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
    readonly organizationKey: string;
    readonly known: ReadonlyMap<string, KnownRepository>;
    readonly recorder: Recorder;
  },
  probes: readonly PlannedProbe[],
  attempt: number,
): Promise<void> {
  const { ledger, signal, known, recorder } = input;
  for (let start = 0; start < probes.length; start += LOOKAHEAD) {
    const section = probes.slice(start, start + LOOKAHEAD);
    // A repository that was never seen has nothing in the ledger to look up.
    const descriptors = await ledger.descriptors(
      section
        .filter(({ repository }) => known.has(repository.id))
        .map(({ repository }) => repository.id),
    );
    await forEachAtMost(IN_FLIGHT, section, async ({ repository, reason }) => {
      signal?.throwIfAborted();
      const startTicket = recorder.currentTicket;
      const former = descriptors.get(repository.id) ?? [];
      const { paths, unknown } =
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
      count(input.report, repository, unknown);
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
      await recorder.add({
        repository: {
          id: repository.id,
          name: repository.name,
          projectId: repository.project.id,
          project: repository.project.name,
          organization: input.organizationKey,
        },
        branch: input.settings.branch ?? repository.defaultBranch,
        signature: signatureOf(input, repository),
        startTicket,
        paths,
        unknown: unknown?.message,
      });
    });
  }
}

/** Says of each file that was just read which of its documents were rejected, and where. */
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
      `${report.organization}: could not tell what ${repository.project.name}/${repository.name} has: ${unknown.message.replace(`${report.organization}: `, '')}`,
    );
  }
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
