import type { LoggerService } from '@backstage/backend-plugin-api';
import { counted } from '../counted';
import { AzureDevOpsRequestError, isRejectedByLimiter } from '../azure/errors';
import type { AzureDevOpsClient, Repository } from '../azure/types';
import { mapAtMost, type Turns } from '../concurrency';
import { DOCUMENTATION } from '../documentation';
import type { ProviderSettings } from '../config/settings';
import type { RepositoryContent } from '../content/content';
import type { Ledger } from '../ledger/ledger';
import { type Organization } from '../organization';
import { selectRepositories, type SelectionSettings } from '../policy/select';
import {
  type KnownDescriptor,
  type KnownRepository,
  type PathObservation,
  describeRejection,
} from '../policy/model';
import type { Plan, PlannedProbe } from '../policy/plan';
import type { Applier } from './apply';
import type { DescriptorParser } from './descriptor-parser';
import type { Halt } from './halt';
import { countMissedChange } from './hints';
import { OverBudgetError, probeRepository, type ProbeFindings } from './probe';
import {
  type Findings,
  type OnChanges,
  ProbeWriter,
  type RefusedFinding,
} from './probe-writer';
import { type OrganizationReport, type Trace, untraced } from './report';

/** How many probes are under way at most: more than the client has slots for, so that none stands empty, and no more than that. */
export const IN_FLIGHT = 40;
/** How many repositories' descriptors are looked up in the ledger at a time. */
const LOOKAHEAD = 2_000;
/** How often a probe is repeated that another replica's write overtook. */
const MAX_REPEATS = 3;
/** How many reasons a report spells out. */
const MAX_PROBLEMS = 20;

interface WalkInput {
  readonly organization: Organization;
  readonly client: AzureDevOpsClient;
  readonly settings: Pick<ProviderSettings, 'paths'> & SelectionSettings;
  readonly parser: DescriptorParser;
  readonly turns: Turns;
  readonly ledger: Ledger;
  readonly applier: Applier;
  readonly logger: LoggerService;
  readonly clock: { now(): number };
  readonly halt: Halt;
  readonly plan: Plan;
  /** What the ledger knows of the repositories, by id. */
  readonly known: ReadonlyMap<string, KnownRepository>;
  /** The ledger's ticket as of before the service was asked for the plan's repositories. */
  readonly seenAt: number;
  /** Filled as the walk goes. */
  readonly report: OrganizationReport;
  readonly content?: Pick<RepositoryContent, 'invalidate'>;
  readonly trace?: Trace;
  readonly onChanges?: OnChanges;
}

/**
 * Looks at the repositories of a plan, and writes down what it finds as it goes.
 * What was overtaken by another replica's write is looked up and looked at again.
 *
 * @returns the ids of the repositories of which it is known now what they have
 * @throws on an abort, or when the database fails
 */
export async function walk(input: WalkInput): Promise<ReadonlySet<string>> {
  return await new Walker(input, new ProbeWriter(input)).run();
}

class Walker {
  /** How the look at each repository ended, by its id. */
  private readonly ends = new Map<string, 'conclusive' | 'unknown'>();

  constructor(
    private readonly input: WalkInput,
    private readonly writer: ProbeWriter,
  ) {}

  async run(): Promise<ReadonlySet<string>> {
    const { plan, report, ledger } = this.input;
    const planned = new Map(plan.probes.map(it => [it.repository.id, it]));
    let round: readonly PlannedProbe[] = plan.probes;
    let { seenAt } = this.input;
    for (let attempt = 0; round.length > 0; attempt++) {
      try {
        await this.probeRound(round, attempt, seenAt);
      } finally {
        // An abort keeps what was found out until then.
        await this.writer.flush();
      }
      this.writer.takeRefused().forEach(refused => {
        this.countRefused(refused, planned.get(refused.repositoryId));
      });
      round = [...this.writer.takeOvertaken()].flatMap(id => {
        const probe = planned.get(id);
        // One that was broken off is in the next refresh.
        return probe && this.uncount(id) ? [probe] : [];
      });
      seenAt = await ledger.currentTicket();
    }
    if (report.probes.unknown > MAX_PROBLEMS) {
      report.problems.push(
        `${report.organization}: in all, ${counted(report.probes.unknown, 'repository')} could not be read; what they gave before stays in the catalog`,
      );
    }
    return new Set(
      [...this.ends].flatMap(([id, end]) => (end === 'conclusive' ? [id] : [])),
    );
  }

  private async probeRound(
    probes: readonly PlannedProbe[],
    attempt: number,
    seenAt: number,
  ): Promise<void> {
    const { halt } = this.input;
    let lookUp: ReturnType<Walker['descriptorsOf']>;
    await mapAtMost(
      IN_FLIGHT,
      [...probes.entries()],
      async ([index, planned]) => {
        // The last of one section are looked at while the next is looked up.
        if (index % LOOKAHEAD === 0) {
          lookUp = this.descriptorsOf(probes.slice(index, index + LOOKAHEAD));
        }
        const descriptors = await lookUp;
        await halt.unlessHalted(planned, async () => {
          const { id } = planned.repository;
          this.writer.begin(id, seenAt);
          await this.tracedProbe(planned, descriptors.get(id) ?? [], attempt);
        });
      },
    );
  }

  /** What the ledger knows of the descriptors of repositories, by their ids. */
  private async descriptorsOf(
    probes: readonly PlannedProbe[],
  ): ReturnType<Ledger['descriptors']> {
    const { ledger, organization, known } = this.input;
    const ids = probes.map(({ repository }) => repository.id);
    // A repository that was never seen has nothing in the ledger to look up.
    return await ledger.descriptors(
      organization.key,
      ids.filter(id => known.has(id)),
    );
  }

  private async tracedProbe(
    planned: PlannedProbe,
    former: readonly KnownDescriptor[],
    attempt: number,
  ): Promise<void> {
    const { trace = untraced } = this.input;
    const { id, name, project } = planned.repository;
    const attributes = {
      project: project.name,
      repository: name,
      reason: planned.reason,
    };
    await trace('probe', attributes, async span => {
      await this.probe(planned, former, attempt);
      span.setAttribute('outcome', this.ends.get(id) ?? 'unknown');
    });
  }

  private async probe(
    { repository: planned, reason }: PlannedProbe,
    former: readonly KnownDescriptor[],
    attempt: number,
  ): Promise<void> {
    const { client, parser, turns, settings } = this.input;
    const { halt, logger, report, content } = this.input;
    const { writer } = this;
    const { repository, notLookedAt } =
      attempt === 0
        ? { repository: planned }
        : await this.lookUpAgain(planned, attempt);
    // Repeated probes find the same change again.
    const isVerified = reason === 'verify' && attempt === 0;
    const news: PathObservation[] = [];
    let isRead = false;
    const handOn = async (found: readonly PathObservation[]) => {
      logRejectedDocuments(logger, found);
      isRead ||= found.some(({ outcome }) => outcome === 'present');
      if (isVerified) news.push(...found.map(withoutContent));
      await writer.add(this.findingsOn(repository, found));
    };
    const { unchanged, unknown, brokenOff }: ProbeFindings = notLookedAt
      ? { unchanged: [], unknown: notLookedAt }
      : await probeRepository({
          client,
          parser,
          turns,
          settings,
          repository,
          known: former,
          expectChange: reason !== 'verify',
          handOn,
          signal: halt.signal,
        });
    if (isVerified) {
      countMissedChange(report, former, news);
    }
    // Other files of the repository may have changed with its descriptors.
    if (reason === 'changed' || isRead) {
      content?.invalidate(repository.id);
    }
    const cause = brokenOff ? halt.outOfTime : unknown;
    if (brokenOff && !cause) {
      throw brokenOff.reason;
    }
    this.count(repository, cause);
    if (attempt === 0) {
      const { reasons } = report.probes;
      reasons[reason] = (reasons[reason] ?? 0) + 1;
    }
    await writer.add({
      ...this.findingsOn(repository, brokenOff ? [] : unchanged),
      end: { unknown: cause?.message },
    });
  }

  /** By now it may have another name or branch, be disabled, or be gone: then it is not looked at. */
  private async lookUpAgain(
    repository: Repository,
    attempt: number,
  ): Promise<{ repository: Repository; notLookedAt?: Error }> {
    const { client, settings, halt } = this.input;
    if (attempt >= MAX_REPEATS) {
      const notLookedAt = new Error(
        'other replicas wrote about the repository again and again while it was read',
      );
      return { repository, notLookedAt };
    }
    try {
      const found = await client.getRepository({
        repository: repository.id,
        signal: halt.signal,
      });
      const { skipped } = selectRepositories({
        settings,
        repositories: found ? [found] : [],
      });
      // That it is empty takes a probe to prove.
      return found && skipped.every(({ reason }) => reason === 'empty')
        ? { repository: found }
        : {
            repository,
            notLookedAt: new Error(
              'it was deleted, disabled or renamed while it was read',
            ),
          };
    } catch (error) {
      if (halt.signal.aborted || isRejectedByLimiter(error)) {
        throw error;
      }
      return { repository, notLookedAt: error as Error };
    }
  }

  private findingsOn(
    repository: Repository,
    paths: readonly PathObservation[],
  ): Findings {
    const { organization, settings, parser } = this.input;
    return {
      repository: {
        id: repository.id,
        name: repository.name,
        projectId: repository.project.id,
        project: repository.project.name,
        organization: organization.key,
      },
      branch: settings.branch ?? repository.defaultBranch,
      configuredBranch: settings.branch,
      signature: parser.repositorySignature(repository, settings.paths),
      paths,
    };
  }

  private count(repository: Repository, unknown: Error | undefined): void {
    const { report } = this.input;
    const end = unknown ? 'unknown' : 'conclusive';
    this.ends.set(repository.id, end);
    report.probes[end] += 1;
    if (unknown && report.problems.length < MAX_PROBLEMS) {
      report.problems.push(describeUnknown(report, repository, unknown));
    }
  }

  /** What is looked at once more is not yet counted as anything; `false` where it was not counted before. */
  private uncount(id: string): boolean {
    const end = this.ends.get(id);
    if (end) {
      this.input.report.probes[end] -= 1;
      this.ends.delete(id);
    }
    return end !== undefined;
  }

  /** A repository of which something could not be written down is not known. */
  private countRefused(
    { repositoryId, path, message }: RefusedFinding,
    planned: PlannedProbe | undefined,
  ): void {
    this.uncount(repositoryId);
    if (planned) {
      this.count(
        planned.repository,
        new Error(`the database did not take what ${path} gives: ${message}`),
      );
    }
  }
}

/** As much of an observation as says whether something has changed. */
function withoutContent(observation: PathObservation): PathObservation {
  return observation.outcome === 'present'
    ? { ...observation, claims: [], rejections: [] }
    : observation;
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

function describeUnknown(
  { organization }: OrganizationReport,
  { project, name }: Repository,
  unknown: Error,
): string {
  const repository = `${project.name}/${name}`;
  if (unknown instanceof OverBudgetError) {
    return (
      `${organization}: ${repository} is rejected from there on: ${unknown.message}. ` +
      `What was read before stays in the catalog, and so does what the other files gave before. What to do: divide the repository, take out files that are not for the catalog, or name narrower paths with the setting \`path\` (${DOCUMENTATION}/limits.md)`
    );
  }
  // The message names the organization again.
  const message = unknown.message.replace(`${organization}: `, '');
  return `${organization}: could not tell what ${repository} has: ${message}${adviceOn(unknown)}`;
}

/** What to do about a repository that is in the list, and whose files the service denies or does not find. */
function adviceOn(error: Error): string {
  return error instanceof AzureDevOpsRequestError &&
    ['forbidden', 'not-found'].includes(error.fault.kind)
    ? '. It is listed but cannot be read: enable it if it is disabled, give the identity the permission Read (Project settings > Repositories > Security), or exclude it with the setting `repository`'
    : '';
}
