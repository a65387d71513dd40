import { Readable } from 'node:stream';
import { LRUCache } from 'lru-cache';
import { isTooLarge } from '../azure/errors';
import { blobObjectId } from '../azure/object-id';
import type {
  AbsentItem,
  AzureDevOpsClient,
  ItemOutcome,
  Repository,
  VersionRef,
} from '../azure/types';
import { isTransient } from './errors';
import type { Asked, Freshness } from './freshness';
import { SharedReads, type Waiting } from './shared-reads';

/** So many files are remembered, without their content; some hundred bytes each. */
const MOST_FILES = 50_000;

/** So many contents are known to be too large for memory. */
const MOST_LARGE = 10_000;

/** Which file to read. */
interface FileAddress {
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
  /** Absent where the caller needs none, or where it is too large for memory. */
  readonly content?: Buffer;
}

/** One content of a repository. */
interface Blob {
  /** The repository's GUID. */
  readonly repository: string;
  readonly path: string;
  readonly objectId: string;
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
  readonly #large = new LRUCache<string, true>({ max: MOST_LARGE });
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
      const { path, objectId } = seen;
      const blob = { repository: repository.id, path, objectId };
      return (
        lastGood ?? {
          outcome: 'present',
          ...seen,
          content: await this.#contentOf(client, blob, waiting),
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
   * The content of an object id, however large. What is too large for memory is
   * downloaded when the stream is read, and is on disk until its end.
   *
   * @throws as `read`
   */
  async openContent(
    client: AzureDevOpsClient,
    blob: Blob,
    waiting: Waiting,
  ): Promise<Buffer | Readable> {
    return (
      (await this.#contentOf(client, blob, waiting)) ??
      Readable.from(download(client, blob, waiting.signal))
    );
  }

  /** The content, if it is in memory. */
  kept(objectId: string): Buffer | undefined {
    return this.#contents.get(objectId);
  }

  /** Keeps content in memory. */
  keep(objectId: string, content: Buffer): void {
    this.#contents.set(objectId, content);
  }

  /** The content, from the service if it is not kept; `undefined` where it is too large for memory. */
  async #contentOf(
    client: AzureDevOpsClient,
    blob: Blob,
    waiting: Waiting,
  ): Promise<Buffer | undefined> {
    const { repository, objectId } = blob;
    return (
      this.kept(objectId) ??
      (await this.#unlessLarge(objectId, () =>
        this.#downloads.join(
          [client.organization.key, repository, objectId].join('\n'),
          waiting,
          false,
          signal => this.#download(client, blob, signal),
        ),
      ))
    );
  }

  /** @returns `undefined` for what is too large for memory */
  async #unlessLarge(
    objectId: string,
    read: () => Promise<Buffer>,
  ): Promise<Buffer | undefined> {
    if (this.#large.has(objectId)) {
      return undefined;
    }
    try {
      return await read();
    } catch (error) {
      if (!isTooLarge(error)) {
        throw error;
      }
      this.#large.set(objectId, true);
      return undefined;
    }
  }

  /** What was seen, with its content; `undefined` when that is needed and not kept. */
  #fromMemory(
    seen: Sighting,
    options: ReadFileOptions,
  ): (PresentFile & Sighting) | undefined {
    const needed = isContentNeeded(seen.objectId, options);
    const content = needed ? this.kept(seen.objectId) : undefined;
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
          this.kept(objectId) ??
          (await this.#unlessLarge(objectId, () =>
            this.#download(
              client,
              { repository: file.repository.id, path, objectId },
              signal,
            ),
          )))
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
    const { repository, path, version } = file;
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
      if (!withContent || !isTooLarge(error)) {
        throw error;
      }
      const item = await client.readItem({ ...request, content: false });
      if (item.outcome === 'present') {
        this.#large.set(item.objectId, true);
      }
      return item;
    }
  }

  async #download(
    client: AzureDevOpsClient,
    blob: Blob,
    signal: AbortSignal,
  ): Promise<Buffer> {
    const content = Buffer.from(await client.readBlob({ ...blob, signal }));
    this.#contents.set(blob.objectId, content);
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

async function* download(
  client: AzureDevOpsClient,
  blob: Blob,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  const file = await client.downloadBlob({ ...blob, signal });
  try {
    yield* file.read();
  } finally {
    await file.close();
  }
}

/** The key of a file, by which it is remembered and its reads are shared. */
export function keyOf(
  client: AzureDevOpsClient,
  { repository, version, path }: FileAddress,
): string {
  return [
    client.organization.key,
    repository.id,
    version ? `${version.type}:${version.version}` : '',
    path,
  ].join('\n');
}
