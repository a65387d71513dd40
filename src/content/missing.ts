import { NotAllowedError, NotFoundError } from '@backstage/errors';
import type { AzureDevOpsClient, Repository } from '../azure/types';
import { nearest } from '../nearest';
import { isNotFoundOrForbidden } from './errors';
import type { RepositoryUrl } from './repository-url';

/** At most so many names are listed in a message. */
const MOST_NAMES = 10;

/**
 * Finds out whether a repository does not exist or may not be read, which the
 * service answers alike. Who may read a project sees its repositories, so a
 * repository that is missing there does not exist; a project that is missing
 * may as well be closed to the credential.
 *
 * @returns a `NotFoundError` or a `NotAllowedError` to be thrown
 * @throws `AzureDevOpsRequestError`, `CredentialError`
 */
export async function explainMissingRepository(
  client: AzureDevOpsClient,
  url: RepositoryUrl,
): Promise<Error> {
  const where = client.organization.label;
  const { project, repository } = url;
  if (project === undefined) {
    return new NotAllowedError(
      `No repository with the id ${repository} may be read in ${where}. Use its address with project and name, or give the identity Read on it.`,
    );
  }
  const visible = await visibleRepositories(client, project);
  if (!visible) {
    const projects = await visibleProjects(client);
    return new NotAllowedError(
      `The project '${project}' may not be read in ${where}, or has another name. ` +
        `The credential for ${where} sees ${list('project', projects)}.${didYouMean(project, projects)} ` +
        `If the project exists, add the identity to its Readers.`,
    );
  }
  const names = visible.map(({ name }) => name);
  if (names.length === 0) {
    return new NotAllowedError(
      `No repository of the project '${project}' in ${where} may be read. Give the identity Read on '${repository}' under Project settings > Repositories > Security.`,
    );
  }
  return new NotFoundError(
    `The repository '${repository}' does not exist in the project '${project}' of ${where}. ` +
      `The credential reads the project and sees ${list('repository', names)}.${didYouMean(repository, names)}`,
  );
}

/** The project's repositories that may be read; `undefined` when the project may not. */
async function visibleRepositories(
  client: AzureDevOpsClient,
  project: string,
): Promise<readonly Repository[] | undefined> {
  try {
    return (await client.listRepositories({ project })).repositories;
  } catch (error) {
    if (isNotFoundOrForbidden(error)) {
      return undefined;
    }
    throw error;
  }
}

/** The projects of the repositories that may be read. */
async function visibleProjects(client: AzureDevOpsClient): Promise<string[]> {
  const { repositories } = await client.listRepositories();
  return [...new Set(repositories.map(({ project }) => project.name))].sort();
}

function list(
  what: 'project' | 'repository',
  names: readonly string[],
): string {
  const plural = what === 'project' ? 'projects' : 'repositories';
  if (names.length === 0) {
    return `no ${plural}`;
  }
  const shown = names.slice(0, MOST_NAMES).join(', ');
  return names.length > MOST_NAMES
    ? `${names.length} ${plural}, among them ${shown}`
    : `the ${names.length === 1 ? what : plural} ${shown}`;
}

function didYouMean(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  return near ? ` Did you mean '${near}'?` : '';
}
