import { Readable } from 'node:stream';
import { ARCHIVE_FROM } from '../azure/archive';
import type { Archive, ListedItem } from '../azure/types';
import { commonStart } from '../config/glob';
import type { Files } from './files';

/** After so long without a read an archive is deleted, in milliseconds. */
const IDLE_MS = 600_000;

/** Where the contents of files come from. */
interface ContentSource {
  /** What is in memory. */
  readonly memory: Pick<Files, 'kept' | 'keep'>;
  /** One file, from the service. */
  open(file: ListedItem): Promise<Buffer | Readable>;
  /** All files below a folder, if there is such an archive. */
  openArchive(folder: string): Promise<Archive | undefined>;
}

/**
 * Reads files that were listed together: from memory, one by one, or, where many
 * are not in memory, from one archive. That is downloaded at the first read, and
 * on disk until all were read, or none was for ten minutes.
 */
export class ManyFiles {
  readonly #source: ContentSource;
  readonly #folder: string;
  #archive: Promise<Archive | undefined> | undefined;
  /** What is still to be taken from the archive, by object id. */
  readonly #left: Set<string>;
  /** How many are being taken at the moment. */
  #reading = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(source: ContentSource, wanted: readonly ListedItem[]) {
    const missing = wanted.filter(
      file => !file.broken && !source.memory.kept(file.objectId),
    );
    const contents = new Set(missing.map(({ objectId }) => objectId));
    this.#source = source;
    this.#left = contents.size >= ARCHIVE_FROM ? contents : new Set();
    this.#folder = commonFolder(missing.map(placeOf));
  }

  /** A file: in one piece if it is small. @throws what reading it from the service throws */
  async open(file: ListedItem): Promise<Buffer | Readable> {
    const kept = this.#source.memory.kept(file.objectId);
    if (kept) {
      return kept;
    }
    const packed = this.#left.has(file.objectId)
      ? await this.#unpack(file)
      : undefined;
    if (this.#isClosed) {
      throw new Error(`${file.path} was read after the end`);
    }
    if (Buffer.isBuffer(packed)) {
      this.#source.memory.keep(file.objectId, packed);
    }
    return packed ?? (await this.#source.open(file));
  }

  /** Ends all reads. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#drop();
  }

  async #unpack(file: ListedItem): Promise<Buffer | Readable | undefined> {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#drop(), IDLE_MS);
    this.#timer.unref();
    this.#left.delete(file.objectId);
    this.#reading += 1;
    let content: Buffer | Readable | undefined;
    try {
      this.#archive ??= this.#source.openArchive(this.#folder);
      const archive = await this.#archive;
      content = await archive?.read(placeOf(file), file.objectId);
    } catch (error) {
      // The next read downloads it again.
      this.#archive = undefined;
      this.#left.add(file.objectId);
      throw error;
    } finally {
      if (!(content instanceof Readable)) {
        await this.#done();
      }
    }
    return content instanceof Readable
      ? Readable.from(this.#untilEnd(content))
      : content;
  }

  async *#untilEnd(content: Readable): AsyncGenerator<Buffer> {
    try {
      yield* content;
    } finally {
      await this.#done();
    }
  }

  async #done(): Promise<void> {
    this.#reading -= 1;
    if (this.#reading === 0 && this.#left.size === 0) {
      await this.#drop();
    }
  }

  async #drop(): Promise<void> {
    clearTimeout(this.#timer);
    const dropped = this.#archive;
    this.#archive = undefined;
    const archive = await dropped?.catch(() => undefined);
    await archive?.close();
  }
}

/** Where a file is in the repository, links followed. */
function placeOf({ path, source }: ListedItem): string {
  return source ?? path;
}

/** The deepest folder that all paths are below. */
function commonFolder(paths: readonly string[]): string {
  const folders = paths.map(path => path.split('/').slice(0, -1));
  return commonStart(folders).join('/') || '/';
}
