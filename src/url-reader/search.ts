import { createHash } from 'node:crypto';
import type {
  UrlReaderServiceSearchOptions,
  UrlReaderServiceSearchResponse,
} from '@backstage/backend-plugin-api';
import { InputError, NotModifiedError } from '@backstage/errors';
import { canonicalLocationUrl, pathGlob } from '../content/repository-url';
import type { RepositoryContent, ResolvedRepository } from '../content/content';
import { subject, toBackstageError } from '../content/errors';

const OBJECT_ID = /^[0-9a-f]{40}$/;

/** What is searched for. */
export interface SearchRequest {
  /** As it was asked for; for messages. */
  readonly url: string;
  readonly content: RepositoryContent;
  readonly resolved: ResolvedRepository;
  /** A file, or a glob. */
  readonly path: string;
  readonly options: UrlReaderServiceSearchOptions;
}

/** Finds one file. @param maxAgeMs - an answer that is at most so old is taken for true, in milliseconds */
export async function searchFile(
  { content, resolved, path, options }: SearchRequest,
  maxAgeMs: number,
): Promise<UrlReaderServiceSearchResponse> {
  const { etag, signal } = options;
  const file = await content.readFile(resolved, path, {
    maxAgeMs,
    knownObjectId: objectIdOfEtag(etag),
  });
  if (file.outcome === 'absent') {
    return { files: [], etag: '' };
  }
  const url = urlOf(resolved, file.path);
  const current = fileEtag(file.objectId, url);
  if (etag === current) {
    throw new NotModifiedError();
  }
  const bytes =
    file.content ?? (await content.readBlob(resolved, file.objectId, signal));
  return {
    etag: current,
    // The cache keeps its own: what is handed out may be written to.
    files: [{ url, content: async () => Buffer.from(bytes) }],
  };
}

/** Finds what a glob matches, by one listing; contents are read when they are asked for. */
export async function searchGlob({
  url: asked,
  content,
  resolved,
  path,
  options,
}: SearchRequest): Promise<UrlReaderServiceSearchResponse> {
  const { etag, signal } = options;
  const glob = pathGlob(path);
  const listing = await content.listFiles(resolved, glob.scopePath);
  if (listing.outcome === 'absent') {
    return { files: [], etag: '' };
  }
  const found = listing.items
    .filter(item => glob.matches(item.path))
    .map(item => ({
      key: urlOf(resolved, item.path),
      objectId: item.objectId,
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const current = filesEtag(found);
  if (etag === current) {
    throw new NotModifiedError();
  }
  return {
    etag: current,
    files: found.map(({ key, objectId }) => ({
      url: key,
      content: async () => {
        try {
          return Buffer.from(
            await content.readBlob(resolved, objectId, signal),
          );
        } catch (error) {
          throw toBackstageError(asked, error);
        }
      },
    })),
  };
}

/** The path of a file that a URL has to name. @throws an `InputError` when it names none */
export function fileOf(url: string, path: string | undefined): string {
  if (path === undefined) {
    throw new InputError(
      `${subject(url)}: it names a repository, not a file. Add the file's path, as in ?path=/catalog-info.yaml.`,
    );
  }
  return path;
}

function urlOf(resolved: ResolvedRepository, path: string): string {
  return canonicalLocationUrl({
    organization: resolved.client.organization,
    repository: resolved.repository,
    path,
    version: resolved.version,
  });
}

/**
 * The etag of one found file. It changes with the content, and with the file's
 * canonical URL: after a rename the answer to a search is another even if the
 * file is the same.
 */
function fileEtag(objectId: string, canonicalUrl: string): string {
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
