import { LeastRecentlyUsed } from '../locations/cache';

/** Characters of the texts that are kept. */
const LIMIT = 4 * 1024 * 1024;

/**
 * The texts of blobs that were downloaded during a pass, by object id: the same
 * blob in a thousand repositories is downloaded once. Only for blobs whose
 * object id was computed from their bytes.
 */
export class BlobTexts {
  readonly #kept = new LeastRecentlyUsed<string>(LIMIT, text => text.length);

  /** @param download - is called for what is not kept; `undefined`: it is too large to be read */
  async read(
    objectId: string,
    download: () => Promise<string | undefined>,
  ): Promise<string | undefined> {
    const kept = this.#kept.get(objectId);
    if (kept !== undefined) {
      return kept;
    }
    const text = await download();
    if (text !== undefined) {
      this.#kept.set(objectId, text);
    }
    return text;
  }
}
