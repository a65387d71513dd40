import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

const CHUNK_BYTES = 65_536;
/** Up to this size, in bytes, pieces that follow one another are read together. */
const PIECE_BYTES = 16_384;

/** The disk did not take a file. */
export class DiskError extends Error {
  /** @param code - Node's, as `ENOSPC` */
  constructor(readonly code: string) {
    super(`a temporary file cannot be written (${code})`);
  }
}

async function onDisk<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new DiskError(String((error as NodeJS.ErrnoException).code));
  }
}

/**
 * What is too large for memory, on disk for as long as it is open. The file has
 * no name, so that nothing is left behind when the process ends. Streams of
 * Node's own would close it when they are destroyed.
 */
export class TemporaryFile {
  readonly #handle: FileHandle;
  /** The chunk that was read last, and from where on. */
  #chunk:
    { readonly start: number; readonly bytes: Promise<Buffer> } | undefined;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** @throws DiskError */
  static async create(): Promise<TemporaryFile> {
    const path = join(tmpdir(), `azure-devops-${randomUUID()}`);
    const handle = await onDisk(open(path, 'wx+', 0o600));
    try {
      await unlink(path);
      return new TemporaryFile(handle);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** In bytes. */
  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  /** Writes all that comes, in place of what was there. @throws DiskError, or what the content ends with */
  async write(content: AsyncIterable<Uint8Array>): Promise<void> {
    this.#chunk = undefined;
    await this.#handle.truncate(0);
    let position = 0;
    for await (const chunk of content) {
      for (let written = 0; written < chunk.byteLength;) {
        const left = chunk.byteLength - written;
        const { bytesWritten } = await onDisk(
          this.#handle.write(chunk, written, left, position),
        );
        written += bytesWritten;
        position += bytesWritten;
      }
    }
  }

  /** What is in the file from one position to before another. Default: all of it. */
  read(start = 0, end = Infinity): Readable {
    return Readable.from(this.#chunks(start, end));
  }

  /** Fills a part of a buffer. @returns how many bytes there were */
  async readInto(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<number> {
    if (length > PIECE_BYTES) {
      const read = await this.#handle.read(buffer, offset, length, position);
      return read.bytesRead;
    }
    const end = position + length;
    let chunk = this.#chunk;
    if (!chunk || position < chunk.start || end > chunk.start + CHUNK_BYTES) {
      chunk = { start: position, bytes: this.#readChunk(position) };
      this.#chunk = chunk;
    }
    const { start } = chunk;
    return (await chunk.bytes).copy(
      buffer,
      offset,
      position - start,
      end - start,
    );
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async *#chunks(start: number, end: number): AsyncGenerator<Buffer> {
    for (let position = start; position < end;) {
      const chunk = await this.#readChunk(position);
      if (chunk.length === 0) {
        return;
      }
      yield chunk.subarray(0, end - position);
      position += chunk.length;
    }
  }

  /** So many bytes, or what there is of them. */
  async #readChunk(position: number): Promise<Buffer> {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const read = await this.#handle.read(chunk, 0, CHUNK_BYTES, position);
    return chunk.subarray(0, read.bytesRead);
  }
}
