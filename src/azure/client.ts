import {
  type GitVersionDescriptor,
  GitVersionType,
  VersionControlRecursionType,
} from 'azure-devops-node-api/interfaces/GitInterfaces';
import type { CoreApi } from 'azure-devops-node-api/CoreApi';
import type { GitApi } from 'azure-devops-node-api/GitApi';
import type { LocationsApi } from 'azure-devops-node-api/LocationsApi';
import type { Organization } from '../organization';
import type { OrganizationApi } from './api';
import { ARCHIVE_FROM, ZipArchive } from './archive';
import { unzipBlobs } from './blobs-zip';
import { type CodeSearch, parseSearchPage } from './code-search';
import {
  AzureDevOpsRequestError,
  lastingFault,
  type RequestFault,
} from './errors';
import { followLinks, linkTarget, loop, MOST_STEPS } from './links';
import { blobObjectId, streamedObjectId } from './object-id';
import {
  absenceOf,
  contentOf,
  isErrorAbout,
  isOutOfSight,
  type ItemQuestion,
  MalformedError,
  parseDeletedProjects,
  parseDeletedRepositories,
  type FolderNames,
  parseFolderNames,
  parseIdentity,
  type ParsedItem,
  parseItem,
  parseItems,
  parseProjects,
  parseRepositories,
  parseRepository,
} from './parse';
import { searchBaseUrl } from './target';
import { TemporaryFile } from './temporary-file';
import type { Call } from './transport';
import type {
  AbsentItem,
  ApiVersions,
  Archive,
  AzureDevOpsClient,
  BlobOptions,
  BrokenLink,
  CodeSearchResult,
  ItemOutcome,
  ListedItem,
  ListingOptions,
  ListingOutcome,
  PresentItem,
  Repository,
  RepositoryList,
  RepositoryRequest,
  RequestOptions,
  ServiceIdentity,
  SizeOption,
  VersionRef,
} from './types';

const MEBIBYTE = 1_048_576;

/** How large an answer of each kind may be, in bytes, before and after decompression. */
const LIMITS = {
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

/** The most projects of one answer. */
const MOST_PROJECTS = 1_000;

/** The id of the resource `repositories` of the area `git`, the same everywhere. */
const REPOSITORIES_RESOURCE = '225f7195-f9c7-4d14-ab28-a83f7ff77e1f';

/** For messages. */
const LISTINGS = {
  [VersionControlRecursionType.None]: 'look up',
  [VersionControlRecursionType.OneLevel]: 'list what is in',
  [VersionControlRecursionType.Full]: 'list the files below',
} as const;

type ItemRequest = Parameters<AzureDevOpsClient['readItem']>[0];

/** What symbolic links contain, by object id, which stands for one content for ever. */
export interface LinkTexts {
  get(objectId: string): string | undefined;
  set(objectId: string, text: string): unknown;
}

/** The parts of one organization's interface that are asked. */
export interface OrganizationParts {
  readonly git: OrganizationApi<GitApi>;
  readonly core: OrganizationApi<CoreApi>;
  readonly locations: OrganizationApi<LocationsApi>;
  readonly search: CodeSearch;
}

/** Does something with the parts of an organization, which are kept meanwhile. */
type UseParts = <T>(
  action: (parts: OrganizationParts) => Promise<T>,
) => Promise<T>;

/** What this module asks of one organization, put to azure-devops-node-api where it can be. */
export class ApiClient implements AzureDevOpsClient {
  readonly #use: UseParts;
  readonly #options: Pick<Call<unknown>, 'priority' | 'deadlineMs'>;
  readonly #linkTexts: LinkTexts;

  constructor(
    readonly organization: Organization,
    use: UseParts,
    options: Pick<Call<unknown>, 'priority' | 'deadlineMs'>,
    linkTexts: LinkTexts,
  ) {
    this.#use = use;
    this.#linkTexts = linkTexts;
    this.#options = options;
  }

  async getIdentity(options: RequestOptions = {}): Promise<ServiceIdentity> {
    const call = this.#call(options, {
      operation: 'ask who the credential belongs to',
      maxBytes: LIMITS.repository,
      parse: parseIdentity,
    });
    return await this.#use(({ locations }) =>
      locations.call(call, api => api.getConnectionData()),
    );
  }

  async listProjects(
    options: RequestOptions = {},
  ): Promise<Repository['project'][]> {
    const call = this.#call(options, {
      operation: 'list the projects',
      maxBytes: LIMITS.projects,
      compress: true,
      parse: parseProjects,
    });
    return await this.#use(({ core }) =>
      core.call(call, api => api.getProjects(undefined, MOST_PROJECTS)),
    );
  }

  async getApiVersions({ signal }: RequestOptions = {}): Promise<
    ApiVersions | undefined
  > {
    return await this.#use(({ git }) =>
      git.versionsOf(REPOSITORIES_RESOURCE, {
        operation: 'ask which versions are spoken',
        signal,
      }),
    );
  }

  async listRepositories(
    options: RequestOptions & { project?: string } = {},
  ): Promise<RepositoryList> {
    const { project } = options;
    const call = this.#call(options, {
      operation: project
        ? `list the repositories of project '${project}'`
        : 'list the repositories',
      maxBytes: LIMITS.repositories,
      compress: true,
      parse: parseRepositories,
    });
    this.#checkNames(call, project);
    return await this.#git(call, git => git.getRepositories(project));
  }

  async getRepository(
    options: RequestOptions & RepositoryRequest,
  ): Promise<Repository | undefined> {
    const { repository, project } = options;
    const call = this.#call(options, {
      operation: `look up ${describeRepository(options)}`,
      maxBytes: LIMITS.repository,
      parse: json => parseRepository(json, options),
      ...aboutRepository(options),
    });
    this.#checkNames(call, project, repository);
    try {
      return await this.#git(call, git =>
        git.getRepository(repository, project),
      );
    } catch (error) {
      if (
        error instanceof AzureDevOpsRequestError &&
        isOutOfSight(error.fault)
      ) {
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
      parse: parseDeletedRepositories,
    });
    this.#checkNames(call, project);
    return await this.#git(call, git => git.getDeletedRepositories(project));
  }

  async listDeletedProjects(options: RequestOptions = {}): Promise<string[]> {
    const call = this.#call(options, {
      operation: 'list the deleted projects',
      maxBytes: LIMITS.projects,
      compress: true,
      parse: parseDeletedProjects,
    });
    const ids = new Set<string>();
    for (let skip = 0; ;) {
      const { size } = ids;
      const page = await this.#use(({ core }) =>
        core.call(call, api => api.getProjects('deleted', MOST_PROJECTS, skip)),
      );
      page.ids.forEach(id => ids.add(id));
      skip += page.length;
      // A server that does not skip would answer with its first page for ever.
      if (page.length < MOST_PROJECTS || ids.size === size) {
        return [...ids];
      }
    }
  }

  async readItem(options: ItemRequest): Promise<ItemOutcome> {
    return await despiteChanges(options, it => this.#readFollowed(it));
  }

  async #readFollowed(options: ItemRequest): Promise<ItemOutcome> {
    const asked = options.path;
    let path = asked;
    for (let steps = 0; steps <= MOST_STEPS; steps++) {
      const item = await this.#readItem({ ...options, path });
      if (item.outcome === 'absent') {
        const { reason, message } = item;
        await this.#confirmAbsence({ ...options, path }, reason);
        return steps === 0
          ? item
          : {
              outcome: 'absent',
              reason,
              message: `${message} The symbolic link ${asked} leads to it.`,
            };
      }
      const { outcome, objectId, content, isSymLink } = item;
      if (!isSymLink) {
        return {
          outcome,
          path: steps === 0 ? item.path : asked,
          objectId,
          content,
        };
      }
      const text = content ?? (await this.#linkText(options, item));
      const target = linkTarget(path, text);
      if ('broken' in target) {
        throw this.#brokenLink(options, target.broken);
      }
      path = target.to;
    }
    throw this.#brokenLink(options, loop(asked));
  }

  async #readItem(
    options: ItemRequest,
  ): Promise<(PresentItem & { isSymLink: boolean }) | AbsentItem> {
    const { repository, project, path, version, content } = options;
    const { maxBytes = LIMITS.item } = options;
    const call = this.#call(options, {
      operation: `read ${path} of ${describeRepository(options)}${describeVersion(version)}`,
      maxBytes,
      parse: json => parseItem(json, options),
      ...aboutRepository(options),
    });
    this.#checkNames(call, project, repository);
    const item = await orAbsent(() =>
      this.#git(call, git =>
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
      ),
    );
    if (item.outcome === 'absent') {
      return item;
    }
    if (!item.isFile) {
      return {
        outcome: 'absent',
        reason: 'not-a-file',
        message: `${path} is not a file`,
      };
    }
    const { outcome, objectId, isSymLink } = item;
    return {
      outcome,
      path: item.path,
      objectId,
      isSymLink,
      content: content ? await this.#textOf(item, options) : undefined,
    };
  }

  async listItems(options: ListingOptions): Promise<ListingOutcome> {
    return await despiteChanges(options, it => this.#listFollowed(it));
  }

  async #listFollowed(options: ListingOptions): Promise<ListingOutcome> {
    const { scopePath, isFollowed = () => false } = options;
    let listed = scopePath;
    let listing = await this.#listItems(options);
    if (listing.outcome === 'absent') {
      const question = { ...options, path: scopePath };
      await this.#confirmAbsence(question, listing.reason);
    }
    const texts = new Map<string, string>();
    for (;;) {
      if (listing.outcome === 'absent') {
        return listing;
      }
      const { outcome, commitId, treeId, items, odd } = listing;
      const followed = followLinks(
        { listed, items },
        texts,
        path => isBelowOrSame(path, scopePath) && isFollowed(path),
      );
      if (followed.leavesListing && listed !== '/') {
        listed = '/';
        const version = commitVersion(commitId) ?? options.version;
        listing = await this.#listItems({
          ...options,
          scopePath: '/',
          version,
        });
      } else if (followed.unread.length > 0) {
        const version = commitVersion(commitId) ?? options.version;
        const folder = { ...options, folder: listed, version };
        await this.#readLinks(folder, followed.unread, texts);
      } else {
        return {
          outcome,
          commitId,
          treeId: listed === scopePath ? treeId : undefined,
          odd,
          items: followed.items.filter(({ path }) =>
            isBelowOrSame(path, scopePath),
          ),
        };
      }
    }
  }

  async getTreeId(
    options: RequestOptions &
      RepositoryRequest & { path: string; version?: VersionRef },
  ): Promise<string | undefined> {
    const folder = await this.#list(
      { ...options, scopePath: options.path, maxBytes: LIMITS.repository },
      VersionControlRecursionType.None,
      parseItems,
    );
    return folder.outcome === 'present' ? folder.treeId : undefined;
  }

  async resolveFolders(
    options: RequestOptions & {
      repository: string;
      project?: string;
      path: string;
      version?: VersionRef;
    },
  ): Promise<string | undefined> {
    const names = options.path.split('/').slice(1);
    // What is there decides: no link stands above a folder that is found.
    for (let depth = names.length - 1; depth > 0; depth--) {
      const path = `/${names.slice(0, depth).join('/')}`;
      const item = await this.#readItem({ ...options, path, content: false });
      if (item.outcome === 'present') {
        if (!item.isSymLink) {
          return undefined;
        }
        const target = linkTarget(path, await this.#linkText(options, item));
        if ('broken' in target) {
          throw this.#brokenLink(options, target.broken);
        }
        const folder = target.to === '/' ? '' : target.to;
        return [folder, ...names.slice(depth)].join('/');
      }
      if (item.reason !== 'item-not-found') {
        return undefined;
      }
    }
    return undefined;
  }

  /**
   * Asks another question about what is not there. A 404 names a repository by its
   * name, which another project's repository may have, too; what a list has in it
   * names it by its id.
   *
   * @throws where the answers do not agree, so that it is unknown
   */
  async #confirmAbsence(
    options: Omit<ListingOptions, 'scopePath'> & { readonly path: string },
    reason: AbsentItem['reason'],
  ): Promise<void> {
    // What is there and no file has the repository's id in it already.
    if (!options.confirm || reason === 'not-a-file') {
      return;
    }
    const { path } = options;
    const contradict = (seen: string) => {
      throw new AzureDevOpsRequestError(
        this.organization,
        `find out whether ${path} of ${describeRepository(options)} is gone`,
        {
          ...lastingFault(
            'malformed',
            `the service said that it is not there, and of the folder above it ${seen}`,
          ),
          isContradicted: true,
        },
      );
    };
    let missing = path;
    do {
      const folder = missing.slice(0, missing.lastIndexOf('/')) || '/';
      const names = await this.#listFolder({ ...options, scopePath: folder });
      if (names.outcome === 'absent') {
        if (names.reason === reason && reason !== 'item-not-found') {
          return;
        }
        if (names.reason !== reason) {
          contradict(`something else: ${names.message}`);
        }
      } else if (reason !== 'item-not-found') {
        contradict('that it is');
      } else if (names.paths.has(missing)) {
        contradict(`that it has ${missing}`);
      } else if (names.odd[0]) {
        contradict(`something odd: ${names.odd[0].seen}`);
      } else {
        return;
      }
      missing = folder;
    } while (missing !== '/');
    contradict('the same, up to the root');
  }

  async #listFolder(
    options: ListingOptions,
  ): Promise<FolderNames | AbsentItem> {
    return await this.#list(
      { ...options, maxBytes: LIMITS.folder },
      VersionControlRecursionType.OneLevel,
      parseFolderNames,
    );
  }

  async #listItems(options: ListingOptions): Promise<ListingOutcome> {
    return await this.#list(
      options,
      VersionControlRecursionType.Full,
      parseItems,
    );
  }

  async #list<T>(
    options: ListingOptions,
    depth: keyof typeof LISTINGS,
    parse: (json: unknown, question: ItemQuestion) => T,
  ): Promise<T | AbsentItem> {
    const { repository, project, scopePath, version } = options;
    const { maxBytes = LIMITS.listing } = options;
    const question = { ...options, path: scopePath };
    const call = this.#call(options, {
      operation: `${LISTINGS[depth]} ${scopePath} of ${describeRepository(options)}${describeVersion(version)}`,
      maxBytes,
      compress: true,
      parse: json => parse(json, question),
      ...aboutRepository(question),
    });
    this.#checkNames(call, project, repository);
    return await orAbsent(() =>
      this.#git(call, git =>
        git.getItems(
          repository,
          project,
          scopePath,
          depth,
          undefined,
          undefined,
          undefined,
          undefined,
          toDescriptor(version),
        ),
      ),
    );
  }

  async readBlobs(
    options: Parameters<AzureDevOpsClient['readBlobs']>[0],
  ): Promise<ReadonlyMap<string, Uint8Array>> {
    const { repository, project, objectIds } = options;
    const { maxBytes = LIMITS.blobs } = options;
    const call = this.#call(options, {
      operation: `read ${objectIds.length} blobs of ${describeRepository(options)}`,
      expects: 'bytes',
      isPostedQuestion: true,
      maxBytes: LIMITS.blobs,
      parse: body => body as Buffer,
    });
    this.#checkNames(call, project, repository);
    const archive = await this.#git(call, git =>
      git.getBlobsZip([...objectIds], repository, project),
    );
    return await unzipBlobs(archive, { each: maxBytes, all: LIMITS.blobs });
  }

  /** Reads where links lead, as an archive if they are many. */
  async #readLinks(
    folder: Parameters<AzureDevOpsClient['downloadArchive']>[0],
    links: readonly ListedItem[],
    texts: Map<string, string>,
  ): Promise<void> {
    const unknown = links.filter(link => !this.#linkTexts.get(link.objectId));
    const download =
      unknown.length >= ARCHIVE_FROM
        ? await this.downloadArchive(folder)
        : undefined;
    const archive = download?.outcome === 'present' ? download : undefined;
    try {
      for (const { path, objectId } of archive ? unknown : []) {
        const content = await archive?.read(path, objectId);
        if (Buffer.isBuffer(content)) {
          this.#linkTexts.set(objectId, content.toString('utf8'));
        }
      }
    } finally {
      await archive?.close();
    }
    await Promise.all(
      links.map(async link =>
        texts.set(link.objectId, await this.#linkText(folder, link)),
      ),
    );
  }

  async #linkText(
    { repository, project, signal }: Omit<BlobOptions, 'objectId'>,
    { path, objectId }: Pick<ListedItem, 'path' | 'objectId'>,
  ): Promise<string> {
    const known = this.#linkTexts.get(objectId);
    if (known !== undefined) {
      return known;
    }
    const blob = {
      repository,
      project,
      path,
      objectId,
      signal,
      maxBytes: LIMITS.link,
    };
    const read = Buffer.from(await this.readBlob(blob)).toString('utf8');
    this.#linkTexts.set(objectId, read);
    return read;
  }

  #brokenLink(
    options: RequestOptions & { repository: string; project?: string },
    { link, problem }: BrokenLink,
  ): AzureDevOpsRequestError {
    const repository = describeRepository(options);
    return brokenLinkError(this.organization, repository, { link, problem });
  }

  async readBlob(options: BlobOptions & SizeOption): Promise<Uint8Array> {
    const { repository, project, objectId } = options;
    const { maxBytes = LIMITS.blob } = options;
    const call = this.#call(options, {
      operation: describeBlob(options),
      expects: 'bytes',
      maxBytes,
      compress: true,
      parse: body => checkBlob(body as Buffer, objectId),
    });
    this.#checkNames(call, project, repository, objectId);
    return await this.#git(call, git =>
      git.getBlobContent(repository, objectId, project),
    );
  }

  async downloadBlob(options: BlobOptions): Promise<TemporaryFile> {
    const { repository, project, objectId } = options;
    return await this.#download(async file => {
      const call = this.#call(options, {
        operation: describeBlob(options),
        expects: 'bytes',
        maxBytes: Infinity,
        compress: true,
        file,
        parse: () => checkDownload(file, objectId),
      });
      this.#checkNames(call, project, repository, objectId);
      return await this.#git(call, git =>
        git.getBlobContent(repository, objectId, project),
      );
    });
  }

  async downloadArchive(
    options: RequestOptions & {
      repository: string;
      project?: string;
      folder: string;
      version?: VersionRef;
    },
  ): Promise<Archive | AbsentItem> {
    const { repository, project, folder, version } = options;
    return await this.#download(file => {
      const call = this.#call(options, {
        operation: `download ${folder} of ${describeRepository(options)}${describeVersion(version)} as an archive`,
        expects: 'bytes',
        maxBytes: Infinity,
        // A third of an archive of small files are names.
        compress: true,
        file,
        parse: () => ZipArchive.open(file, folder),
      });
      this.#checkNames(call, project, repository);
      return orAbsent(() =>
        this.#git(call, git =>
          git.getItemZip(
            repository,
            folder,
            project,
            undefined,
            undefined,
            undefined,
            undefined,
            true,
            toDescriptor(version),
          ),
        ),
      );
    });
  }

  /** Downloads into a file, which is closed again unless the result is what was in it. */
  async #download<T extends object>(
    download: (file: TemporaryFile) => Promise<T>,
  ): Promise<T> {
    const file = await TemporaryFile.create();
    let result: T | undefined;
    try {
      result = await download(file);
      return result;
    } finally {
      if (!result || 'reason' in result) {
        await file.close();
      }
    }
  }

  async searchFiles(
    options: RequestOptions & {
      searchText: string;
      projects?: readonly string[];
    },
  ): Promise<CodeSearchResult> {
    const { host } = new URL(searchBaseUrl(this.organization));
    const call = this.#call(options, {
      operation: `ask Code Search at ${host} for ${options.searchText}`,
      maxBytes: LIMITS.search,
      compress: true,
      parse: parseSearchPage,
    });
    return await this.#use(({ search }) => search.search(call, options));
  }

  /** The text as Backstage's own reader would see it: the file's bytes, decoded as UTF-8. */
  async #textOf(item: ParsedItem, options: ItemRequest): Promise<string> {
    const text = contentOf(item);
    if (text !== undefined) {
      return text;
    }
    const { repository, project, signal, maxBytes } = options;
    const { objectId } = item;
    const bytes = await this.readBlob({
      repository,
      project,
      signal,
      objectId,
      maxBytes,
    });
    return Buffer.from(bytes).toString('utf8');
  }

  #git<T>(call: Call<T>, request: (git: GitApi) => Promise<unknown>) {
    return this.#use(({ git }) => git.call(call, request));
  }

  #call<T>(
    { signal }: RequestOptions,
    call: Pick<Call<T>, 'operation' | 'maxBytes' | 'parse'> & Partial<Call<T>>,
  ): Call<T> {
    return {
      expects: 'json',
      compress: false,
      ...this.#options,
      signal,
      ...call,
    };
  }

  /** Rejects names that a URL would take for directions rather than names. */
  #checkNames(
    { operation }: Call<unknown>,
    ...names: Array<string | undefined>
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

/** What may be said in an error about a repository, or about something in it. */
function aboutRepository(
  question: Parameters<typeof isErrorAbout>[0],
): Pick<Call<unknown>, 'isErrorAbout' | 'known'> {
  const { repository, project, listed, path, version } = question;
  return {
    isErrorAbout: error => isErrorAbout(question, error),
    known: [repository, project, listed?.name, path, version?.version].flatMap(
      name => name ?? [],
    ),
  };
}

/**
 * What is asked may change meanwhile, which looks as if answers were confused. A
 * repository may have been renamed since it was listed: it is asked again without
 * a look at the names, and what is then absent has to be confirmed, which goes by
 * the id. And a file that is not there may come before that is confirmed.
 */
async function despiteChanges<
  O extends { readonly listed?: unknown; readonly confirm?: boolean },
  T,
>(options: O, ask: (options: O) => Promise<T>): Promise<T> {
  try {
    return await ask(options);
  } catch (error) {
    const fault =
      error instanceof AzureDevOpsRequestError ? error.fault : undefined;
    if (
      fault?.isMisdirected &&
      isAboutItem(fault) &&
      options.listed !== undefined
    ) {
      const unnamed = { ...options, listed: undefined, confirm: true };
      return await despiteChanges(unnamed, ask);
    }
    if (fault?.isContradicted) {
      return await ask(options);
    }
    throw error;
  }
}

/** Whether it is a file that is not there, rather than all of a repository's branches, whose absence nothing with an id in it confirms. */
function isAboutItem({ typeKey, serviceMessage = '' }: RequestFault): boolean {
  return (
    typeKey === 'GitItemNotFoundException' &&
    !serviceMessage.startsWith('VS403403')
  );
}

/** The error of a link through which nothing can be read. */
export function brokenLinkError(
  organization: Organization,
  repository: string,
  { link, problem }: BrokenLink,
): AzureDevOpsRequestError {
  return new AzureDevOpsRequestError(
    organization,
    `read ${link} of ${repository}`,
    lastingFault(
      'broken-link',
      `the symbolic link ${link} cannot be followed: ${problem}`,
    ),
  );
}

function commitVersion(commitId: string | undefined): VersionRef | undefined {
  return commitId === undefined
    ? undefined
    : { type: 'commit', version: commitId };
}

function isBelowOrSame(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

async function orAbsent<T>(read: () => Promise<T>): Promise<T | AbsentItem> {
  try {
    return await read();
  } catch (error) {
    const absence =
      error instanceof AzureDevOpsRequestError
        ? absenceOf(error.fault)
        : undefined;
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

function describeBlob(options: BlobOptions): string {
  const { path, objectId } = options;
  return `read ${path ? `${path} (blob ${objectId})` : `blob ${objectId}`} of ${describeRepository(options)}`;
}

function describeVersion(version: VersionRef | undefined): string {
  return version ? ` at ${version.type} '${version.version}'` : '';
}

/** The bytes, if Git calls a blob of them so. */
function checkBlob(bytes: Uint8Array, objectId: string): Uint8Array {
  if (blobObjectId(bytes) !== objectId.toLowerCase()) {
    throw otherObject(bytes.length);
  }
  return bytes;
}

async function checkDownload(
  file: TemporaryFile,
  objectId: string,
): Promise<TemporaryFile> {
  const size = await file.size();
  const found = await streamedObjectId(file.read(), size);
  if (found !== objectId.toLowerCase()) {
    throw otherObject(size);
  }
  return file;
}

function otherObject(size: number): MalformedError {
  return new MalformedError(`${size} bytes whose object id is another`);
}
