import type { LoggerService } from '@backstage/backend-plugin-api';
import type { AzureDevOpsClient, Repository } from '../../azure/types';
import type { ProviderSettings } from '../../config/index';
import type { LedgerHints } from '../../ledger/hints';
import type {
  KnownDescriptor,
  PathObservation,
  KnownRepository,
} from '../../policy/model';
import type { ProbeReason } from '../../policy/plan';
import { ActivityHints } from './activity';
import { askSources, type Answers } from './asking';
import { isOff } from './availability';
import { changedFiles } from './changes';
import { CodeSearchHints } from './code-search';
import type { OrganizationMemory } from './memory';
import { hintBudget } from './questions';
import { reportStanding } from './report';
import { describeCaught } from './saying';
import { projectsInQuestion } from './scope';
import { isDue, MOST_SUSPICIONS, review, suspect, type Trust } from './trust';
import { FULL_TRUST, readTrust, writeTrust } from './trust-record';
import type {
  HintProject,
  HintScope,
  HintSource,
  HintSourceName,
  MissedChange,
} from './types';
import type { OrganizationReport } from '../report';

export interface HintInput {
  /** The organization's key. */
  readonly organization: string;
  readonly client: AzureDevOpsClient;
  readonly settings: Pick<ProviderSettings, 'branch' | 'hints' | 'paths'>;
  readonly ledger: LedgerHints;
  readonly memory: OrganizationMemory;
  readonly logger: LoggerService;
  readonly report: OrganizationReport;
  /** When the organization was last passed over; before the first pass nothing is asked. */
  readonly lastPassAt: number | undefined;
  /** The organization's list, and what is selected of it. */
  readonly repositories: readonly Repository[];
  readonly selected: readonly Repository[];
  readonly known: ReadonlyMap<string, KnownRepository>;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly signal?: AbortSignal;
}

/** How one source stands in this pass. */
interface Standing {
  readonly source: HintSource;
  readonly scope: HintScope;
  /** Why it is no use under these settings. */
  readonly unusable: string | undefined;
  /** Ids of the repositories that it names. */
  readonly named: Set<string>;
  readonly missed: MissedChange[];
  requests: number;
}

/** The hints of one pass over one organization. */
export class Consultation {
  /** Ids of the repositories that some source names. */
  readonly repositories = new Set<string>();
  readonly #input: HintInput;
  readonly #trust: Record<HintSourceName, Trust>;
  readonly #savedTrust: string;
  #standings: readonly Standing[] = [];

  private constructor(input: HintInput, trust = FULL_TRUST) {
    this.#input = input;
    this.#trust = { ...trust };
    this.#savedTrust = writeTrust(trust);
  }

  /**
   * Asks the sources which repositories may have changed. What goes wrong is in
   * the report, and costs only hints.
   *
   * @throws on an abort, or when the ledger cannot be read
   */
  static async hold(input: HintInput): Promise<Consultation> {
    const { ledger, organization, settings } = input;
    const { activityMetrics, codeSearch } = settings.hints;
    if (input.lastPassAt === undefined || !(activityMetrics || codeSearch)) {
      return new Consultation(input);
    }
    const projects = projectsInQuestion({
      ...input,
      descriptors: await ledger.descriptorCounts(organization),
    });
    const trust = readTrust(await ledger.trust(organization));
    const consultation = new Consultation(input, trust);
    await consultation.#ask(projects);
    for (const standing of consultation.#standings) {
      reportStanding(input, {
        ...standing,
        name: standing.source.name,
        caught: consultation.#trust[standing.source.name].caught,
        isAskable: consultation.#isAskable(standing),
      });
    }
    return consultation;
  }

  /** Notes what a probe found, so that sources that could have named it and did not are held to account. */
  found(
    repository: Repository,
    reason: ProbeReason,
    known: readonly KnownDescriptor[],
    paths: readonly PathObservation[],
    now: number,
  ): void {
    const since = this.#input.known.get(repository.id)?.verifiedAt;
    if (since === undefined || (reason !== 'verify' && reason !== 'hinted')) {
      return;
    }
    for (const change of changedFiles(known, paths)) {
      const missed: MissedChange = {
        ...change,
        repositoryId: repository.id,
        projectId: repository.project.id,
        repository: `${repository.project.name}/${repository.name}`,
        since,
        foundAt: now,
      };
      for (const standing of this.#standings) {
        const { source, scope, named } = standing;
        if (
          this.#isAskable(standing) &&
          standing.missed.length < MOST_SUSPICIONS &&
          !named.has(repository.id) &&
          source.couldKnow(missed, scope)
        ) {
          standing.missed.push(missed);
        }
      }
    }
  }

  /** Saves what is held against the sources, if that has changed. */
  async conclude(): Promise<void> {
    for (const { source, missed } of this.#standings) {
      this.#trust[source.name] = suspect(this.#trust[source.name], missed);
    }
    const trust = writeTrust(this.#trust);
    if (trust !== this.#savedTrust) {
      await this.#input.ledger.saveTrust(this.#input.organization, trust);
    }
  }

  async #ask(projects: readonly HintProject[]): Promise<void> {
    const { memory, now, signal } = this.#input;
    this.#standings = this.#sources().map(source => {
      // Without answers this only lets go of what was long ago.
      this.#review(source.name, []);
      const scope = this.#scope(projects, source.name);
      return {
        source,
        scope,
        unusable: source.unusable(scope),
        named: new Set<string>(),
        missed: [],
        requests: 0,
      };
    });
    const size = projects.map(({ repositories }) => repositories.size);
    const given = await askSources(
      this.#standings
        .filter(standing => this.#isAskable(standing))
        .map(({ source, scope }) => ({
          source,
          scope,
          urgent: new Set(
            scope.missed
              .filter(change => isDue(change, now))
              .map(({ projectId }) => projectId),
          ),
        })),
      memory,
      {
        budget: hintBudget({
          projects: projects.length,
          repositories: size.reduce((sum, it) => sum + it, 0),
        }),
        now,
        signal,
      },
    );
    for (const standing of this.#standings) {
      const answers = given.get(standing.source.name);
      if (answers) {
        this.#take(standing, answers);
      }
    }
  }

  #take(standing: Standing, { answers, requests }: Answers): void {
    standing.requests = requests;
    for (const { repositories } of answers) {
      for (const id of repositories) {
        standing.named.add(id);
        this.repositories.add(id);
      }
    }
    this.#review(standing.source.name, answers);
  }

  #review(source: HintSourceName, answers: Answers['answers']): void {
    const { report, logger, now } = this.#input;
    const before = this.#trust[source];
    const after = review(
      before,
      change => {
        const said = answers.map(answer => answer.recall(change));
        return said.find(it => it === 'named') ?? said.find(it => it);
      },
      now,
    );
    this.#trust[source] = after;
    if (after.caught && !before.caught) {
      logger.warn(describeCaught(report.organization, source, after.caught));
    }
  }

  #scope(projects: readonly HintProject[], name: HintSourceName): HintScope {
    const { repositories, settings, now, signal } = this.#input;
    const listed = new Set(repositories.map(({ project }) => project.id));
    return {
      projects,
      everyProject: projects.length === listed.size,
      paths: settings.paths,
      branch: settings.branch,
      now,
      missed: this.#trust[name].suspicions,
      signal,
    };
  }

  #sources(): HintSource[] {
    const { client, ledger, memory, settings } = this.#input;
    const codeSearch = new CodeSearchHints(
      client,
      ids => ledger.objectIds(ids),
      memory.codeSearch,
    );
    const activityMetrics = new ActivityHints(client, memory.activity);
    return [codeSearch, activityMetrics].filter(
      ({ name }) => settings.hints[name],
    );
  }

  #isAskable({ source: { name }, unusable }: Standing): boolean {
    const { memory, now } = this.#input;
    return (
      unusable === undefined &&
      this.#trust[name].caught === undefined &&
      !isOff(memory.availability(name), now)
    );
  }
}
