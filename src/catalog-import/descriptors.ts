import { NotFoundError } from '@backstage/errors';
import type { AbsentItem, ListedItem } from '../azure/types';
import type { DescriptorPath } from '../config/index';
import type { RepositoryContent, ResolvedRepository } from '../content/content';
import { isGlob, pathGlob } from '../content/repository-url';

/** A file that may be a descriptor, and the repository at the version that it was found in. */
export interface FoundFile extends ListedItem {
  readonly resolved: ResolvedRepository;
}

/** By what names descriptors are known. */
export interface DescriptorNames {
  /** `catalog.import.entityFilename`: a name, or a path below any folder, or a glob. */
  readonly entityFilename: string;
  /** The `path` settings of the providers. */
  readonly providerPaths: readonly DescriptorPath[];
}

/**
 * Finds the descriptors that a URL means: the one that it names, those that its
 * glob finds, those below its folder, or, for a repository or a page of it,
 * those of the whole repository.
 *
 * @throws a `NotFoundError` when the branch, tag or commit does not exist
 */
export async function findDescriptors(
  content: RepositoryContent,
  resolved: ResolvedRepository,
  path: string | undefined,
  names: DescriptorNames,
): Promise<FoundFile[]> {
  if (path === undefined) {
    return await listDescriptors(content, resolved, '/', names);
  }
  if (isGlob(path)) {
    const glob = pathGlob(path);
    return await list(content, resolved, glob.scopePath, glob.matches);
  }
  const { found: file, ...located } = await content.readFile(resolved, path, {
    maxAgeMs: 0,
    content: false,
  });
  if (file.outcome === 'present') {
    return isDescriptor(file.path, names) || /\.ya?ml$/i.test(file.path)
      ? [{ ...file, resolved: located.resolved }]
      : // The page of some other file stands for its repository.
        await listDescriptors(content, resolved, '/', names);
  }
  return file.reason === 'not-a-file'
    ? await listDescriptors(content, located.resolved, located.path, names)
    : nothing(file);
}

/** Whether a path is that of a descriptor, by the import's file name or a provider's `path`. */
function isDescriptor(path: string, names: DescriptorNames): boolean {
  const file = names.entityFilename.replace(/^\/+/, '');
  const named = isGlob(file)
    ? pathGlob(`/**/${file}`).matches(path)
    : path.endsWith(`/${file}`);
  return named || names.providerPaths.some(it => it.matches(path));
}

async function listDescriptors(
  content: RepositoryContent,
  resolved: ResolvedRepository,
  scopePath: string,
  names: DescriptorNames,
): Promise<FoundFile[]> {
  return await list(content, resolved, scopePath, path =>
    isDescriptor(path, names),
  );
}

async function list(
  content: RepositoryContent,
  resolved: ResolvedRepository,
  scopePath: string,
  matches: (path: string) => boolean,
): Promise<FoundFile[]> {
  const located = await content.listFiles(resolved, scopePath);
  const { found: listing } = located;
  return listing.outcome === 'absent'
    ? nothing(listing)
    : listing.items
        .filter(item => matches(item.path))
        .map(item => ({ ...item, resolved: located.resolved }));
}

/** No file is an answer; no such branch is a mistake in the URL. */
function nothing(absent: AbsentItem): FoundFile[] {
  if (absent.reason === 'branch-not-found') {
    throw new NotFoundError(absent.message);
  }
  return [];
}
