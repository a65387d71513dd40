import {
  type GitVersionDescriptor,
  GitVersionType,
} from 'azure-devops-node-api/interfaces/GitInterfaces';
import type { CoreApi } from 'azure-devops-node-api/CoreApi';
import type { GitApi } from 'azure-devops-node-api/GitApi';
import type { LocationsApi } from 'azure-devops-node-api/LocationsApi';
import type { Organization } from '../organization';
import type { LibraryApi } from './api';
import type { CodeSearch } from './code-search';
import { AzureDevOpsRequestError, lastingFault } from './errors';
import type { Call } from './transport';
import type { VersionRef } from './types';

const MEBIBYTE = 1_048_576;

/** How large an answer of each kind may be, in bytes, before and after decompression. */
export const LIMITS = {
  /** Every repository of an organization, at about 1.5 KB each. */
  repositories: 256 * MEBIBYTE,
  repository: MEBIBYTE,
  /** A thousand projects with their descriptions. */
  projects: 16 * MEBIBYTE,
  /** A descriptor within JSON. What is larger is no descriptor. */
  item: 16 * MEBIBYTE,
  /** Every file of a repository, at about 0.5 KB each. */
  listing: 256 * MEBIBYTE,
  /** What is in one folder, at about 0.5 KB each. */
  folder: 16 * MEBIBYTE,
  /** Many small files in one archive, packed and unpacked. */
  blobs: MEBIBYTE,
  /** A file as it is. */
  blob: 32 * MEBIBYTE,
  /** A path. */
  link: 65_536,
  /** A thousand results, at about 0.6 KB each. */
  search: 32 * MEBIBYTE,
} as const;

const VERSION_TYPES = {
  branch: GitVersionType.Branch,
  tag: GitVersionType.Tag,
  commit: GitVersionType.Commit,
} as const;

/** What one organization can be asked through. */
export interface OrganizationApis {
  readonly git: LibraryApi<GitApi>;
  readonly core: LibraryApi<CoreApi>;
  readonly locations: LibraryApi<LocationsApi>;
  readonly search: CodeSearch;
}

/** Does something with the APIs of an organization, which are kept meanwhile. */
type UseApis = <T>(
  action: (apis: OrganizationApis) => Promise<T>,
) => Promise<T>;

/** A call, as far as it differs from others. */
type CallOptions<T> = Pick<
  Call<T>,
  'signal' | 'operation' | 'maxBytes' | 'parse'
> &
  Partial<Call<T>> & {
    /** Names that stand in the address. */
    readonly names?: ReadonlyArray<string | undefined>;
  };

/** Makes the requests to one organization. */
export class Requests {
  constructor(
    readonly organization: Organization,
    readonly use: UseApis,
    private readonly defaults: Pick<Call<unknown>, 'priority' | 'deadlineMs'>,
  ) {}

  git<T>(
    options: CallOptions<T>,
    request: (git: GitApi) => Promise<unknown>,
  ): Promise<T> {
    return this.send(options, ({ git }, call) => git.call(call, request));
  }

  async send<T, R>(
    { names = [], ...options }: CallOptions<T>,
    send: (apis: OrganizationApis, call: Call<T>) => Promise<R>,
  ): Promise<R> {
    this.#checkNames(options.operation, names);
    const call = {
      expects: 'json' as const,
      compress: false,
      ...this.defaults,
      ...options,
    };
    return await this.use(apis => send(apis, call));
  }

  /** Rejects names that a URL would take for directions rather than names. */
  #checkNames(
    operation: string,
    names: ReadonlyArray<string | undefined>,
  ): void {
    const name = names.find(it => it === '' || it === '.' || it === '..');
    if (name !== undefined) {
      throw new AzureDevOpsRequestError(
        this.organization,
        operation,
        lastingFault('bad-request', `'${name}' is no name`),
      );
    }
  }
}

export function toDescriptor(
  version: VersionRef | undefined,
): GitVersionDescriptor | undefined {
  return (
    version && {
      version: version.version,
      versionType: VERSION_TYPES[version.type],
    }
  );
}

export function describeRepository({
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

export function describeVersion(version: VersionRef | undefined): string {
  return version ? ` at ${version.type} '${version.version}'` : '';
}
