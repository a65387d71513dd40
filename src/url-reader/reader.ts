import {
  type ReadTreeResponseFactory,
  ReadUrlResponseFactory,
} from '@backstage/backend-defaults/urlReader';
import type {
  UrlReaderService,
  UrlReaderServiceReadTreeOptions,
  UrlReaderServiceReadTreeResponse,
  UrlReaderServiceReadUrlOptions,
  UrlReaderServiceReadUrlResponse,
  UrlReaderServiceSearchOptions,
  UrlReaderServiceSearchResponse,
} from '@backstage/backend-plugin-api';
import { NotFoundError, NotModifiedError } from '@backstage/errors';
import type { RepositoryContent } from '../content/content';
import type { ResolvedRepository } from '../content/locate';
import {
  unsupportedUrlError,
  unableToRead,
  toBackstageError,
  toReadable,
} from '../content/errors';
import {
  fileOf,
  noFileError,
  objectIdOfEtag,
  searchGlob,
  searchPath,
} from './search';
import {
  isGlob,
  isUnsupported,
  type RepositoryUrl,
} from '../content/repository-url';
import { readTree } from './tree';
import { parseRepositoryUrl } from '../content/url';

/**
 * Reads what URLs of Azure DevOps point to, for one plugin. Everything goes
 * through the content that the process shares, and so through one set of
 * credentials, one limiter an identity and one cache.
 *
 * As in Backstage's own reader for Azure DevOps the option `token` is not
 * looked at: a URL is read with the credential of its organization.
 */
export class AzureDevOpsUrlReader implements UrlReaderService {
  readonly #content: RepositoryContent;
  readonly #treeResponseFactory: ReadTreeResponseFactory;
  readonly #workingDirectory: string;
  readonly #interactive: boolean;

  constructor(options: {
    content: RepositoryContent;
    treeResponseFactory: ReadTreeResponseFactory;
    /** Where folders are made for trees that are written out. */
    workingDirectory: string;
    /**
     * Whether the plugin reads because somebody waits for it, and not on a
     * timer: then its reads go first, and what it reads is always asked for.
     */
    interactive: boolean;
  }) {
    this.#content = options.content;
    this.#treeResponseFactory = options.treeResponseFactory;
    this.#workingDirectory = options.workingDirectory;
    this.#interactive = options.interactive;
  }

  /**
   * Reads one file. The etag is the object id of its content.
   *
   * @throws `NotFoundError` when the service says that the file is not there;
   *   `NotModifiedError`; `InputError` for a URL that names no file;
   *   `NotAllowedError`, `AuthenticationError`, `ServiceUnavailableError` when
   *   it does not say
   */
  async readUrl(
    url: string,
    options: UrlReaderServiceReadUrlOptions = {},
  ): Promise<UrlReaderServiceReadUrlResponse> {
    const { etag, lastModifiedAfter, signal } = options;
    const conditional = etag !== undefined || lastModifiedAfter !== undefined;
    return await this.#read(url, signal, async (resolved, { path }) => {
      const { path: where, found: file } = await this.#content.readFile(
        resolved,
        fileOf(url, path, resolved),
        {
          maxAgeMs: this.#maxAge(resolved, conditional),
          knownObjectId: objectIdOfEtag(etag),
        },
      );
      if (file.outcome === 'absent') {
        throw where === '/'
          ? noFileError(url)
          : new NotFoundError(`${unableToRead(url)}: ${file.message}`);
      }
      // The service does not say when a file was last modified. That it has not
      // been since it was first seen is known, and all that is asked.
      if (
        etag === file.objectId ||
        (lastModifiedAfter && file.sameSince <= lastModifiedAfter.getTime())
      ) {
        throw new NotModifiedError();
      }
      const content =
        file.content ?? (await this.#content.openBlob(resolved, file, signal));
      return await ReadUrlResponseFactory.fromReadable(
        toReadable(url, content),
        { etag: file.objectId },
      );
    });
  }

  /**
   * Reads a folder with everything in it, or the whole repository. The etag
   * changes when something in the folder does.
   *
   * @throws as `readUrl`
   */
  async readTree(
    url: string,
    options: UrlReaderServiceReadTreeOptions = {},
  ): Promise<UrlReaderServiceReadTreeResponse> {
    return await this.#read(url, options.signal, (resolved, { path }) =>
      readTree({
        url,
        content: this.#content,
        resolved,
        path,
        options,
        treeResponseFactory: this.#treeResponseFactory,
        workingDirectory: this.#workingDirectory,
      }),
    );
  }

  /**
   * Finds one file, or all the files that a glob matches. No files means that
   * the service says that there are none: callers remove what they had.
   *
   * @throws as `readUrl`, but never a `NotFoundError`
   */
  async search(
    url: string,
    options: UrlReaderServiceSearchOptions = {},
  ): Promise<UrlReaderServiceSearchResponse> {
    return await this.#read(url, options.signal, (resolved, { path }) => {
      const request = {
        url,
        content: this.#content,
        resolved,
        path: fileOf(url, path, resolved),
        options,
      };
      return isGlob(request.path)
        ? searchGlob(request)
        : searchPath(request, options.etag ? this.#maxAge(resolved, true) : 0);
    });
  }

  toString(): string {
    return `azureDevOps{hosts=${this.#content.context.hosts.join(',')}}`;
  }

  #maxAge(resolved: ResolvedRepository, conditional: boolean): number {
    const { freshnessMs, locationFreshnessMs } = this.#content.settings;
    // What a commit holds never changes; whether it may still be read does.
    if (resolved.version?.type === 'commit') {
      return freshnessMs;
    }
    if (this.#interactive) {
      return 0;
    }
    return conditional ? locationFreshnessMs : freshnessMs;
  }

  async #read<T>(
    url: string,
    signal: AbortSignal | undefined,
    use: (resolved: ResolvedRepository, parsed: RepositoryUrl) => Promise<T>,
  ): Promise<T> {
    const parsed = parseRepositoryUrl(url, this.#content.context);
    if (isUnsupported(parsed)) {
      throw unsupportedUrlError(url, parsed);
    }
    try {
      return await this.#content.withRepository(
        parsed,
        { signal, interactive: this.#interactive },
        resolved => use(resolved, parsed),
      );
    } catch (error) {
      signal?.throwIfAborted();
      throw toBackstageError(url, error);
    }
  }
}
