import { LeastRecentlyUsed } from '../content/cache';

/** Characters of the texts that are kept. */
const LIMIT = 2 * 1024 * 1024;

/**
 * The texts of blobs that were downloaded during a pass, by object id: the same
 * blob in a thousand repositories is downloaded once. Only for blobs whose
 * object id was computed from their bytes.
 */
export class BlobTexts {
  readonly #kept = new LeastRecentlyUsed<string>(LIMIT, text => text.length);
  readonly #underWay = new Map<string, Promise<string | undefined>>();

  /** @param download - is called for what is not kept; `undefined`: it is too large to be read */
  async read(
    objectId: string,
    download: () => Promise<string | undefined>,
  ): Promise<string | undefined> {
    const kept = this.#kept.get(objectId);
    if (kept !== undefined) {
      return kept;
    }
    const underWay = this.#underWay.get(objectId);
    if (underWay) {
      try {
        return await underWay;
      } catch {
        // What one repository refuses another may give.
        return await download();
      }
    }
    const promise = download();
    this.#underWay.set(objectId, promise);
    try {
      const text = await promise;
      if (text !== undefined) {
        this.#kept.set(objectId, text);
      }
      return text;
    } finally {
      this.#underWay.delete(objectId);
    }
  }
}
