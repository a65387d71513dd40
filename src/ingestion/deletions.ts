import type { LoggerService } from '@backstage/backend-plugin-api';
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
      : await askOrNone(input, 'the deleted projects', options =>
          client.listDeletedProjects(options),
        ),
  );
  const repositories = await Promise.all(
    concerned
      .filter(id => !projects.has(id))
      .map(project =>
        askOrNone(
          input,
          `the deleted repositories of project ${project}`,
          options => client.listDeletedRepositories({ project, ...options }),
        ),
      ),
  );
  return { projects, repositories: new Set(repositories.flat()) };
}

async function askOrNone(
  { logger, organization, signal }: DeletionsInput,
  what: string,
  ask: (options: { signal?: AbortSignal }) => Promise<string[]>,
): Promise<string[]> {
  try {
    return await ask({ signal });
  } catch (error) {
    signal?.throwIfAborted();
    logger.debug(`${organization.label}: could not ask for ${what}: ${error}`);
    return [];
  }
}
