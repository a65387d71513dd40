import { createHash } from 'node:crypto';
import type {
  UrlReaderServiceSearchOptions,
  UrlReaderServiceSearchResponse,
} from '@backstage/backend-plugin-api';
import { InputError, NotModifiedError } from '@backstage/errors';
import type { ListedItem, PresentListing } from '../azure/types';
import {
  canonicalLocationUrl,
  decodings,
  pathGlob,
} from '../content/repository-url';
import type { RepositoryContent } from '../content/content';
import type { ResolvedRepository } from '../content/locate';
import {
  relativeReferenceHint,
  unableToRead,
  toBuffer,
} from '../content/errors';

const OBJECT_ID = /^[0-9a-f]{40}$/;
const NOTHING: UrlReaderServiceSearchResponse = { files: [], etag: '' };

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

interface LocatedGlob {
  readonly resolved: ResolvedRepository;
  readonly listing: PresentListing;
  readonly items: readonly ListedItem[];
}

/**
 * Finds one file. A path with braces, which Backstage does not take for a glob,
 * is one if there is no such file.
 *
 * @param maxAgeMs - an answer that is at most so old is taken for true, in milliseconds
 */
export async function searchPath(
  request: SearchRequest,
  maxAgeMs: number,
): Promise<UrlReaderServiceSearchResponse> {
  const found = await searchFile(request, maxAgeMs);
  return found === NOTHING && /(\{|%7b).*(\}|%7d)/i.test(request.path)
    ? await searchGlob(request)
    : found;
}

async function searchFile(
  {
    url: asked,
    content,
    resolved: named,
    path: wanted,
    options,
  }: SearchRequest,
  maxAgeMs: number,
): Promise<UrlReaderServiceSearchResponse> {
  const { etag, signal } = options;
  const located = await content.readFile(named, wanted, {
    maxAgeMs,
    knownObjectId: objectIdOfEtag(etag),
  });
  const { resolved, path, found: file } = located;
  if (file.outcome === 'absent') {
    if (path === '/') {
      throw noFileError(asked);
    }
    return NOTHING;
  }
  const url = urlOf(resolved, file.path);
  const current = fileEtag(file.objectId, url);
  if (etag === current) {
    throw new NotModifiedError();
  }
  return {
    etag: current,
    files: [
      {
        url,
        content: () =>
          toBuffer(
            asked,
            async () =>
              file.content ?? (await content.openBlob(resolved, file, signal)),
          ),
      },
    ],
  };
}

/** Finds what a glob matches, by one listing; contents are read when they are asked for. */
export async function searchGlob(
  request: SearchRequest,
): Promise<UrlReaderServiceSearchResponse> {
  const { url: asked, content, options } = request;
  const { etag, signal } = options;
  const located = await locateGlob(request);
  if (!located) {
    return NOTHING;
  }
  const { resolved, listing } = located;
  const found = located.items
    .map(item => ({ ...item, key: urlOf(resolved, item.path) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const current = filesEtag(found);
  if (etag === current) {
    throw new NotModifiedError();
  }
  const files = content.manyFiles(resolved, listing, found, signal);
  return {
    etag: current,
    files: found.map(item => ({
      url: item.key,
      content: () => toBuffer(asked, () => files.open(item)),
    })),
  };
}

/** The files that a glob matches, or, where it has %XX and matches none, those that its decoded form does. */
async function locateGlob({ content, resolved, path }: SearchRequest) {
  let nothing: LocatedGlob | undefined;
  for (const pattern of decodings(path)) {
    const glob = pathGlob(pattern);
    const listed = await content.listFiles(resolved, glob.scopePath);
    if (listed.found.outcome === 'present') {
      const listing = listed.found;
      const items = listing.items.filter(item => glob.matches(item.path));
      const located = { resolved: listed.resolved, listing, items };
      if (items.length > 0) {
        return located;
      }
      nothing ??= located;
    }
  }
  return nothing;
}

/** The path of a file that a URL has to name. @throws an `InputError` when it names none */
export function fileOf(
  url: string,
  path: string | undefined,
  { version }: ResolvedRepository,
): string {
  if (path !== undefined) {
    return path;
  }
  // Behind what looks like the version there may be a path.
  if (version?.version.includes('/')) {
    return '/';
  }
  throw noFileError(url);
}

/** The error for a URL that names a repository alone. */
export function noFileError(url: string): InputError {
  return new InputError(
    `${unableToRead(url)}: it names a repository, not a file. Add the file's path, as in ?path=/catalog-info.yaml.${relativeReferenceHint(url)}`,
  );
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
