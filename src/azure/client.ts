import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import {
  type GitItem,
  type GitVersionDescriptor,
  GitVersionType,
  VersionControlRecursionType,
} from 'azure-devops-node-api/interfaces/GitInterfaces';
import type { CoreApi } from 'azure-devops-node-api/CoreApi';
import type { GitApi } from 'azure-devops-node-api/GitApi';
import type { LocationsApi } from 'azure-devops-node-api/LocationsApi';
import type { ProjectAnalysisApi } from 'azure-devops-node-api/ProjectAnalysisApi';
import type { Organization } from '../organization';
import { readActivity, verifyActivity } from './activity';
import {
  absenceOf,
  decodedContent,
  isFile,
  isOutOfSight,
  keepRepository,
  repositoryReader,
  toPresentItem,
  toRepository,
  verifyFields,
  verifyItem,
  verifyItems,
  verifyList,
  verifyRepositories,
  verifyRepository,
} from './answers';
import type { OrganizationApi } from './api';
import type { CodeSearch } from './code-search';
import { AzureDevOpsRequestError } from './errors';
import type { Priority } from './limiter/state';
import { LIMITS } from './limits';
import type { Call } from './call';
import type {
  AbsentItem,
  ApiVersions,
  AzureDevOpsClient,
  CodeSearchResult,
  ItemOutcome,
  ListingOutcome,
  Repository,
  RepositoryActivity,
  RequestOptions,
  ServiceIdentity,
  VersionRef,
} from './types';

const VERSION_TYPES = {
  branch: GitVersionType.Branch,
  tag: GitVersionType.Tag,
  commit: GitVersionType.Commit,
} as const;

/** The most projects of one answer. */
const MOST_PROJECTS = 1_000;

/** The id of the resource `repositories` of the area `git`, the same everywhere. */
const REPOSITORIES_RESOURCE = '225f7195-f9c7-4d14-ab28-a83f7ff77e1f';

type ItemRequest = Parameters<AzureDevOpsClient['readItem']>[0];
type BlobRequest = Parameters<AzureDevOpsClient['readBlob']>[0];

/** The parts of one organization's interface that are asked. */
export interface OrganizationParts {
  readonly git: OrganizationApi<GitApi>;
  readonly core: OrganizationApi<CoreApi>;
  readonly locations: OrganizationApi<LocationsApi>;
  readonly analysis: OrganizationApi<ProjectAnalysisApi>;
  readonly search: CodeSearch;
}

/** What this module asks of one organization, put to azure-devops-node-api where it can be. */
export class ApiClient implements AzureDevOpsClient {
  readonly #api: OrganizationApi<GitApi>;
  readonly #core: OrganizationApi<CoreApi>;
  readonly #locations: OrganizationApi<LocationsApi>;
  readonly #analysis: OrganizationApi<ProjectAnalysisApi>;
  readonly #search: CodeSearch;
  readonly #priority: Priority;

  constructor(
    readonly organization: Organization,
    parts: OrganizationParts,
    priority: Priority,
  ) {
    this.#api = parts.git;
    this.#core = parts.core;
    this.#locations = parts.locations;
    this.#analysis = parts.analysis;
    this.#search = parts.search;
    this.#priority = priority;
  }

  async getIdentity(options: RequestOptions = {}): Promise<ServiceIdentity> {
    const call = this.#call(options, {
      operation: 'ask who the credential belongs to',
      maxBytes: LIMITS.repository,
      verify: verifyFields('authenticatedUser.id'),
    });
    const { authenticatedUser = {} } = await this.#locations.call(
      call,
      locations => locations.getConnectionData(),
    );
    const { id = '', providerDisplayName: name } = authenticatedUser;
    return { id, name };
  }

  async listProjects(
    options: RequestOptions = {},
  ): Promise<Repository['project'][]> {
    const call = this.#call(options, {
      operation: 'list the projects',
      maxBytes: LIMITS.projects,
      compress: true,
      verify: verifyList('id', 'name'),
    });
    const projects = await this.#core.call(call, core =>
      core.getProjects(undefined, MOST_PROJECTS),
    );
    return projects.map(({ id = '', name = '', state }) => ({
      id,
      name,
      state: String(state),
    }));
  }

  async getApiVersions(
    options: RequestOptions = {},
  ): Promise<ApiVersions | undefined> {
    const call = this.#call(options, {
      operation: 'ask which versions are spoken',
      maxBytes: LIMITS.discovery,
    });
    const location = await this.#api.call(call, git =>
      git.vsoClient.beginGetLocation('git', REPOSITORIES_RESOURCE),
    );
    return location?.releasedVersion
      ? { released: location.releasedVersion, newest: location.maxVersion }
      : undefined;
  }

  async listRepositories(
    options: RequestOptions & { project?: string } = {},
  ): Promise<Repository[]> {
    const { project } = options;
    const call = this.#call(options, {
      operation: project
        ? `list the repositories of project '${project}'`
        : 'list the repositories',
      maxBytes: LIMITS.repositories,
      compress: true,
      keep: keepRepository(),
      verify: verifyRepositories,
    });
    this.#checkNames(call, project);
    const repositories = await this.#api.call(call, git =>
      git.getRepositories(project),
    );
    return repositories.map(repositoryReader());
  }

  async getRepository(
    options: RequestOptions & { repository: string; project?: string },
  ): Promise<Repository | undefined> {
    const { repository, project } = options;
    const call = this.#call(options, {
      operation: `look up ${describeRepository(options)}`,
      maxBytes: LIMITS.repository,
      verify: verifyRepository,
    });
    this.#checkNames(call, project, repository);
    try {
      return toRepository(
        await this.#api.call(call, git =>
          git.getRepository(repository, project),
        ),
      );
    } catch (error) {
      if (error instanceof AzureDevOpsRequestError && isOutOfSight(error)) {
        return undefined;
      }
      throw error;
    }
  }

  async listDeletedRepositories(
    options: RequestOptions & { project: string },
  ): Promise<string[]> {
    const { project } = options;
    const call = this.#call(options, {
      operation: `list the deleted repositories of project '${project}'`,
      maxBytes: LIMITS.repositories,
      compress: true,
      verify: verifyList('id'),
    });
    this.#checkNames(call, project);
    const deleted = await this.#api.call(call, git =>
      git.getDeletedRepositories(project),
    );
    return deleted.map(({ id = '' }) => id);
  }

  async listDeletedProjects(options: RequestOptions = {}): Promise<string[]> {
    const call = this.#call(options, {
      operation: 'list the deleted projects',
      maxBytes: LIMITS.projects,
      compress: true,
      verify: verifyList('id'),
    });
    const ids: string[] = [];
    for (;;) {
      const page = await this.#core.call(call, core =>
        core.getProjects('deleted', MOST_PROJECTS, ids.length),
      );
      ids.push(...page.map(({ id = '' }) => id));
      if (page.length < MOST_PROJECTS) {
        return ids;
      }
    }
  }

  async readItem(options: ItemRequest): Promise<ItemOutcome> {
    const { repository, project, path, version, content } = options;
    const call = this.#call(options, {
      operation: `read ${path} of ${describeRepository(options)}${describeVersion(version)}`,
      maxBytes: LIMITS.item,
      verify: verifyItem,
    });
    this.#checkNames(call, project, repository);
    return await orAbsent(async (): Promise<ItemOutcome> => {
      const item = await this.#api.call(call, git =>
        git.getItem(
          repository,
          path,
          project,
          undefined,
          undefined,
          content,
          undefined,
          undefined,
          toDescriptor(version),
          content,
        ),
      );
      if (!isFile(item)) {
        return {
          outcome: 'absent',
          reason: 'not-a-file',
          message: `${path} is not a file`,
        };
      }
      return content
        ? toPresentItem(item, await this.#contentOf(item, options))
        : toPresentItem(item);
    });
  }

  async listItems(
    options: RequestOptions & {
      repository: string;
      project?: string;
      scopePath: string;
      version?: VersionRef;
    },
  ): Promise<ListingOutcome> {
    const { repository, project, scopePath, version } = options;
    const call = this.#call(options, {
      operation: `list the files below ${scopePath} of ${describeRepository(options)}${describeVersion(version)}`,
      maxBytes: LIMITS.listing,
      compress: true,
      verify: verifyItems,
    });
    this.#checkNames(call, project, repository);
    return await orAbsent(async () => {
      const items = await this.#api.call(call, git =>
        git.getItems(
          repository,
          project,
          scopePath,
          VersionControlRecursionType.Full,
          undefined,
          undefined,
          undefined,
          undefined,
          toDescriptor(version),
        ),
      );
      return {
        outcome: 'present',
        items: items.filter(isFile).map(item => {
          const { path, objectId, isSymLink } = toPresentItem(item);
          return { path, objectId, isSymLink };
        }),
      };
    });
  }

  async readBlob(options: BlobRequest): Promise<Uint8Array> {
    const { repository, project, objectId } = options;
    const call = this.#call(options, {
      operation: `read blob ${objectId} of ${describeRepository(options)}`,
      expects: 'bytes',
      maxBytes: LIMITS.blob,
      compress: true,
    });
    this.#checkNames(call, project, repository, objectId);
    const bytes = await this.#api.call(call, async git =>
      buffer(await git.getBlobContent(repository, objectId, project)),
    );
    if (objectIdOf(bytes) !== objectId.toLowerCase()) {
      throw this.#api.error(call, {
        kind: 'malformed',
        seen: `the service answered ${bytes.length} bytes whose object id is another`,
      });
    }
    return bytes;
  }

  async listActivity(
    options: RequestOptions & { project: string; since: number },
  ): Promise<{ activity: RepositoryActivity[]; requests: number }> {
    const { project } = options;
    const call = this.#call(options, {
      operation: `ask for the activity in project '${project}'`,
      maxBytes: LIMITS.activity,
      compress: true,
      verify: verifyActivity,
    });
    this.#checkNames(call, project);
    return await readActivity(this.#analysis, call, options);
  }

  async searchFiles(
    options: RequestOptions & {
      searchText: string;
      projects?: readonly string[];
    },
  ): Promise<CodeSearchResult> {
    const call = this.#call(options, {
      operation: `ask Code Search at ${this.#search.host} for ${options.searchText}`,
      maxBytes: LIMITS.search,
      compress: true,
    });
    return await this.#search.search(call, options);
  }

  /** The text as Backstage's own reader would see it: the file's bytes, decoded as UTF-8. */
  async #contentOf(item: GitItem, options: ItemRequest): Promise<string> {
    const decoded = decodedContent(item);
    if (decoded !== undefined) {
      return decoded;
    }
    const { repository, project, signal } = options;
    const bytes = await this.readBlob({
      repository,
      project,
      signal,
      objectId: item.objectId ?? '',
    });
    return Buffer.from(bytes).toString('utf8');
  }

  #call(
    options: RequestOptions,
    call: Pick<Call, 'operation' | 'maxBytes'> & Partial<Call>,
  ): Call {
    return {
      expects: 'json',
      compress: false,
      priority: this.#priority,
      signal: options.signal,
      ...call,
    };
  }

  /** Refuses names that a URL would take for directions rather than names. */
  #checkNames(call: Call, ...names: Array<string | undefined>): void {
    const name = names.find(it => it === '' || it === '.' || it === '..');
    if (name !== undefined) {
      throw this.#api.error(call, {
        kind: 'bad-request',
        seen: `'${name}' is no name`,
      });
    }
  }
}

async function orAbsent<T>(read: () => Promise<T>): Promise<T | AbsentItem> {
  try {
    return await read();
  } catch (error) {
    const absence =
      error instanceof AzureDevOpsRequestError ? absenceOf(error) : undefined;
    if (absence) {
      return absence;
    }
    throw error;
  }
}

function toDescriptor(
  version: VersionRef | undefined,
): GitVersionDescriptor | undefined {
  return (
    version && {
      version: version.version,
      versionType: VERSION_TYPES[version.type],
    }
  );
}

function describeRepository({
  repository,
  project,
}: {
  repository: string;
  project?: string;
}): string {
  return project
    ? `repository '${repository}' of project '${project}'`
    : `repository ${repository}`;
}

function describeVersion(version: VersionRef | undefined): string {
  return version ? ` at ${version.type} '${version.version}'` : '';
}

/** What Git calls a blob of these bytes. */
function objectIdOf(bytes: Uint8Array): string {
  return createHash('sha1')
    .update(`blob ${bytes.length}\0`)
    .update(bytes)
    .digest('hex');
}
