import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';

/**
 * The object id that Git gives to a file's content
 * (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects). Content whose id
 * is not the one that was asked for has been cut short, decoded or replaced on
 * its way.
 */
export function blobObjectId(content: Uint8Array): string {
  return blobHash(content.byteLength).update(content).digest('hex');
}

/** The same of content that is read piece by piece. @param size - in bytes, which Git puts first */
export async function streamedObjectId(
  content: Readable,
  size: number,
): Promise<string> {
  const hash = blobHash(size);
  for await (const chunk of content) {
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}

function blobHash(size: number) {
  return createHash('sha1').update(`blob ${size}\0`);
}
