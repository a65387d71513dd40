import type { Readable } from 'node:stream';
import type { LoggerService } from '@backstage/backend-plugin-api';
import { NotAllowedError, ServiceUnavailableError } from '@backstage/errors';
import { unlessDiskFails } from '../azure/errors';
import { brokenLinkError } from '../azure/links';
import type {
  AzureDevOpsClient,
  AzureDevOpsClients,
  ListedItem,
  ListingOutcome,
  PresentListing,
  Repository,
  VersionRef,
} from '../azure/types';
import type { UrlReaderSettings } from '../config/url-reader';
import type { Organization } from '../organization';
import { effectiveVersion, type RepositoryUrl } from './repository-url';
import type { LocationContext } from './context';
import { isNotFoundOrForbidden } from './errors';
import { ManyFiles } from './many-files';
import { Files, keyOf, type PresentFile, type ReadFileOptions } from './files';
import { Freshness } from './freshness';
import { locate, type Located, type ResolvedRepository } from './locate';
import { Repositories } from './repositories';
import { type Patience, SharedReads, startWaiting } from './shared-reads';

const DEFAULT_PATIENCE: Patience = {
  withLastGoodMs: 10_000,
  withoutMs: 60_000,
};

/** The clients for reads that happen on their own, and those for people who wait. */
interface ContentClients extends AzureDevOpsClients {
  readonly interactive: AzureDevOpsClients;
}

/** Who reads. */
interface Reader {
  readonly signal?: AbortSignal;
  /** Whether a person waits for it. Default: false. */
  readonly interactive?: boolean;
}

/** The error for a repository that does not exist or may not be read. */
type ExplainMissing = (
  client: AzureDevOpsClient,
  url: RepositoryUrl,
) => Promise<Error>;

/**
 * The content of repositories, read through one cache by everything in the
 * process: each plugin's URL reader, and the analyzer.
 */
export class RepositoryContent {
  readonly context: LocationContext;
  readonly settings: UrlReaderSettings;
  readonly #clients: ContentClients;
  readonly #patience: Patience;
  readonly #freshness: Freshness;
  readonly #repositories: Repositories;
  readonly #files: Files;
  readonly #listings = new SharedReads<ListingOutcome>();
  readonly #treeIds = new SharedReads<string | undefined>();
  #isClosed = false;

  constructor(options: {
    clients: ContentClients;
    context: LocationContext;
    settings: UrlReaderSettings;
    logger: LoggerService;
    /** The time in milliseconds since 1970. Default: the machine's. */
    now?: () => number;
    /** Default: 10 seconds where an older answer can be served, else 60 seconds. */
    patience?: Patience;
  }) {
    const { clients, context, settings, logger, now = Date.now } = options;
    const { cacheBytes } = settings;
    const freshness = new Freshness({ logger, now });
    this.context = context;
    this.settings = settings;
    this.#clients = clients;
    this.#patience = options.patience ?? DEFAULT_PATIENCE;
    this.#freshness = freshness;
    this.#files = new Files({ cacheBytes, freshness, now });
    this.#repositories = new Repositories(freshness);
  }

  /**
   * Ends the freshness of everything that was read of a repository: to be
   * called when it has been pushed to, renamed or the like.
   *
   * @param repositoryId - the repository's GUID
   */
  invalidate(repositoryId: string): void {
    this.#freshness.invalidate(repositoryId);
  }

  /** Takes names and default branches from a list of repositories, so that they need not be asked for one by one. */
  confirmNames(
    organization: Organization,
    repositories: readonly Repository[],
  ): void {
    this.#repositories.confirm(organization, repositories);
  }

  /** Makes every later read fail: the clients are closed with the backend. */
  close(): void {
    this.#isClosed = true;
  }

  /**
   * Finds the repository that a URL names and does something with it. Names
   * are remembered for a while; where the repository behind one turns out to
   * have been replaced by another, it is done once more with that.
   *
   * @param explainMissing - what to throw when the repository does not exist or may not be read. Default: a `NotAllowedError`
   * @throws a `NotAllowedError` when it is disabled too
   */
  async withRepository<T>(
    url: RepositoryUrl,
    reader: Reader,
    use: (resolved: ResolvedRepository) => Promise<T>,
    explainMissing: ExplainMissing = notVisible,
  ): Promise<T> {
    const client = this.#client(url, reader);
    const waiting = startWaiting(this.#patience, reader.signal);
    const find = async (again = false): Promise<ResolvedRepository> => {
      const repository = await this.#repositories.resolve(
        client,
        url,
        waiting,
        { again },
      );
      if (!repository) {
        throw await explainMissing(client, url);
      }
      if (repository.isDisabled) {
        throw new NotAllowedError(
          `The repository ${nameOf(url)} of ${url.organization.label} is disabled. Enable it under Project settings > Repositories, or take its locations out of the catalog.`,
        );
      }
      const version = effectiveVersion(repository, url.version);
      return { client, repository, version, waiting };
    };
    const resolved = await find();
    try {
      return await use(resolved);
    } catch (error) {
      if (!isNotFoundOrForbidden(error)) {
        throw error;
      }
      const current = await find(true);
      if (current.repository.id === resolved.repository.id) {
        throw error;
      }
      return await use(current);
    }
  }

  /** The client for the organization of a URL. @throws `CredentialError`, `ServiceUnavailableError` */
  #client(url: RepositoryUrl, { interactive }: Reader): AzureDevOpsClient {
    if (this.#isClosed) {
      throw new ServiceUnavailableError(
        'The backend is shutting down, and asks Azure DevOps nothing more. Try again when it has started.',
      );
    }
    const clients = interactive ? this.#clients.interactive : this.#clients;
    return clients.forOrganization(url.organization);
  }

  /** One file. @throws `AzureDevOpsRequestError`, `CredentialError`, `ServiceUnavailableError` */
  async readFile(
    resolved: ResolvedRepository,
    path: string,
    options: ReadFileOptions,
  ): Promise<Located<PresentFile>> {
    return await locate(resolved, path, async (there, candidate) => {
      const { client, repository, version, waiting } = there;
      const file = { repository, path: candidate, version };
      return await this.#files.read(client, file, waiting, options);
    });
  }

  /** All files below a folder, symbolic links followed, in one request if there are none. @throws `AzureDevOpsRequestError`, `CredentialError`, `ServiceUnavailableError` */
  async listFiles(
    resolved: ResolvedRepository,
    scopePath: string,
  ): Promise<Located<PresentListing>> {
    return await locate(resolved, scopePath, (there, candidate) =>
      this.#list(there, candidate),
    );
  }

  /**
   * The content of a file that was found, at any time after, however large.
   *
   * @throws `AzureDevOpsRequestError`, `CredentialError`, `ServiceUnavailableError`
   */
  async openBlob(
    { client, repository }: ResolvedRepository,
    { path, objectId, broken }: ListedItem,
    signal?: AbortSignal,
  ): Promise<Buffer | Readable> {
    if (broken) {
      const name = `repository ${repository.name}`;
      throw brokenLinkError(client.organization, name, broken);
    }
    const waiting = startWaiting(this.#patience, signal);
    const blob = { repository: repository.id, path, objectId };
    return await this.#files.openContent(client, blob, waiting);
  }

  /** Reads files of one listing, in a few requests however many they are. */
  manyFiles(
    resolved: ResolvedRepository,
    { commitId }: PresentListing,
    wanted: readonly ListedItem[],
    signal?: AbortSignal,
  ): ManyFiles {
    const { client, repository } = resolved;
    const version: VersionRef | undefined =
      commitId === undefined
        ? resolved.version
        : { type: 'commit', version: commitId };
    return new ManyFiles(
      {
        memory: this.#files,
        open: file => this.openBlob(resolved, file, signal),
        openArchive: async folder => {
          const archive = await unlessDiskFails(() =>
            client.downloadArchive({
              repository: repository.id,
              folder,
              version,
              signal,
            }),
          );
          return archive?.outcome === 'present' ? archive : undefined;
        },
      },
      wanted,
    );
  }

  /**
   * The object id of a folder, which is another as soon as anything below it is;
   * `undefined` where there is no such folder. One small request.
   *
   * @throws `AzureDevOpsRequestError`, `CredentialError`, `ServiceUnavailableError`
   */
  async treeId(
    resolved: ResolvedRepository,
    path: string,
  ): Promise<string | undefined> {
    const { client, repository, version, waiting } = resolved;
    const key = this.#keyOf(resolved, path);
    return await this.#treeIds.join(key, waiting, false, signal =>
      client.getTreeId({ repository: repository.id, path, version, signal }),
    );
  }

  /** A key by which reads are shared that were begun since the repository's last change. */
  #keyOf({ client, ...file }: ResolvedRepository, path: string): string {
    const change = this.#freshness.lastChange(file.repository.id);
    return [keyOf(client, { ...file, path }), change].join('\n');
  }

  async #list(
    resolved: ResolvedRepository,
    scopePath: string,
  ): Promise<ListingOutcome> {
    const { client, repository, version, waiting } = resolved;
    const key = this.#keyOf(resolved, scopePath);
    const listing = await this.#listings.join(key, waiting, false, signal =>
      client.listItems({
        repository: repository.id,
        listed: repository,
        path: scopePath,
        version,
        isFollowed: () => true,
        signal,
      }),
    );
    const [odd] = listing.outcome === 'present' ? listing.odd : [];
    if (odd) {
      // The catalog takes what a list lacks for gone.
      throw new ServiceUnavailableError(
        `The list of the files below ${scopePath} of repository ${repository.name} is not to be relied on: ${odd.seen}. The next read asks again.`,
      );
    }
    return listing;
  }
}

async function notVisible(
  _client: AzureDevOpsClient,
  url: RepositoryUrl,
): Promise<Error> {
  const where = url.organization.label;
  return new NotAllowedError(
    `${where} has no repository ${nameOf(url)}, or the credential for ${where} may not read it; Azure DevOps does not say which. ` +
      `Compare the names with the address bar of the browser, and give the identity Read on the repository.`,
  );
}

function nameOf({ project, repository }: RepositoryUrl): string {
  return `${project ?? '_apis'}/${repository}`;
}
