import { createHash } from 'node:crypto';

/**
 * The object id that Git gives to a file's content. Content whose id is not the
 * one that was asked for has been cut short, decoded or replaced on its way.
 */
export function blobObjectId(content: Uint8Array): string {
  return createHash('sha1')
    .update(`blob ${content.byteLength}\0`)
    .update(content)
    .digest('hex');
}
