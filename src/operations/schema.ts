import type { JsonObject } from '@backstage/types';

/** JSON schemas of answers, in few words. */

const OPTIONAL = new WeakSet<JsonObject>();

/** Marks a property that may be absent. */
export function optional(schema: JsonObject): JsonObject {
  const copy = { ...schema };
  OPTIONAL.add(copy);
  return copy;
}

/** An object with these properties and no others. */
export function object(
  properties: Readonly<Record<string, JsonObject>>,
): JsonObject {
  return {
    type: 'object',
    additionalProperties: false,
    required: Object.keys(properties).filter(
      name => !OPTIONAL.has(properties[name]!),
    ),
    properties,
  };
}

export function array(items: JsonObject, description?: string): JsonObject {
  return {
    type: 'array',
    items,
    ...(description === undefined ? {} : { description }),
  };
}

export function text(description: string): JsonObject {
  return { type: 'string', description };
}

export function time(description: string): JsonObject {
  return { type: 'string', format: 'date-time', description };
}

export function integer(description: string): JsonObject {
  return { type: 'integer', description };
}

export function count(description: string): JsonObject {
  return { type: 'integer', minimum: 0, description };
}

export function boolean(description: string): JsonObject {
  return { type: 'boolean', description };
}

export function oneOf(...values: string[]): JsonObject {
  return { enum: values };
}
