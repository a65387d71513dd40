import type { LoggerService } from '@backstage/backend-plugin-api';
import { NotAllowedError } from '@backstage/errors';
import type {
  AbsentItem,
  AzureDevOpsClient,
  AzureDevOpsClients,
  ListingOutcome,
  Repository,
  VersionRef,
} from '../azure/types';
import { type Organization } from '../organization';
import { ProjectActivity } from './activity';
import { Blobs } from './blobs';
import { effectiveVersion } from './canonical';
import { AnnouncedChanges } from './changes';
import type { LocationContext } from './context';
import { isNotFoundOrForbidden } from './errors';
import { Files, type PresentFile, type ReadFileOptions } from './files';
import { LastGood, type Patience, withPatience } from './last-good';
import { Repositories } from './repositories';
import type { UrlReaderSettings } from '../config/url-reader';
import { SharedOperations } from './shared-operations';
import type { RepositoryUrl } from './parsed-url';

/**
 * How long a name is believed to stand for the same repository, and the
 * repository to have the same name and default branch, in milliseconds. Files
 * are read by the repository's id, so a renamed one goes on being read.
 */
const NAMES_FRESHNESS_MS = 60 * 60_000;
const DEFAULT_PATIENCE: Patience = {
  withLastGoodMs: 10_000,
  withoutMs: 60_000,
};

/** The clients for reads that happen on their own, and those for people who wait. */
export interface ContentClients extends AzureDevOpsClients {
  readonly interactive: AzureDevOpsClients;
}

/** Who reads. */
export interface Reader {
  readonly signal?: AbortSignal;
  /** Whether a person waits for it. Default: false. */
  readonly interactive?: boolean;
}

/** A repository that a URL names, and the client that reads it. */
export interface ResolvedRepository {
  readonly client: AzureDevOpsClient;
  readonly repository: Repository;
  /** The version that the URL names; absent for the default branch, also where the URL names that outright. */
  readonly version?: VersionRef;
}

/**
 * The content of repositories, read through one cache by everything in the
 * process: each plugin's URL reader, and the analyzer.
 */
export class RepositoryContent {
  readonly context: LocationContext;
  readonly settings: UrlReaderSettings;
  readonly #clients: ContentClients;
  readonly #patienceMs: number;
  readonly #changes = new AnnouncedChanges();
  readonly #activity: ProjectActivity;
  readonly #repositories: Repositories;
  readonly #files: Files;
  readonly #blobs: Blobs;
  readonly #listing = new SharedOperations<ListingOutcome>();

  constructor(options: {
    clients: ContentClients;
    context: LocationContext;
    settings: UrlReaderSettings;
    logger: LoggerService;
    /** The time in milliseconds since 1970. Default: the machine's. */
    now?: () => number;
    /** Default: 10 seconds with what was read before at hand, else 60 seconds. */
    patience?: Patience;
  }) {
    const { clients, context, settings, logger, now = Date.now } = options;
    const { patience = DEFAULT_PATIENCE } = options;
    const changes = this.#changes;
    const lastGood = new LastGood({
      maxStaleMs: settings.maxStaleMs,
      patience,
      logger,
      now,
    });
    this.context = context;
    this.settings = settings;
    this.#clients = clients;
    this.#patienceMs = patience.withoutMs;
    this.#blobs = new Blobs(settings.cacheBytes);
    this.#activity = new ProjectActivity({
      maxAgeMs: settings.freshnessMs,
      patienceMs: patience.withLastGoodMs,
      changes,
      now,
    });
    this.#files = new Files({
      blobs: this.#blobs,
      changes,
      activity: this.#activity,
      lastGood,
      now,
    });
    this.#repositories = new Repositories({
      freshnessMs: NAMES_FRESHNESS_MS,
      changes,
      lastGood,
      now,
    });
  }

  /**
   * Ends the freshness of everything that was read of a repository: to be
   * called when a push, a rename or the like is heard of.
   *
   * @param repositoryId - the repository's GUID
   */
  invalidate(repositoryId: string): void {
    this.#changes.announce(repositoryId);
  }

  /**
   * Lets the statistics of pushes stand in for reading file after file again: to
   * be called, again and again, by who can tell whether they are to be trusted.
   *
   * @param until - in milliseconds since 1970
   */
  relyOnActivity(organization: Organization, until: number): void {
    this.#activity.rely(organization, until);
  }

  /** The repository that a URL names, or `undefined` when it does not exist or may not be read. */
  async findRepository(
    url: RepositoryUrl,
    reader: Reader = {},
  ): Promise<Repository | undefined> {
    const client = this.client(url, reader);
    return await this.#repositories.resolve(client, url, reader);
  }

  /** The client for the organization of a URL. @throws `CredentialError` */
  client(url: RepositoryUrl, { interactive }: Reader): AzureDevOpsClient {
    const clients = interactive ? this.#clients.interactive : this.#clients;
    return clients.forOrganization(url.organization);
  }

  /**
   * Finds the repository that a URL names and does something with it. Names
   * are remembered for a while; where the repository behind one turns out to
   * have been replaced by another, it is done once more with that.
   *
   * @throws a `NotAllowedError` when the repository does not exist, may not be read, or is disabled
   */
  async withRepository<T>(
    url: RepositoryUrl,
    reader: Reader,
    use: (resolved: ResolvedRepository) => Promise<T>,
  ): Promise<T> {
    const client = this.client(url, reader);
    const resolve = (repository: Repository): ResolvedRepository => ({
      client,
      repository,
      version: effectiveVersion(repository, url.version),
    });
    const repository = checkReadable(
      url,
      await this.#repositories.resolve(client, url, reader),
    );
    try {
      return await use(resolve(repository));
    } catch (error) {
      if (!isNotFoundOrForbidden(error)) {
        throw error;
      }
      const current = await this.#repositories.resolve(client, url, {
        ...reader,
        again: true,
      });
      if (current?.id === repository.id) {
        throw error;
      }
      return await use(resolve(checkReadable(url, current)));
    }
  }

  /** One file. @throws `AzureDevOpsRequestError`, `CredentialError` */
  async readFile(
    resolved: ResolvedRepository,
    path: string,
    options: ReadFileOptions,
  ): Promise<PresentFile | AbsentItem> {
    const { client, repository, version } = resolved;
    return await this.#files.read(
      client,
      { repository, path, version },
      options,
    );
  }

  /** All files below a folder, in one request. @throws `AzureDevOpsRequestError`, `CredentialError` */
  async listFiles(
    resolved: ResolvedRepository,
    scopePath: string,
    signal?: AbortSignal,
  ): Promise<ListingOutcome> {
    const { client, repository, version } = resolved;
    const key = [
      client.organization.key,
      repository.id,
      JSON.stringify(version),
      scopePath,
    ].join('\n');
    return await withPatience(this.#patienceMs, signal, waiting =>
      this.#listing.run(key, waiting, shared =>
        client.listItems({
          repository: repository.id,
          scopePath,
          version,
          signal: shared,
        }),
      ),
    );
  }

  /** The content of a listed file. @throws `AzureDevOpsRequestError`, `CredentialError`, `ServiceUnavailableError` */
  async readBlob(
    resolved: ResolvedRepository,
    objectId: string,
    signal?: AbortSignal,
  ): Promise<Buffer> {
    const { client, repository } = resolved;
    return await withPatience(this.#patienceMs, signal, waiting =>
      this.#blobs.read(client, repository.id, objectId, waiting),
    );
  }
}

function checkReadable(
  url: RepositoryUrl,
  repository: Repository | undefined,
): Repository {
  const name = `${url.project ?? '_apis'}/${url.repository}`;
  const where = url.organization.label;
  if (!repository) {
    throw new NotAllowedError(
      `${where} has no repository ${name}, or the credential for ${where} may not read it; Azure DevOps does not say which. ` +
        `Compare the names with the address bar of the browser, and give the identity Read on the repository.`,
    );
  }
  if (repository.isDisabled) {
    throw new NotAllowedError(
      `The repository ${name} of ${where} is disabled. Enable it under Project settings > Repositories, or take its locations out of the catalog.`,
    );
  }
  return repository;
}
