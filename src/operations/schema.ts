import type { JsonObject } from '@backstage/types';

/** JSON schemas of answers, in few words. */

/** An object with these properties and no others; one whose name ends in `?` may be absent. */
export function object(
  properties: Readonly<Record<string, JsonObject>>,
): JsonObject {
  const names = Object.keys(properties);
  return {
    type: 'object',
    additionalProperties: false,
    required: names.filter(name => !name.endsWith('?')),
    properties: Object.fromEntries(
      names.map(name => [name.replace(/\?$/, ''), properties[name]!]),
    ),
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
