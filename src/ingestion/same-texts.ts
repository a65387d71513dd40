import {
  type UnderstoodText,
  type UnderstoodDocument,
  understandText,
} from '../descriptors/read';
import { LeastRecentlyUsed } from '../locations/cache';

/** The size of what is kept, in characters of JSON: some 2,000 files, or 10 MB. */
const LIMIT = 4 * 1024 * 1024;

/**
 * Has a text that many files share, as those do that come from one template,
 * understood once.
 *
 * It is found again by the text itself rather than by an object id, so that
 * nothing rests on the service's word for which text belongs to which.
 */
export class SameTexts {
  readonly #kept = new LeastRecentlyUsed<UnderstoodText>(
    LIMIT,
    ({ size }) => size,
  );
  readonly #enableYamlMerge: boolean;

  /** @param enableYamlMerge - the catalog's `catalog.enableYamlMerge` */
  constructor(enableYamlMerge: boolean) {
    this.#enableYamlMerge = enableYamlMerge;
  }

  understand(content: string): readonly UnderstoodDocument[] {
    let text = this.#kept.get(content);
    if (!text) {
      text = understandText({
        content,
        enableYamlMerge: this.#enableYamlMerge,
      });
      this.#kept.set(content, text);
    }
    return text.documents;
  }
}
