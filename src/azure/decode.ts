import { promisify } from 'node:util';
import { brotliDecompress, constants, gunzip, inflate } from 'node:zlib';
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
