import type { Readable } from 'node:stream';
import type { Organization } from '../organization';

/** One Git repository as the organization's list shows it. Source: `GitRepository` in specification/git/7.1. */
export interface Repository {
  /** The GUID that identifies the repository for good; names change. */
  readonly id: string;
  readonly name: string;
  readonly project: {
    readonly id: string;
    readonly name: string;
    /** `wellFormed` for every project that can be used. */
    readonly state: string;
  };
  /** The default branch without `refs/heads/`; absent for an empty repository. */
  readonly defaultBranch?: string;
  readonly isDisabled: boolean;
  readonly isFork: boolean;
  /** Size in bytes, as the service reports it. */
  readonly size?: number;
}

/** Something in a list that is not what the list is of. What it stands for is not known, so that nothing is concluded from its absence. */
export interface OddElement {
  /** The id that it has, in lower case; absent where it has none. */
  readonly id?: string;
  /** A clause: `element 3 is something that lacks name`. */
  readonly seen: string;
}

/** An organization's repositories, each once. */
export interface RepositoryList {
  readonly repositories: readonly Repository[];
  readonly odd: readonly OddElement[];
}

/** Which repository is read. */
interface RepositoryReference {
  /** Its GUID. */
  readonly repository: string;
  /** The repository as the caller knows it: an answer that names another, or another branch, is not taken for one. */
  readonly listed?: Pick<Repository, 'name' | 'defaultBranch'>;
}

/** Which repository is looked up: by its GUID or, within a project, by its name. */
export interface RepositoryRequest extends RepositoryReference {
  readonly project?: string;
}

/** Who an organization takes a credential for. */
export interface ServiceIdentity {
  readonly id: string;
  readonly name?: string;
}

/** Versions of the interface for repositories. */
export interface ApiVersions {
  readonly released: string;
  /** The newest preview. */
  readonly newest: string;
  /** The status with which the question was refused: then these are assumed. */
  readonly refusedWith?: number;
}

/** A file at the tip of a branch, positively there. */
export interface PresentItem {
  readonly outcome: 'present';
  readonly path: string;
  /** The blob's object id, a SHA-1 in hexadecimal. */
  readonly objectId: string;
  /** The text, when it was asked for: what decoding the blob's bytes as UTF-8 gives. */
  readonly content?: string;
}

/** Positive evidence that a file is not at the tip of a branch. */
export interface AbsentItem {
  readonly outcome: 'absent';
  readonly reason:
    'item-not-found' | 'not-a-file' | 'branch-not-found' | 'repository-empty';
  /** What the service said. */
  readonly message: string;
}

export type ItemOutcome = PresentItem | AbsentItem;

/** What lies below a folder at the tip of a branch: files only. */
export interface PresentListing {
  readonly outcome: 'present';
  /** The commit that was listed, where the service names it. */
  readonly commitId?: string;
  /** The object id of the folder, if it is another as soon as one of `items` is: not where links lead out of the folder. */
  readonly treeId?: string;
  readonly items: readonly ListedItem[];
  /** Elements that may be any file that `items` lacks. */
  readonly odd: readonly OddElement[];
}

/** A file of a listing. */
export interface ListedItem {
  readonly path: string;
  readonly objectId: string;
  /** It is a symbolic link, which was not followed. */
  readonly isSymLink?: true;
  /** Where the file is that a link leads to. */
  readonly source?: string;
  /** It is a link that nothing can be read through. */
  readonly broken?: BrokenLink;
}

/** A symbolic link, and why nothing can be read through it. */
export interface BrokenLink {
  readonly link: string;
  /** A clause that says where it leads: `it points to '../../x', outside of the repository`. */
  readonly problem: string;
}

export type ListingOutcome = PresentListing | AbsentItem;

/** Which version of a repository to read. Without it the repository's default branch. */
export interface VersionRef {
  readonly type: 'branch' | 'tag' | 'commit';
  readonly version: string;
}

/** One file as the search index knows it, which may be some time ago. */
export interface IndexedFile {
  readonly repositoryId: string;
  readonly path: string;
  /** The blob's object id at the time. */
  readonly objectId: string;
  /** The branches that it was seen on, without `refs/heads/`. */
  readonly branches: readonly string[];
}

/** What the search index knows. A file that is not among the results may exist all the same. */
export interface CodeSearchResult {
  readonly files: readonly IndexedFile[];
  /** Whether `files` are all of them. */
  readonly complete: boolean;
  /** The index is being built, and knows only a part of the files. */
  readonly indexing: boolean;
  /** How many requests it took. */
  readonly requests: number;
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
}

/** How large an answer may be. What is larger fails with `too-large`. */
export interface SizeOption {
  /** In bytes, before and after decompression. Default: what the kind of answer may have, see docs/limits.md. */
  readonly maxBytes?: number;
}

/** A blob on disk, until it is closed. */
interface DownloadedBlob {
  read(): Readable;
  close(): Promise<void>;
}

/** The files below a folder, on disk until it is closed. */
export interface Archive {
  readonly outcome: 'present';
  /**
   * The content of a file, which is verified before any of it is given.
   *
   * @param path - from the repository's root, as `/docs/index.md`
   * @returns in one piece what is small enough; `undefined` where the archive has no such content under that path
   */
  read(path: string, objectId: string): Promise<Buffer | Readable | undefined>;
  close(): Promise<void>;
}

/** A file or folder. */
export interface PathOptions extends RequestOptions, RepositoryReference {
  readonly path: string;
  readonly version?: VersionRef;
}

/** What may be absent, and how sure that has to be. */
export interface ReadOptions extends PathOptions, SizeOption {
  /**
   * Asks a second question before something counts as absent: a list of the nearest
   * folder that is there, which has the repository's id in it, must lack it. Default:
   * one answer is enough.
   */
  readonly confirm?: boolean;
}

export interface ItemOptions extends ReadOptions {
  /** Whether its text comes along; else only its object id does. */
  readonly content: boolean;
}

export interface ListingOptions extends ReadOptions {
  /** Which symbolic links are replaced by what they lead to, by their path. Default: none. */
  readonly isFollowed?: (path: string) => boolean;
}

export interface BlobOptions extends RequestOptions {
  readonly repository: string;
  readonly objectId: string;
  /** The file that it is the content of; for messages. */
  readonly path?: string;
}

export interface ArchiveOptions extends RequestOptions {
  readonly repository: string;
  /** `/` for the whole repository. */
  readonly folder: string;
  readonly version?: VersionRef;
}

/**
 * Everything that the module asks of one organization. Anything that is neither
 * a positive presence nor a positive absence is thrown as an
 * `AzureDevOpsRequestError`: unknown is not absent.
 */
export interface AzureDevOpsClient {
  readonly organization: Organization;

  /** Whom the organization takes the credential for. Needs no scope. */
  getIdentity(options?: RequestOptions): Promise<ServiceIdentity>;

  /** The projects that the identity may see. */
  listProjects(options?: RequestOptions): Promise<Repository['project'][]>;

  /** Which versions of the interface the service speaks; `undefined` when it names none. */
  getApiVersions(options?: RequestOptions): Promise<ApiVersions | undefined>;

  /** All repositories that the identity may see, in one request; of one project if named. Hidden ones are left out. */
  listRepositories(
    options?: RequestOptions & { project?: string },
  ): Promise<RepositoryList>;

  /** One repository by GUID, or by project and name; `undefined` on a positive 404, which may also mean "not permitted". */
  getRepository(
    options: RequestOptions & RepositoryRequest,
  ): Promise<Repository | undefined>;

  /** The ids of the project's repositories that are confirmed deleted. */
  listDeletedRepositories(
    options: RequestOptions & { project: string },
  ): Promise<string[]>;

  /** The ids of the organization's projects that are deleted, as far as the service still lists them. */
  listDeletedProjects(options?: RequestOptions): Promise<string[]>;

  /** One file, or the one that it leads to as a symbolic link. */
  readItem(options: ItemOptions): Promise<ItemOutcome>;

  /** All files below a folder, without content. */
  listItems(options: ListingOptions): Promise<ListingOutcome>;

  /**
   * The object id of a folder, which is another as soon as anything below it is;
   * `undefined` where there is no such folder. Source: the items of type `tree`
   * in the examples of specification/git/7.1.
   */
  getTreeId(options: PathOptions): Promise<string | undefined>;

  /**
   * The path of what a path leads to through folders that are symbolic links;
   * `undefined` where none is. For a path that was found not to be there.
   */
  resolveFolders(options: PathOptions): Promise<string | undefined>;

  /** The bytes of a blob, of at most 32 MiB. Content-addressed, hence cacheable for ever. */
  readBlob(options: BlobOptions & SizeOption): Promise<Uint8Array>;

  /**
   * Small blobs of one repository in one request, by their object ids. Whatever
   * is not among them can still be read by itself.
   *
   * @param options.maxBytes - how large one may be; together they are at most 1 MiB
   */
  readBlobs(
    options: RequestOptions &
      SizeOption & {
        repository: string;
        objectIds: readonly string[];
      },
  ): Promise<ReadonlyMap<string, Uint8Array>>;

  /** A blob of any size. Whoever asks for it closes it. */
  downloadBlob(options: BlobOptions): Promise<DownloadedBlob>;

  /** Everything below a folder in one request. Whoever asks for it closes it. */
  downloadArchive(options: ArchiveOptions): Promise<Archive | AbsentItem>;

  /**
   * Asks Code Search for files; for Azure DevOps Services on a host of its own,
   * almsearch.dev.azure.com. At most 2,000 results can be reached.
   *
   * @param options.searchText - as in `path:/catalog-info.yaml`
   * @param options.projects - names; all projects if left out
   */
  searchFiles(
    options: RequestOptions & {
      searchText: string;
      projects?: readonly string[];
    },
  ): Promise<CodeSearchResult>;
}

/** One client an organization, per process. */
export interface AzureDevOpsClients {
  /** @param options.deadlineMs - how long one request may take, where that is less than otherwise, in milliseconds */
  forOrganization(
    organization: Organization,
    options?: { readonly deadlineMs?: number },
  ): AzureDevOpsClient;
}
