import { createHash } from 'node:crypto';

const OBJECT_ID = /^[0-9a-f]{40}$/;

/**
 * The etag of one found file. It changes with the content, and with the file's
 * canonical URL: after a rename the answer to a search is another even if the
 * file is the same.
 */
export function fileEtag(objectId: string, canonicalUrl: string): string {
  return `${objectId}.${digest([canonicalUrl]).slice(0, 16)}`;
}

/** The object id in an etag of ours; `undefined` for an etag of another reader. */
export function objectIdOfEtag(etag: string | undefined): string | undefined {
  const [objectId = ''] = etag?.split('.') ?? [];
  return OBJECT_ID.test(objectId) ? objectId : undefined;
}

/** The etag of several files: it changes when one of them does, comes or goes. */
export function filesEtag(
  files: ReadonlyArray<{ readonly key: string; readonly objectId: string }>,
): string {
  return digest(files.map(({ key, objectId }) => `${objectId} ${key}`).sort());
}

function digest(lines: readonly string[]): string {
  return createHash('sha1').update(lines.join('\n')).digest('hex');
}
