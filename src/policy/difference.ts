import type { Entity } from '@backstage/catalog-model';
import type { JsonObject, JsonValue } from '@backstage/types';
import { isObject } from '../json';

/** What the catalog makes for itself, or what its processing adds. */
const COMPUTED = new Set(['uid', 'etag', 'generation', 'annotations']);

/**
 * Where an entity of a file differs from the one that a catalog made of it, as
 * paths such as `spec.owner`. Pure.
 *
 * What processing changes is no difference: placeholders, the order of texts in a
 * list, the default namespace, and annotations that the file does not have.
 *
 * @param file - as the file has it, with the provider's annotations
 * @param catalog - as the catalog's API gives it
 */
export function differences(file: Entity, catalog: Entity): string[] {
  const found: string[] = [];
  compare('apiVersion', file.apiVersion, catalog.apiVersion, found);
  const metadata: JsonObject = { namespace: 'default', ...file.metadata };
  const theirMetadata: JsonObject = catalog.metadata;
  const keys = new Set([
    ...Object.keys(metadata),
    ...Object.keys(catalog.metadata),
  ]);
  for (const key of keys) {
    if (!COMPUTED.has(key)) {
      compare(`metadata.${key}`, metadata[key], theirMetadata[key], found);
    }
  }
  const annotations = Object.entries(file.metadata.annotations ?? {});
  for (const [name, value] of annotations) {
    const theirs = catalog.metadata.annotations?.[name];
    compare(`metadata.annotations.${name}`, value, theirs, found);
  }
  compare('spec', file.spec, catalog.spec, found);
  return found;
}

function compare(
  path: string,
  file: JsonValue | undefined,
  catalog: JsonValue | undefined,
  found: string[],
): void {
  if (isPlaceholder(file) || (file ?? null) === (catalog ?? null)) return;
  if (isSameNamespace(path, file, catalog)) return;
  if (isObject(file) && isObject(catalog)) {
    for (const key of new Set([
      ...Object.keys(file),
      ...Object.keys(catalog),
    ])) {
      compare(`${path}.${key}`, file[key], catalog[key], found);
    }
    return;
  }
  if (
    Array.isArray(file) &&
    Array.isArray(catalog) &&
    file.length === catalog.length
  ) {
    const theirs = sorted(catalog);
    const inside: string[] = [];
    sorted(file).forEach((item, i) => compare(path, item, theirs[i], inside));
    if (inside.length === 0) return;
  }
  found.push(path);
}

/** The catalog may have a namespace in another case. */
function isSameNamespace(
  path: string,
  file: JsonValue | undefined,
  catalog: JsonValue | undefined,
): boolean {
  return (
    path === 'metadata.namespace' &&
    String(file).toLowerCase() === String(catalog).toLowerCase()
  );
}

/** The catalog has a file's content in its place. */
function isPlaceholder(value: JsonValue | undefined): boolean {
  if (!isObject(value)) return false;
  const [key = '', ...others] = Object.keys(value);
  return key.startsWith('$') && others.length === 0;
}

/** Lists of texts are sorted by the catalog. */
function sorted(list: JsonValue[]): JsonValue[] {
  return list.every(item => typeof item === 'string') ? [...list].sort() : list;
}
