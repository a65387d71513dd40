import type { AzureDevOpsClient, RepositoryActivity } from '../../azure/types';
import { MarkMemory, type Marks } from './marks';
import type {
  HintAnswer,
  HintProject,
  HintQuestion,
  HintScope,
  HintSource,
  MissedChange,
  Recollection,
} from './types';

const HOUR_MS = 60 * 60 * 1_000;
/**
 * What may lie between the service's clock and ours, and between a probe's
 * request and the note that it was made, in milliseconds. An hour that ended
 * less than this before a repository was verified may hold a later change.
 */
const MARGIN_MS = 5 * 60 * 1_000;

/** Names the repositories of a project in which there was any push since they were verified. */
export class ActivityHints implements HintSource {
  readonly name = 'activityMetrics';
  // The identity may lack the permission in some projects alone.
  readonly refusals = 3;
  readonly #client: AzureDevOpsClient;
  readonly #memory: ActivityMemory;

  constructor(client: AzureDevOpsClient, memory: ActivityMemory) {
    this.#client = client;
    this.#memory = memory;
  }

  unusable(): undefined {
    return undefined;
  }

  couldKnow(): boolean {
    return true;
  }

  questions(scope: HintScope): HintQuestion[] {
    return scope.projects.map(({ id, repositories }) => ({
      source: this.name,
      projects: [id],
      repositories: repositories.size,
      cost: 1,
    }));
  }

  async ask(question: HintQuestion, scope: HintScope): Promise<HintAnswer> {
    const project = scope.projects.find(
      ({ id }) => id === question.projects[0],
    );
    if (!project) {
      throw new Error(`The project ${question.projects[0]} is not in question`);
    }
    const since = this.#memory.reachBack(project, scope.missed);
    const { activity, requests } = await this.#client.listActivity({
      project: project.id,
      since,
      signal: scope.signal,
    });
    const byId = new Map(
      activity.map(entry => [entry.repositoryId.toLowerCase(), entry]),
    );
    const verifiedAt = (id: string) => project.repositories.get(id)?.verifiedAt;
    const news = this.#memory.marks.take(
      project.id,
      // Of repositories that are probed in this pass anyway, it is remembered
      // that their activity was seen before that.
      new Map(
        [...byId].map(([id, entry]) => [
          id,
          openHours(entry, verifiedAt(id) ?? 0),
        ]),
      ),
      id => verifiedAt(id) ?? Infinity,
      scope.now,
    );
    return {
      repositories: new Set(
        [...news].flatMap(
          id => project.repositories.get(id)?.repository.id ?? [],
        ),
      ),
      asked: requests + (this.#memory.discover() ? 1 : 0),
      recall: change =>
        change.projectId === project.id
          ? recall(byId.get(change.repositoryId.toLowerCase()), change, since)
          : undefined,
    };
  }
}

/** What is remembered of one organization's activity from one pass to the next. */
export class ActivityMemory {
  readonly marks = new MarkMemory();
  #discovered = false;
  readonly #began = new Map<string, number>();

  /** Whether this was the first answer, before which the client asked where the interface is. */
  discover(): boolean {
    const isFirst = !this.#discovered;
    this.#discovered = true;
    return isFirst;
  }

  /**
   * Since when to ask for the activity of a project. Whole hours, so that their
   * counts do not shrink from one question to the next; but never from before
   * the first question of this process, which goes back no further than it must:
   * what was pushed just before the first refresh is not news.
   */
  reachBack(project: HintProject, missed: readonly MissedChange[]): number {
    const oldest = Math.min(
      ...missed
        .filter(({ projectId }) => projectId === project.id)
        .map(({ since }) => since),
      oldestOf(project),
    );
    const began = this.#began.get(project.id);
    if (began === undefined) {
      this.#began.set(project.id, oldest);
      return oldest;
    }
    return Math.max(began, startOfHour(oldest));
  }
}

function oldestOf(project: HintProject): number {
  let oldest = Infinity;
  for (const { verifiedAt } of project.repositories.values()) {
    oldest = Math.min(oldest, verifiedAt);
  }
  return oldest;
}

/** The hours that had not surely ended when the repository was verified, with the number of their changes. */
function openHours(activity: RepositoryActivity, verifiedAt: number): Marks {
  return new Map(
    activity.hours
      .filter(({ startsAt }) => startsAt + HOUR_MS > verifiedAt - MARGIN_MS)
      .map(({ startsAt, changes }) => [String(startsAt), String(changes)]),
  );
}

function recall(
  activity: RepositoryActivity | undefined,
  change: MissedChange,
  since: number,
): Recollection {
  const hours = activity?.hours ?? [];
  if (
    hours.some(
      ({ startsAt }) =>
        startsAt + HOUR_MS > change.since && startsAt <= change.foundAt,
    )
  ) {
    return 'named';
  }
  // The question did not go back far enough to hold its silence against it.
  return since > change.since ? undefined : 'silent';
}

function startOfHour(time: number): number {
  return time - (time % HOUR_MS);
}
