import type { JsonValue } from '@backstage/types';
import { load, loadAll } from 'js-yaml';
import { messageOf } from '../thrown';

/** The keys that a catalog replaces by a file: three of its own, two of its module for OpenAPI. */
const PLACEHOLDERS = ['text', 'json', 'yaml', 'openapi', 'asyncapi'];

/** What a placeholder or a `$ref` points to could not be had, or is not what it should be. */
export class PlaceholderError extends Error {
  override readonly name = 'PlaceholderError';
}

/** One place in an entity that a catalog replaces. */
interface Placeholder {
  /** `$text` and its like. */
  readonly key: string;
  /** As it is written. */
  readonly value: string;
}

/**
 * Gives the text of what a placeholder points to.
 *
 * @param from - the URL of the file in which it stands
 * @returns its URL and text; a text of `undefined` where it may be there and cannot be looked at
 * @throws a {@link PlaceholderError}
 */
export type ReadReference = (
  reference: string,
  from: string,
) => Promise<{ readonly url: string; readonly text: string | undefined }>;

/**
 * Replaces placeholders as the catalog does: an object whose only key is one of
 * theirs.
 *
 * @param onError - takes what is wrong with one of them; the others are replaced all the same
 * @returns the value; `undefined` where one of them was not replaced
 */
export async function replacePlaceholders(
  value: JsonValue,
  url: string,
  read: ReadReference,
  onError: (placeholder: Placeholder, error: PlaceholderError) => void,
): Promise<JsonValue | undefined> {
  let isWhole = true;
  const replace = async (part: JsonValue | undefined): Promise<JsonValue> => {
    if (typeof part !== 'object' || part === null) return part ?? null;
    if (Array.isArray(part)) {
      const items: JsonValue[] = [];
      for (const item of part) items.push(await replace(item));
      return items;
    }
    const entries = Object.entries(part);
    const [[key, target] = ['', undefined]] = entries;
    if (!entries.some(([name]) => name.startsWith('$'))) {
      const replaced: Array<[string, JsonValue]> = [];
      for (const [name, item] of entries) {
        replaced.push([name, await replace(item)]);
      }
      return Object.fromEntries(replaced);
    }
    if (entries.length !== 1 || !PLACEHOLDERS.includes(key.slice(1))) {
      return part;
    }
    try {
      const found = await contentOf(key.slice(1), target, url, read);
      isWhole &&= found !== undefined;
      return found ?? null;
    } catch (error) {
      if (!(error instanceof PlaceholderError)) throw error;
      onError({ key, value: String(target) }, error);
      isWhole = false;
      return null;
    }
  };
  const replaced = await replace(value);
  return isWhole ? replaced : undefined;
}

async function contentOf(
  kind: string,
  target: JsonValue | undefined,
  base: string,
  read: ReadReference,
): Promise<JsonValue | undefined> {
  if (typeof target !== 'string') {
    throw new PlaceholderError(
      'expected a text: a relative path, or the address of a file of the same repository',
    );
  }
  const { url, text } = await read(target, base);
  if (text === undefined || kind === 'text') return text;
  if (kind === 'json') {
    return parseAs('JSON', () => JSON.parse(text) as JsonValue);
  }
  if (kind === 'yaml') {
    const documents = parseAs('YAML', () => loadAll(text));
    if (documents.length !== 1) {
      throw new PlaceholderError(
        `expected exactly one YAML document in the file, got ${documents.length}`,
      );
    }
    return documents[0] as JsonValue;
  }
  await checkReferences(text, url, read, new Set([url]));
  return text;
}

function parseAs<T>(format: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const reason = messageOf(error);
    throw new PlaceholderError(
      `the file is not valid ${format}: ${reason.split('\n', 1)[0]}`,
    );
  }
}

/** What a specification refers to in other files is read as well, and so on. */
async function checkReferences(
  text: string,
  url: string,
  read: ReadReference,
  seen: Set<string>,
): Promise<void> {
  const specification = parseAs('YAML', () => load(text));
  if (typeof specification !== 'object' || specification === null) {
    throw new PlaceholderError('expected an object in the file');
  }
  for (const reference of new Set(referencesOf(specification))) {
    const [file = ''] = reference.split('#', 1);
    if (file === '') continue;
    try {
      const found = await read(file, url);
      if (found.text === undefined || seen.has(found.url)) continue;
      seen.add(found.url);
      await checkReferences(found.text, found.url, read, seen);
    } catch (error) {
      if (!(error instanceof PlaceholderError)) throw error;
      throw new PlaceholderError(`$ref ${reference}: ${error.message}`);
    }
  }
}

/** Every `$ref`; a value that contains itself is walked once. */
function referencesOf(root: object): string[] {
  const found: string[] = [];
  const seen = new Set<unknown>();
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null || seen.has(value)) {
      continue;
    }
    seen.add(value);
    for (const [key, item] of Object.entries(value)) {
      if (key === '$ref' && typeof item === 'string') found.push(item);
      else open.push(item);
    }
  }
  return found;
}
