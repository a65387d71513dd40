import { buffer } from 'node:stream/consumers';
import { fromBufferPromise } from 'yauzl';
import { blobObjectId } from './object-id';

/**
 * The blobs that a zip archive holds, by their object ids, which are those of
 * their content: what the archive calls them is not documented, and does not
 * matter.
 *
 * @param limits.each - larger blobs are left out, in bytes
 * @param limits.all - what is left out begins where all together would be larger, in bytes
 * @returns none where it is no archive, or a damaged one from there on
 */
export async function unzipBlobs(
  archive: Buffer,
  limits: { readonly each: number; readonly all: number },
): Promise<Map<string, Buffer>> {
  const blobs = new Map<string, Buffer>();
  let left = limits.all;
  try {
    const zip = await fromBufferPromise(archive);
    for await (const entry of zip.eachEntry()) {
      const { uncompressedSize } = entry;
      if (uncompressedSize > limits.each || uncompressedSize > left) {
        continue;
      }
      // No more than the size that the entry announces.
      const content = await buffer(await zip.openReadStreamPromise(entry));
      left -= content.length;
      blobs.set(blobObjectId(content), content);
    }
  } catch {
    // What was read until then is what it is by its own object id.
  }
  return blobs;
}
