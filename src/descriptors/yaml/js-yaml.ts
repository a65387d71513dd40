import {
  CORE_SCHEMA,
  EVENT_ID,
  YAMLException,
  constructFromEvents,
  mergeTag,
  parseEvents,
  type Event,
} from 'js-yaml';
import { isCommonShape } from './certainty';
import {
  MAX_ALIASES,
  MAX_ALIASES_OF_ONE_ANCHOR,
  MAX_DEPTH,
  MAX_MERGED_KEYS,
} from './limits';

const MERGE_SCHEMA = CORE_SCHEMA.withTags(mergeTag);

/** What js-yaml makes of the text of one document. */
export type JsYamlReading =
  | {
      readonly outcome: 'value';
      readonly value: unknown;
      /** Whether the catalog's own parser is known to make the same of it. */
      readonly certain: boolean;
    }
  | {
      readonly outcome: 'rejected';
      readonly message: string;
      /** Counted from 1, from the beginning of the text. */
      readonly line?: number;
      readonly column?: number;
    };

/** Reads one document with js-yaml. A document without content has the value `null`. */
export function readWithJsYaml(
  text: string,
  options: { enableYamlMerge: boolean },
): JsYamlReading {
  try {
    const events = parseEvents(text, { maxDepth: MAX_DEPTH });
    if (hasExcessiveAliases(text, events)) {
      return {
        outcome: 'rejected',
        message: `more than ${MAX_ALIASES_OF_ONE_ANCHOR} aliases of one anchor, which the catalog takes for an attack`,
      };
    }
    const values = constructFromEvents(events, {
      source: text,
      schema: options.enableYamlMerge ? MERGE_SCHEMA : CORE_SCHEMA,
      maxAliases: MAX_ALIASES,
      maxTotalMergeKeys: MAX_MERGED_KEYS,
    });
    if (values.length > 1) {
      return { outcome: 'rejected', message: 'a document marker was expected' };
    }
    const value = values[0] ?? null;
    return {
      outcome: 'value',
      value,
      certain:
        (value === null || events[1]?.type === EVENT_ID.MAPPING) &&
        isCommonShape(text, events, { merge: options.enableYamlMerge }),
    };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    return {
      outcome: 'rejected',
      message: error.reason,
      ...(error.mark && {
        line: error.mark.line + 1,
        column: error.mark.column + 1,
      }),
    };
  }
}

/** The catalog's own parser rejects to resolve one anchor more often. */
function hasExcessiveAliases(text: string, events: readonly Event[]): boolean {
  const counts = new Map<string, number>();
  for (const event of events) {
    if (!('anchorStart' in event) || event.anchorStart < 0) continue;
    const name = text.slice(event.anchorStart, event.anchorEnd);
    const count =
      event.type === EVENT_ID.ALIAS ? (counts.get(name) ?? 0) + 1 : 0;
    if (count > MAX_ALIASES_OF_ONE_ANCHOR) return true;
    counts.set(name, count);
  }
  return false;
}
