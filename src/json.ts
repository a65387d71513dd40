import type { JsonValue } from '@backstage/types';

/** Whether a value has keys: it is neither a list nor `null`. */
export function isObject(
  value: JsonValue | undefined,
): value is Record<string, JsonValue | undefined> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
