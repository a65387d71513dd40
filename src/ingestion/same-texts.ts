import {
  type UnderstoodText,
  type UnderstoodDocument,
  understandText,
} from '../descriptors/read';
import { LeastRecentlyUsed } from '../content/cache';

/** The size of what is kept, in characters of JSON: some 2,000 files, or 10 MB. */
const LIMIT = 4 * 1024 * 1024;
/** How many object ids are remembered to have been seen; a power of two. */
const SEEN = 16_384;

/**
 * Has a text that many files share, as those do that come from one template,
 * understood once: it is kept as soon as its object id is seen again. To keep
 * what is seen once would cost more memory than all the rest of a pass.
 *
 * What is kept is found by the text itself, so that nothing rests on the
 * service's word for which text belongs to which object id.
 */
export class SameTexts {
  readonly #kept = new LeastRecentlyUsed<UnderstoodText>(
    LIMIT,
    ({ size }) => size,
  );
  readonly #seen = new Uint32Array(SEEN);
  readonly #enableYamlMerge: boolean;

  /** @param enableYamlMerge - the catalog's `catalog.enableYamlMerge` */
  constructor(enableYamlMerge: boolean) {
    this.#enableYamlMerge = enableYamlMerge;
  }

  understand(objectId: string, content: string): readonly UnderstoodDocument[] {
    let text = this.#kept.get(content);
    if (!text) {
      text = understandText({
        content,
        enableYamlMerge: this.#enableYamlMerge,
      });
      if (this.#isSeenAgain(objectId)) {
        this.#kept.set(content, text);
      }
    }
    return text.documents;
  }

  /** A few digits of an object id choose a place, in which others are noted; the latest displaces what was there. */
  #isSeenAgain(objectId: string): boolean {
    const place = Number.parseInt(objectId.slice(0, 8), 16) % SEEN;
    const digits = Number.parseInt(objectId.slice(8, 16), 16);
    const isSeen = this.#seen[place] === digits;
    this.#seen[place] = digits;
    return isSeen;
  }
}
