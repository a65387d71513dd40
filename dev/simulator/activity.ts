import { json } from './azure-devops/answers';
import { shows, type Staleness } from './code-index';
import { htmlPage, serviceError } from './errors';
import type { SimulatedResponse } from './http';
import type { Organization, Repository } from './model';
import type { Call, EndpointRoute } from './seams';

export interface ActivityOptions extends Staleness {
  /**
   * `missing`: the deployment does not have the resource (404); `refused`: the
   * identity may not ask (403). Default: `available`.
   */
  readonly availability?: 'available' | 'missing' | 'refused';
}

const HOUR = 3_600_000;
const BUCKETS: Readonly<Record<string, number>> = {
  hourly: HOUR,
  '0': HOUR,
  daily: 24 * HOUR,
  '1': 24 * HOUR,
};

/**
 * The activity of a project's Git repositories, as `getGitRepositoriesActivityMetrics`
 * of azure-devops-node-api asks for it. The interface is not documented: the
 * address and the counting of pushes as code changes are assumed.
 */
export class ActivityMetrics {
  readonly #now: () => number;
  readonly #byOrganization = new Map<string, ActivityOptions>();
  #default: ActivityOptions = {};

  /** @param now - epoch milliseconds of the simulator's clock */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Changes how the metrics behave, in one organization or wherever nothing else was said; options that are not named go back to their defaults. */
  configure(options: ActivityOptions, organization?: Organization): void {
    if (organization) this.#byOrganization.set(organization.id, options);
    else this.#default = options;
  }

  routes(): EndpointRoute[] {
    return [
      {
        endpoint: 'activity',
        method: 'GET',
        template: 'projectanalysis/gitrepositoriesactivitymetrics',
        project: 'required',
        previewOnly: true,
        location: {
          id: 'df7fbbca-630a-40e3-8aa3-7a3faf66947e',
          area: 'projectanalysis',
          resourceName: 'gitrepositoriesactivitymetrics',
          routeTemplate: '{project}/_apis/{area}/{resource}',
        },
        handle: call => this.#answer(call),
      },
    ];
  }

  #answer(call: Call): SimulatedResponse {
    const { organization, identity, project } = call;
    const options = this.#byOrganization.get(organization.id) ?? this.#default;
    if (options.availability === 'missing') {
      return htmlPage(404, 'The resource cannot be found.', '');
    }
    if (options.availability === 'refused') {
      return serviceError(
        403,
        'AccessCheckException',
        `TF401027: You need the Git 'GenericRead' permission to perform this action.`,
      );
    }
    const from = Date.parse(call.query('fromDate') ?? '');
    const aggregation = call.query('aggregationType')?.toLowerCase() ?? '';
    const bucket = BUCKETS[aggregation];
    const skip = Number(call.query('$skip'));
    const top = Number(call.query('$top'));
    if (
      Number.isNaN(from) ||
      bucket === undefined ||
      !Number.isInteger(skip) ||
      !(Number.isInteger(top) && top > 0)
    ) {
      return serviceError(
        400,
        'VssPropertyValidationException',
        'fromDate, aggregationType, $skip and $top are needed, each in its form',
      );
    }
    const access = organization.access(identity);
    const metrics = [...(project?.repositories() ?? [])]
      .filter(
        repository =>
          !repository.isHidden && access?.canReadRepository(repository),
      )
      .map(repository => this.#metrics(repository, options, from, bucket))
      .filter(({ codeChangesCount }) => codeChangesCount > 0)
      .slice(skip, skip + top);
    return json(call, { count: metrics.length, value: metrics });
  }

  #metrics(
    repository: Repository,
    options: ActivityOptions,
    from: number,
    bucket: number,
  ) {
    const now = this.#now();
    const trend = new Map<number, number>();
    let codeChangesCount = 0;
    // The latest first, so that an old repository costs no more than a new one.
    for (let index = repository.pushes.length - 1; index >= 0; index--) {
      const push = repository.pushes[index];
      if (!push || push.at < from) break;
      if (!shows(push, repository, options, now)) continue;
      codeChangesCount += 1;
      const time = Math.floor(push.at / bucket) * bucket;
      trend.set(time, (trend.get(time) ?? 0) + 1);
    }
    return {
      repositoryId: repository.id,
      codeChangesCount,
      codeChangesTrend: [...trend].reverse().map(([time, value]) => ({
        time: new Date(time).toISOString(),
        value,
      })),
    };
  }
}
