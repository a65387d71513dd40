import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { inflateRaw, inflateRawSync } from 'node:zlib';
import {
  type Entry,
  fromRandomAccessReaderPromise,
  RandomAccessReader,
  type ZipFile,
} from 'yauzl';
import { counted } from '../counted';
import { blobObjectId, streamedObjectId } from './object-id';
import { MalformedError } from './parse';
import type { TemporaryFile } from './temporary-file';
import type { Archive } from './types';

/** So many files or more are read as an archive rather than one by one. */
export const ARCHIVE_FROM = 24;
/** Up to this size, in bytes, a file is taken out of an archive in one piece. */
const IN_MEMORY_BYTES = 8 * 1_048_576;
/** Up to this size, in bytes, a file is unpacked on the spot: handing it to another thread takes longer. */
const AT_ONCE_BYTES = 65_536;
/** What every entry of an archive begins with, and how much more there usually is before its content, in bytes. */
const HEADER_BYTES = 30;
const EXTRA_BYTES = 64;

/**
 * The files below a folder of a repository, as the service packs them. It is on
 * disk, since only the directory at its end has the sizes that an archive
 * written in one go lacks in front of its files.
 */
export class ZipArchive implements Archive {
  readonly outcome = 'present';

  private constructor(
    private readonly file: TemporaryFile,
    private readonly zip: ZipFile,
    private readonly entries: ReadonlyMap<string, Entry>,
    private readonly folder: string,
  ) {}

  /**
   * @param folder - what was packed, as `/docs`; `/` for the whole repository
   * @throws MalformedError for what is no archive, or not the whole of one
   */
  static async open(file: TemporaryFile, folder: string): Promise<ZipArchive> {
    try {
      const zip = await fromRandomAccessReaderPromise(
        new FileReader(file),
        await file.size(),
        { autoClose: false },
      );
      const entries = new Map<string, Entry>();
      for await (const entry of zip.eachEntry()) {
        entries.set(entry.fileName, entry);
      }
      return new ZipArchive(file, zip, entries, folder.replace(/\/+$/, ''));
    } catch {
      throw new MalformedError(
        `a body of ${counted(await file.size(), 'byte')} that is not a whole zip archive`,
      );
    }
  }

  async read(
    path: string,
    objectId: string,
  ): Promise<Buffer | Readable | undefined> {
    for (const entry of this.#entriesOf(path)) {
      const content = await this.#contentOf(entry, objectId);
      if (content) {
        return content;
      }
    }
    return undefined;
  }

  /** Ends reading, and takes it from the disk. */
  async close(): Promise<void> {
    await this.file.close();
  }

  /** The service puts the folder's own name before its files; nobody has documented that. */
  #entriesOf(path: string): Entry[] {
    const below = path.slice(this.folder.length + 1);
    const name = this.folder.slice(this.folder.lastIndexOf('/') + 1);
    return [`${name}/${below}`, below, path]
      .map(it => this.entries.get(it.replace(/^\/+/, '')))
      .filter(it => it !== undefined);
  }

  async #contentOf(
    entry: Entry,
    objectId: string,
  ): Promise<Buffer | Readable | undefined> {
    const { uncompressedSize } = entry;
    const open = () => this.zip.openReadStreamPromise(entry);
    try {
      if (uncompressedSize > IN_MEMORY_BYTES) {
        const found = await streamedObjectId(await open(), uncompressedSize);
        return found === objectId ? await open() : undefined;
      }
      const content = await this.#unpack(entry);
      return blobObjectId(content) === objectId ? content : undefined;
    } catch {
      // Damaged: as if it were not in the archive.
      return undefined;
    }
  }

  /** In one piece, and with one read from the disk where that is possible: archives have thousands of small files. */
  async #unpack(entry: Entry): Promise<Buffer> {
    const { compressedSize, compressionMethod, uncompressedSize } = entry;
    if (!entry.canDecodeFileData()) {
      throw new Error('encrypted, or compressed in an unknown way');
    }
    const packed = await this.#packed(entry);
    if (compressionMethod === 0) {
      return packed;
    }
    const limit = {
      maxOutputLength: Math.max(1, uncompressedSize),
      // With room to spare it is in one piece; zlib's own measure is eight times a usual file.
      chunkSize: uncompressedSize + 64,
    };
    return compressedSize <= AT_ONCE_BYTES && uncompressedSize <= AT_ONCE_BYTES
      ? inflateRawSync(packed, limit)
      : await inflate(packed, limit);
  }

  /**
   * The bytes of an entry as they are in the archive. In front of them stands a
   * header of which the directory does not say how long it is.
   *
   * Source: APPNOTE.TXT of PKWARE, 4.3.7 "Local file header"
   */
  async #packed({
    compressedSize,
    fileName,
    relativeOffsetOfLocalHeader: start,
  }: Entry): Promise<Buffer> {
    const likely =
      HEADER_BYTES + Buffer.byteLength(fileName) + EXTRA_BYTES + compressedSize;
    const header = await this.#read(start, likely);
    const dataStart =
      HEADER_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
    const data = header.subarray(dataStart, dataStart + compressedSize);
    return data.length === compressedSize
      ? data
      : await this.#read(start + dataStart, compressedSize);
  }

  /** So many bytes, or what there is of them. */
  async #read(position: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    const read = await this.file.readInto(bytes, 0, length, position);
    return bytes.subarray(0, read);
  }
}

const inflate = promisify(inflateRaw);

class FileReader extends RandomAccessReader {
  constructor(private readonly file: TemporaryFile) {
    super();
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return this.file.read(start, end);
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.file.readInto(buffer, offset, length, position).then(
      read => callback(read < length ? new Error('unexpected end') : null),
      (error: Error) => callback(error),
    );
  }
}
