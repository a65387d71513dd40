import { createWriteStream, writeFile } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type { ReadTreeResponseFactory } from '@backstage/backend-defaults/urlReader';
import {
  resolveSafeChildPath,
  type UrlReaderServiceReadTreeOptions,
  type UrlReaderServiceReadTreeResponse,
} from '@backstage/backend-plugin-api';
import { NotFoundError, NotModifiedError } from '@backstage/errors';
import type { ListedItem } from '../azure/types';
import { mapAtMost } from '../concurrency';
import type { RepositoryContent } from '../content/content';
import type { ResolvedRepository } from '../content/locate';
import {
  unableToRead,
  toBuffer,
  toReadable,
  withBackstageErrors,
} from '../content/errors';
import type { ManyFiles } from '../content/many-files';
import { filesEtag } from './search';

/** How many files are read and written at once when a whole tree is written out. */
const CONCURRENCY = 8;

/** What the etags begin with that are the object id of a folder. */
const TREE = 'tree-';

/**
 * Reads a tree by its listing, and of its files those that are wanted. The etag
 * is the object id that Git gives to the folder, or, where links lead out of it,
 * is made of the files' paths and object ids: a commit elsewhere in the
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
  if (
    etag?.startsWith(TREE) &&
    etag === treeEtag(await content.treeId(resolved, path ?? '/'))
  ) {
    throw new NotModifiedError();
  }
  const located = await content.listFiles(resolved, path ?? '/');
  const { found: listing } = located;
  if (listing.outcome === 'absent') {
    throw new NotFoundError(`${unableToRead(url)}: ${listing.message}`);
  }
  const files = listing.items.map(item => ({
    ...item,
    key: relativePath(item.path, located.path),
  }));
  const current = treeEtag(listing.treeId) ?? filesEtag(files);
  if (etag === current) {
    throw new NotModifiedError();
  }
  const wanted = files.filter(({ key }) => filter?.(key) ?? true);
  const open = () =>
    content.manyFiles(located.resolved, listing, wanted, signal);
  const untilRead = async <T>(
    use: (contents: ManyFiles) => Promise<T>,
  ): Promise<T> => {
    const contents = open();
    try {
      return await use(contents);
    } finally {
      await contents.close();
    }
  };
  return {
    files: async () => {
      const contents = open();
      return wanted.map(file => ({
        path: file.key,
        content: () => toBuffer(url, () => contents.open(file)),
      }));
    },
    archive: () =>
      untilRead(async contents => {
        const response = await request.treeResponseFactory.fromReadableArray(
          wanted.map(file => ({
            path: file.key,
            data: Readable.from(whenRead(url, () => contents.open(file))),
          })),
        );
        return await response.archive();
      }),
    dir: ({ targetDir } = {}) =>
      untilRead(contents =>
        writeOut({ ...request, files: wanted, contents, targetDir }),
      ),
    etag: current,
  };
}

function treeEtag(treeId: string | undefined): string | undefined {
  return treeId && `${TREE}${treeId}`;
}

/** A file of a tree. */
interface TreeFile extends ListedItem {
  /** The path as seen from the folder. */
  readonly key: string;
}

/**
 * Writes files below a folder, some at a time. Backstage's own way has a stream
 * for each before the first is written, and writes one after the other.
 */
async function writeOut({
  url,
  files,
  contents,
  workingDirectory,
  targetDir,
}: {
  url: string;
  files: readonly TreeFile[];
  contents: ManyFiles;
  workingDirectory: string;
  targetDir?: string;
}): Promise<string> {
  const directory =
    targetDir ?? (await mkdtemp(join(workingDirectory, 'backstage-')));
  const folders = new Map<string, Promise<string>>();
  const folderOf = (path: string): Promise<string> => {
    const name = dirname(path);
    const folder = folders.get(name) ?? makeFolder(directory, name);
    folders.set(name, folder);
    return folder;
  };
  try {
    await mapAtMost(CONCURRENCY, files, async file => {
      const target = join(await folderOf(file.key), basename(file.key));
      const content = await withBackstageErrors(url, () => contents.open(file));
      if (!Buffer.isBuffer(content) || !(await writeNew(target, content))) {
        await pipeline(
          toReadable(url, content),
          createWriteStream(resolveSafeChildPath(directory, file.key)),
        );
      }
    });
  } catch (error) {
    if (!targetDir) {
      await rm(directory, { recursive: true, force: true });
    }
    throw error;
  }
  return directory;
}

async function makeFolder(directory: string, path: string): Promise<string> {
  const folder = resolveSafeChildPath(directory, path);
  await mkdir(folder, { recursive: true });
  return folder;
}

const writeWhole = promisify(writeFile);

/**
 * Writes a file that is not there yet, for which nothing has to be looked at
 * first: what is there may be a link, and lead anywhere.
 *
 * @returns whether it was not there
 */
async function writeNew(path: string, content: Buffer): Promise<boolean> {
  try {
    await writeWhole(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      return false;
    }
    throw error;
  }
}

/** A path as seen from the folder; a file that was named itself is seen by its own name. */
function relativePath(full: string, folder: string): string {
  return full === folder
    ? full.slice(full.lastIndexOf('/') + 1)
    : full.slice(folder.length).replace(/^\/+/, '');
}

/** Begins to read only when the stream is read from. */
async function* whenRead(
  url: string,
  read: () => Promise<Buffer | Readable>,
): AsyncGenerator<Buffer> {
  yield* toReadable(url, await withBackstageErrors(url, read));
}
