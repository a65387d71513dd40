import type { ProjectAnalysisApi } from 'azure-devops-node-api/ProjectAnalysisApi';
import {
  AggregationType,
  type RepositoryActivityMetrics,
} from 'azure-devops-node-api/interfaces/ProjectAnalysisInterfaces';
import { verifyList } from './answers';
import type { OrganizationApi } from './api';
import { fieldsOf } from './fields';
import type { Call } from './call';
import type { RepositoryActivity } from './types';

/** How many repositories one request tells of. */
const PAGE = 1_000;
/** Nobody says whether the service's paging ever ends. */
const MOST_PAGES = 20;

/** A date that keeps its milliseconds where the library would write it as for HTTP, without. */
class PreciseDate extends Date {
  override toUTCString(): string {
    return this.toISOString();
  }
}

/** Reads all pages of a project's activity; `call` is made for each of them. */
export async function readActivity(
  api: OrganizationApi<ProjectAnalysisApi>,
  call: Call,
  options: { project: string; since: number },
): Promise<{ activity: RepositoryActivity[]; requests: number }> {
  const activity: RepositoryActivity[] = [];
  const from = new PreciseDate(options.since);
  for (let page = 0; ; page++) {
    const metrics = await api.call(call, analysis =>
      analysis.getGitRepositoriesActivityMetrics(
        options.project,
        from,
        AggregationType.Hourly,
        page * PAGE,
        PAGE,
      ),
    );
    activity.push(...metrics.map(toActivity));
    if (metrics.length < PAGE || page + 1 === MOST_PAGES) {
      return { activity, requests: page + 1 };
    }
  }
}

const verifyRepositories = verifyList('repositoryId');

/** What is wrong with an answer that should be a list of repositories' activities. */
export function verifyActivity(json: unknown): string | undefined {
  const mistake = verifyRepositories(json);
  if (mistake !== undefined) {
    return mistake;
  }
  const { value } = fieldsOf(json);
  const elements: readonly unknown[] = Array.isArray(value) ? value : [];
  const broken = elements.findIndex(element => !isActivity(element));
  return broken === -1
    ? undefined
    : `a list whose element ${broken} lacks the hours in which there were changes`;
}

function isActivity(json: unknown): boolean {
  const { codeChangesCount = 0, codeChangesTrend } = fieldsOf(json);
  if (codeChangesTrend === undefined || codeChangesTrend === null) {
    return codeChangesCount === 0;
  }
  return (
    Array.isArray(codeChangesTrend) &&
    codeChangesTrend.every(item => {
      const { time, value = 0 } = fieldsOf(item);
      return (
        typeof time === 'string' &&
        !Number.isNaN(Date.parse(time)) &&
        typeof value === 'number'
      );
    })
  );
}

function toActivity({
  repositoryId = '',
  codeChangesTrend = [],
}: RepositoryActivityMetrics): RepositoryActivity {
  return {
    repositoryId,
    hours: (codeChangesTrend ?? []).flatMap(({ time, value = 0 }) =>
      time && value > 0 ? [{ startsAt: time.getTime(), changes: value }] : [],
    ),
  };
}
