import { isOutOfSight } from './absence';
import { type Requests, describeRepository, LIMITS } from './requests';
import { blobMethods } from './blobs';
import { parseSearchPage } from './code-search';
import { faultOf } from './errors';
import { itemMethods, type LinkTexts } from './items';
import {
  guidOf,
  parseDeletedRepositories,
  parseIdentity,
  parseProjects,
  parseRepositories,
  parseRepository,
} from './parse';
import { searchBaseUrl } from './target';
import type { AzureDevOpsClient, Repository } from './types';

/** The most projects of one answer. */
const MOST_PROJECTS = 1_000;

/** The id of the resource `repositories` of the area `git`, the same everywhere. */
const REPOSITORIES_RESOURCE = '225f7195-f9c7-4d14-ab28-a83f7ff77e1f';

/** What this module asks of one organization, put to azure-devops-node-api where it can be. */
export function createClient(
  requests: Requests,
  linkTexts: LinkTexts,
): AzureDevOpsClient {
  const { organization } = requests;
  const blobs = blobMethods(requests);
  return {
    organization,
    ...blobs,
    ...itemMethods(requests, blobs, linkTexts),

    async getIdentity({ signal } = {}) {
      return await requests.send(
        {
          signal,
          operation: 'ask who the credential belongs to',
          maxBytes: LIMITS.repository,
          parse: parseIdentity,
        },
        ({ locations }, call) =>
          locations.call(call, api => api.getConnectionData()),
      );
    },

    async listProjects({ signal } = {}) {
      return await listProjects(requests, signal);
    },

    async getApiVersions({ signal } = {}) {
      return await requests.use(({ git }) =>
        git.versionsOf(REPOSITORIES_RESOURCE, {
          operation: 'ask which versions are spoken',
          signal,
        }),
      );
    },

    async listRepositories({ signal, project } = {}) {
      return await requests.git(
        {
          signal,
          operation: project
            ? `list the repositories of project '${project}'`
            : 'list the repositories',
          names: [project],
          maxBytes: LIMITS.repositories,
          compress: true,
          parse: parseRepositories,
        },
        git => git.getRepositories(project),
      );
    },

    async getRepository(options) {
      const { repository, project, signal } = options;
      try {
        return await requests.git(
          {
            signal,
            operation: `look up ${describeRepository(options)}`,
            names: [project, repository],
            maxBytes: LIMITS.repository,
            parse: json => parseRepository(json, options),
            subject: options,
          },
          git => git.getRepository(repository, project),
        );
      } catch (error) {
        const fault = faultOf(error);
        if (fault && isOutOfSight(fault)) {
          return undefined;
        }
        throw error;
      }
    },

    async listDeletedRepositories({ signal, project }) {
      return await requests.git(
        {
          signal,
          operation: `list the deleted repositories of project '${project}'`,
          names: [project],
          maxBytes: LIMITS.repositories,
          compress: true,
          parse: parseDeletedRepositories,
        },
        git => git.getDeletedRepositories(project),
      );
    },

    async listDeletedProjects({ signal } = {}) {
      const projects = await listProjects(requests, signal, 'deleted');
      return projects.flatMap(({ id, state }) =>
        state === 'deleted' ? (guidOf(id) ?? []) : [],
      );
    },

    async searchFiles({ signal, searchText, projects }) {
      const { host } = new URL(searchBaseUrl(organization));
      return await requests.send(
        {
          signal,
          operation: `ask Code Search at ${host} for ${searchText}`,
          maxBytes: LIMITS.search,
          compress: true,
          parse: parseSearchPage,
        },
        ({ search }, call) => search.search(call, { searchText, projects }),
      );
    },
  };
}

/** All pages of a list of projects, each project once. */
async function listProjects(
  requests: Requests,
  signal: AbortSignal | undefined,
  state?: 'deleted',
): Promise<Repository['project'][]> {
  const found = new Map<string, Repository['project']>();
  for (let skip = 0; ;) {
    const { size } = found;
    const page = await requests.send(
      {
        signal,
        operation: `list the ${state ? `${state} ` : ''}projects`,
        maxBytes: LIMITS.projects,
        compress: true,
        parse: parseProjects,
      },
      ({ core }, call) =>
        core.call(call, api => api.getProjects(state, MOST_PROJECTS, skip)),
    );
    page.forEach(project => found.set(project.id, project));
    skip += page.length;
    // A server that does not skip would answer with its first page for ever.
    if (page.length < MOST_PROJECTS || found.size === size) {
      return [...found.values()];
    }
  }
}
