import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadTreeResponseFactory } from '@backstage/backend-defaults/urlReader';
import {
  resolveSafeChildPath,
  type UrlReaderServiceReadTreeOptions,
  type UrlReaderServiceReadTreeResponse,
  type UrlReaderServiceReadTreeResponseDirOptions,
} from '@backstage/backend-plugin-api';
import { NotFoundError, NotModifiedError } from '@backstage/errors';
import type { RepositoryContent, ResolvedRepository } from '../content/content';
import { subject, toBackstageError, toReadable } from '../content/errors';
import { filesEtag } from './search';

/** So many files are on their way at once when a whole tree is written out. */
const READ_AHEAD = 8;

/**
 * Reads a tree by its listing, and of its files those that are wanted. The
 * etag is made of the files' paths and object ids, so a commit elsewhere in the
 * repository does not change it.
 */
export async function readTree(request: {
  url: string;
  content: RepositoryContent;
  resolved: ResolvedRepository;
  /** The folder, or a single file; absent for the whole repository. */
  path?: string;
  options: UrlReaderServiceReadTreeOptions;
  treeResponseFactory: ReadTreeResponseFactory;
  /** Where a folder is made for what is written out. */
  workingDirectory: string;
}): Promise<UrlReaderServiceReadTreeResponse> {
  const { url, content, resolved, path, options } = request;
  const { etag, filter, signal } = options;
  const located = await content.listFiles(resolved, path ?? '/');
  const { found: listing } = located;
  if (listing.outcome === 'absent') {
    throw new NotFoundError(`${subject(url)}: ${listing.message}`);
  }
  const files = listing.items.map(item => ({
    ...item,
    key: relativePath(item.path, located.path),
  }));
  const current = filesEtag(files);
  if (etag === current) {
    throw new NotModifiedError();
  }
  const wanted = files.filter(({ key }) => filter?.(key) ?? true);
  const open = () =>
    content.manyFiles(located.resolved, listing, wanted, signal);
  const inOrder = async <T>(
    use: (
      response: Awaited<
        ReturnType<ReadTreeResponseFactory['fromReadableArray']>
      >,
    ) => Promise<T>,
  ): Promise<T> => {
    const many = open();
    const next = readAhead(wanted.map(file => () => many.open(file)));
    try {
      const response = await request.treeResponseFactory.fromReadableArray(
        wanted.map(({ key }, index) => ({
          path: key,
          data: Readable.from(whenRead(url, () => next(index))),
        })),
      );
      return await use(response);
    } finally {
      await many.close();
    }
  };
  return {
    files: async () => {
      const many = open();
      return wanted.map(file => ({
        path: file.key,
        content: async () => {
          try {
            // The cache keeps its own: what is handed out may be written to.
            return Buffer.from(await many.read(file));
          } catch (error) {
            throw toBackstageError(url, error);
          }
        },
      }));
    },
    archive: () => inOrder(response => response.archive()),
    dir: async dirOptions => {
      const many = open();
      try {
        return await writeOut(
          wanted.map(file => ({
            path: file.key,
            open: async () => {
              try {
                return await many.open(file);
              } catch (error) {
                throw toBackstageError(url, error);
              }
            },
          })),
          request.workingDirectory,
          dirOptions,
        );
      } finally {
        await many.close();
      }
    },
    etag: current,
  };
}

/**
 * Writes files below a folder, some at a time. Backstage's own way has a stream
 * for each before the first is written, and writes one after the other.
 */
async function writeOut(
  files: ReadonlyArray<{
    readonly path: string;
    readonly open: () => Promise<Buffer | Readable>;
  }>,
  workingDirectory: string,
  options?: UrlReaderServiceReadTreeResponseDirOptions,
): Promise<string> {
  const directory =
    options?.targetDir ?? (await mkdtemp(join(workingDirectory, 'backstage-')));
  const made = new Set<string>();
  const waiting = files.values();
  const work = async () => {
    for (const { path, open } of waiting) {
      const target = resolveSafeChildPath(directory, path);
      const folder = dirname(target);
      if (!made.has(folder)) {
        await mkdir(folder, { recursive: true });
        made.add(folder);
      }
      const content = await open();
      await (Buffer.isBuffer(content)
        ? writeFile(target, content)
        : pipeline(content, createWriteStream(target)));
    }
  };
  const ends = await Promise.allSettled(
    Array.from({ length: READ_AHEAD }, work),
  );
  const failure = ends.find(end => end.status === 'rejected');
  if (failure) {
    if (!options?.targetDir) {
      await rm(directory, { recursive: true, force: true });
    }
    throw failure.reason;
  }
  return directory;
}

/** A path as seen from the folder; a file that was named itself is seen by its own name. */
function relativePath(full: string, folder: string): string {
  return full === folder
    ? full.slice(full.lastIndexOf('/') + 1)
    : full.slice(folder.length).replace(/^\/+/, '');
}

/**
 * For a consumer that takes items in order: while it deals with one, the next
 * few are on their way. Nothing is kept once it was taken.
 */
function readAhead<T>(
  reads: ReadonlyArray<() => Promise<T>>,
): (index: number) => Promise<T> {
  const started = new Map<number, Promise<T>>();
  let next = 0;
  return async index => {
    for (; next < reads.length && next < index + READ_AHEAD; next++) {
      const item = reads[next]!();
      // A failure is handled where the item is taken.
      item.catch(() => {});
      started.set(next, item);
    }
    try {
      return await started.get(index)!;
    } finally {
      started.delete(index);
    }
  };
}

/** Begins to read only when the stream is read from. */
async function* whenRead(
  url: string,
  read: () => Promise<Buffer | Readable>,
): AsyncGenerator<Buffer> {
  let content: Buffer | Readable;
  try {
    content = await read();
  } catch (error) {
    throw toBackstageError(url, error);
  }
  yield* toReadable(url, content);
}
