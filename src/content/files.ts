import { createHash } from 'node:crypto';
import { ServiceUnavailableError } from '@backstage/errors';
import { LRUCache } from 'lru-cache';
import type {
  AbsentItem,
  AzureDevOpsClient,
  ItemOutcome,
  Repository,
  VersionRef,
} from '../azure/types';
import { isTooLarge, isTransient } from './errors';
import type { Asked, Freshness } from './freshness';
import { SharedReads, type Waiting } from './shared-reads';

/** So many files are remembered, without their content; some hundred bytes each. */
const MOST_FILES = 50_000;

/** Which file to read. */
export interface FileAddress {
  readonly repository: Repository;
  readonly path: string;
  readonly version?: VersionRef;
}

export interface ReadFileOptions {
  /** An answer that is at most so old is taken for true, in milliseconds; 0 asks the service. */
  readonly maxAgeMs: number;
  /** The object id that the caller has content for already: as long as it holds, no content is needed. */
  readonly knownObjectId?: string;
  /** Whether content is needed at all. Default: true. */
  readonly content?: boolean;
}

export interface PresentFile {
  readonly outcome: 'present';
  /** As the service spells it. */
  readonly path: string;
  readonly objectId: string;
  /** Since when at least the file has had this content, in milliseconds: it was so when first seen, and ever since. */
  readonly sameSince: number;
  /** Absent where the caller needs none. */
  readonly content?: Buffer;
}

/** A file as it was last seen. */
interface Sighting {
  readonly path: string;
  readonly objectId: string;
  readonly sameSince: number;
  readonly asked: Asked;
}

/** A file that is not there, or may not be read. */
interface Nothing {
  readonly objectId?: undefined;
  readonly asked: Asked;
}

type Answer = (PresentFile & Sighting) | AbsentItem;

/** Reads files, each content once. */
export class Files {
  readonly #freshness: Freshness;
  readonly #now: () => number;
  /** Contents by object id, which stands for one content for ever, in whatever repository. */
  readonly #contents: LRUCache<string, Buffer>;
  readonly #seen = new LRUCache<string, Sighting | Nothing>({
    max: MOST_FILES,
  });
  readonly #reads = new SharedReads<Answer>();
  readonly #downloads = new SharedReads<Buffer>();

  constructor(options: {
    /** How much content is kept, in bytes. */
    cacheBytes: number;
    freshness: Freshness;
    now: () => number;
  }) {
    this.#freshness = options.freshness;
    this.#now = options.now;
    this.#contents = new LRUCache({
      maxSize: options.cacheBytes,
      // One file should not push out all others.
      maxEntrySize: Math.ceil(options.cacheBytes / 4),
      sizeCalculation: content => Math.max(1, content.byteLength),
    });
  }

  /**
   * One file: that it is there, with its object id and the content that is
   * needed, or that it is positively not.
   *
   * @throws `AzureDevOpsRequestError`, `CredentialError`, `ServiceUnavailableError`, or the signal's reason
   */
  async read(
    client: AzureDevOpsClient,
    file: FileAddress,
    waiting: Waiting,
    options: ReadFileOptions,
  ): Promise<PresentFile | AbsentItem> {
    const { repository } = file;
    const key = keyOf(client, file);
    const last = this.#seen.get(key);
    const seen = last?.objectId === undefined ? undefined : last;
    const lastGood = seen && this.#fromMemory(seen, options);
    if (
      seen &&
      this.#freshness.isFresh(seen.asked, repository.id, options.maxAgeMs)
    ) {
      return (
        lastGood ?? {
          outcome: 'present',
          ...seen,
          content: await this.readContent(
            client,
            repository.id,
            seen.objectId,
            waiting,
          ),
        }
      );
    }
    const reading = {
      organization: client.organization,
      what: `${file.path} of repository ${repository.name}`,
      signal: waiting.signal,
    };
    const { content = true, knownObjectId } = options;
    const shared = [
      key,
      content ? knownObjectId : 'without content',
      // What was asked for before a change is not shared with those who ask after it.
      this.#freshness.lastChange(repository.id),
    ];
    return await this.#freshness.serveStaleOnError(
      lastGood,
      reading,
      hasLastGood =>
        this.#reads.join(shared.join('\n'), waiting, hasLastGood, signal =>
          this.#ask(client, file, key, options, signal),
        ),
    );
  }

  /**
   * The content of an object id, from the service if it is not kept.
   *
   * @throws as `read`
   */
  async readContent(
    client: AzureDevOpsClient,
    repositoryId: string,
    objectId: string,
    waiting: Waiting,
  ): Promise<Buffer> {
    return (
      this.#contents.get(objectId) ??
      (await this.#downloads.join(
        [client.organization.key, repositoryId, objectId].join('\n'),
        waiting,
        false,
        signal => this.#download(client, repositoryId, objectId, signal),
      ))
    );
  }

  /** What was seen, with its content; `undefined` when that is needed and not kept. */
  #fromMemory(
    seen: Sighting,
    options: ReadFileOptions,
  ): (PresentFile & Sighting) | undefined {
    const needed = isContentNeeded(seen.objectId, options);
    const content = needed ? this.#contents.get(seen.objectId) : undefined;
    return needed && !content
      ? undefined
      : { outcome: 'present', ...seen, content };
  }

  /**
   * Asks for the file, and for its content where that is needed. What was seen
   * before is replaced when all of it is there, or the service says that the
   * file is gone or may not be read: until then it can be served.
   */
  async #ask(
    client: AzureDevOpsClient,
    file: FileAddress,
    key: string,
    options: ReadFileOptions,
    signal: AbortSignal,
  ): Promise<Answer> {
    const asked = this.#freshness.asked();
    try {
      const item = await this.#readItem(client, file, key, options, signal);
      if (item.outcome === 'absent') {
        this.#remember(key, { asked });
        return item;
      }
      const { path, objectId } = item;
      const came =
        item.content === undefined
          ? undefined
          : this.#keepText(objectId, item.content);
      const content = isContentNeeded(objectId, options)
        ? (came ??
          this.#contents.get(objectId) ??
          (await this.#download(client, file.repository.id, objectId, signal)))
        : undefined;
      const before = this.#seen.peek(key);
      const sameSince =
        before?.objectId === objectId ? before.sameSince : this.#now();
      const sighting: Sighting = { path, objectId, sameSince, asked };
      this.#remember(key, sighting);
      return { outcome: 'present', ...sighting, content };
    } catch (error) {
      if (!isTransient(error)) {
        this.#remember(key, { asked });
      }
      throw error;
    }
  }

  /** Of two answers that cross, the one that was asked for later counts. */
  #remember(key: string, state: Sighting | Nothing): void {
    const before = this.#seen.peek(key);
    if (!before || before.asked.ticket < state.asked.ticket) {
      this.#seen.set(key, state);
    }
  }

  /** The item, with its text where the content is needed and not kept. */
  async #readItem(
    client: AzureDevOpsClient,
    file: FileAddress,
    key: string,
    options: ReadFileOptions,
    signal: AbortSignal,
  ): Promise<ItemOutcome> {
    const { path, version } = file;
    const { repository } = file;
    const request = {
      repository: repository.id,
      listed: repository,
      path,
      version,
      signal,
    };
    const last = this.#seen.peek(key)?.objectId;
    const withContent =
      options.content !== false &&
      options.knownObjectId === undefined &&
      (last === undefined || !this.#contents.has(last));
    try {
      return await client.readItem({ ...request, content: withContent });
    } catch (error) {
      // More than an answer with text may hold is read as a blob.
      if (withContent && isTooLarge(error)) {
        return await client.readItem({ ...request, content: false });
      }
      throw error;
    }
  }

  async #download(
    client: AzureDevOpsClient,
    repositoryId: string,
    objectId: string,
    signal: AbortSignal,
  ): Promise<Buffer> {
    const bytes = await client.readBlob({
      repository: repositoryId,
      objectId,
      signal,
    });
    if (blobObjectId(bytes) !== objectId) {
      throw new ServiceUnavailableError(
        `Azure DevOps sent ${bytes.byteLength} bytes that are not the blob ${objectId} of repository ${repositoryId}. They were dropped; the next read asks again.`,
      );
    }
    const content = Buffer.from(bytes);
    this.#contents.set(objectId, content);
    return content;
  }

  /**
   * Keeps what the service decoded as text, if encoding it again gives the very
   * file: not so for what is not UTF-8, or was cut short.
   */
  #keepText(objectId: string, text: string): Buffer | undefined {
    const content = Buffer.from(text, 'utf8');
    if (blobObjectId(content) !== objectId) {
      return undefined;
    }
    this.#contents.set(objectId, content);
    return content;
  }
}

function isContentNeeded(
  objectId: string,
  { content = true, knownObjectId }: ReadFileOptions,
): boolean {
  return content && objectId !== knownObjectId;
}

/**
 * The object id that Git gives to a file's content. Content whose id is not the
 * one that was asked for has been cut short, decoded or replaced on its way.
 */
function blobObjectId(content: Uint8Array): string {
  return createHash('sha1')
    .update(`blob ${content.byteLength}\0`)
    .update(content)
    .digest('hex');
}

function keyOf(client: AzureDevOpsClient, file: FileAddress): string {
  return [
    client.organization.key,
    file.repository.id,
    file.version ? `${file.version.type}:${file.version.version}` : '',
    file.path,
  ].join('\n');
}
