import { promisify } from 'node:util';
import {
  brotliDecompress,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  gunzip,
  inflate,
} from 'node:zlib';
import { fieldsOf } from './fields';

/** A body that cannot be decompressed, or that is too large when it is. */
export class DecodingError extends Error {
  constructor(readonly reason: 'undecodable' | 'too-large') {
    super(reason);
  }
}

const decompressors = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

const streams = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** How much is decompressed at a time. */
const CHUNK_BYTES = 65_536;

/**
 * Undoes a body's `Content-Encoding`.
 *
 * @param maxBytes - how large the result may become; a bomb is not unpacked further
 * @throws DecodingError
 */
export async function decodeBody(
  body: Buffer,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Buffer> {
  const name = (encoding ?? '').trim().toLowerCase();
  if (name === '' || name === 'identity') {
    return body;
  }
  if (!isKnown(name)) {
    throw new DecodingError('undecodable');
  }
  try {
    return await decompressors[name](body, { maxOutputLength: maxBytes });
  } catch (error) {
    const tooLarge = fieldsOf(error).code === 'ERR_BUFFER_TOO_LARGE';
    throw new DecodingError(tooLarge ? 'too-large' : 'undecodable');
  }
}

/**
 * Undoes a body's `Content-Encoding` bit by bit, for what is too large to be
 * held as a whole.
 *
 * @param maxBytes - how large the result may become
 * @throws DecodingError
 */
export async function* decodeInChunks(
  body: Buffer,
  encoding: string | undefined,
  maxBytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  const name = (encoding ?? '').trim().toLowerCase();
  if (name === '' || name === 'identity') {
    for (let start = 0; start < body.length; start += CHUNK_BYTES) {
      yield body.subarray(start, start + CHUNK_BYTES);
    }
    return;
  }
  if (!isKnown(name)) {
    throw new DecodingError('undecodable');
  }
  const stream = streams[name]({ chunkSize: CHUNK_BYTES });
  stream.end(body);
  const chunks: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]();
  let length = 0;
  try {
    for (;;) {
      const next = await chunks.next().catch(() => {
        throw new DecodingError('undecodable');
      });
      if (next.done) {
        return;
      }
      length += next.value.length;
      if (length > maxBytes) {
        throw new DecodingError('too-large');
      }
      yield next.value;
    }
  } finally {
    stream.destroy();
  }
}

/**
 * Undoes the `Content-Encoding` of a body of which only the beginning was
 * read; empty where that is impossible.
 */
export async function decodeBeginning(
  body: Buffer,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Buffer> {
  const name = (encoding ?? '').trim().toLowerCase();
  if (name === '' || name === 'identity') {
    return body;
  }
  if (!isKnown(name)) {
    return Buffer.alloc(0);
  }
  try {
    return await decompressors[name](body, {
      maxOutputLength: maxBytes,
      // Takes what there is instead of insisting on a proper end.
      finishFlush:
        name === 'br'
          ? constants.BROTLI_OPERATION_FLUSH
          : constants.Z_SYNC_FLUSH,
    });
  } catch {
    return Buffer.alloc(0);
  }
}

function isKnown(name: string): name is keyof typeof decompressors {
  return Object.hasOwn(decompressors, name);
}
