import type { LoggerService } from '@backstage/backend-plugin-api';
import { faultOf } from '../azure/errors';
import type { AzureDevOpsClient } from '../azure/types';
import type { Organization } from '../organization';
import type { ServiceDeletions } from '../policy/missing';
import type { KnownRepository } from '../policy/model';

interface DeletionsInput {
  readonly organization: Organization;
  readonly client: Pick<
    AzureDevOpsClient,
    'listDeletedProjects' | 'listDeletedRepositories'
  >;
  readonly logger: LoggerService;
  /** Known repositories that the organization's list lacks. */
  readonly missing: readonly KnownRepository[];
  /** What the list has: the project's id, by the repository's. */
  readonly listed: ReadonlyMap<string, string>;
  readonly signal?: AbortSignal;
}

/**
 * Asks the service which of the missing repositories, and which of their
 * projects, are deleted. What it does not answer is no evidence.
 *
 * @throws on an abort
 */
export async function askForDeletions(
  input: DeletionsInput,
): Promise<ServiceDeletions> {
  const { client, missing, listed } = input;
  const visible = new Set(listed.values());
  const concerned = [...new Set(missing.map(({ projectId }) => projectId))];
  const projects = new Set(
    concerned.every(id => visible.has(id))
      ? []
      : await askOrNone(
          input,
          'what a project that was deleted had in the catalog stays there until its removal is approved',
          options => client.listDeletedProjects(options),
        ),
  );
  const repositories = await Promise.all(
    concerned
      .filter(id => !projects.has(id))
      .map(project =>
        askOrNone(
          input,
          `a repository of project ${project} that was deleted is gone only when several lists lack it`,
          options => client.listDeletedRepositories({ project, ...options }),
        ),
      ),
  );
  return { projects, repositories: new Set(repositories.flat()) };
}

/** @param meanwhile - what follows as long as it is denied, as a clause */
async function askOrNone(
  { logger, organization, signal }: DeletionsInput,
  meanwhile: string,
  ask: (options: { signal?: AbortSignal }) => Promise<string[]>,
): Promise<string[]> {
  try {
    return await ask({ signal });
  } catch (error) {
    signal?.throwIfAborted();
    if (isDenied(error)) {
      logger.warn(`${error.message} Meanwhile ${meanwhile}`);
    } else {
      logger.debug(`${organization.label}: ${String(error)}`);
    }
    return [];
  }
}

/** Not where it answers 404: that a project may not be seen is warned of where its entities are held back. */
function isDenied(error: unknown): error is Error {
  const fault = faultOf(error);
  return (
    fault !== undefined &&
    !fault.duringThrottling &&
    ['unauthorized', 'sign-in', 'forbidden'].includes(fault.kind)
  );
}
