import { NotFoundError } from '@backstage/errors';
import type { AbsentItem, ListedItem } from '../azure/types';
import type { DescriptorPath } from '../config/patterns';
import type { RepositoryContent } from '../content/content';
import type { ResolvedRepository } from '../content/locate';
import { isGlob, pathGlob } from '../content/repository-url';

/** A file that may be a descriptor, and the repository at the version that it was found in. */
export interface FoundFile extends ListedItem {
  readonly resolved: ResolvedRepository;
}

/** Whether a path is that of a descriptor. */
export type IsDescriptor = (path: string) => boolean;

/**
 * Descriptors by the name that catalog-import has for them, and by the `path`
 * settings of the providers.
 *
 * @param filename - a name, or a path below any folder, or a glob
 * @param subject - what the name is, for an error
 * @throws an `InputError` for a glob that cannot be matched
 */
export function descriptorsNamed(
  filename: string,
  subject: string,
  providerPaths: readonly DescriptorPath[],
): IsDescriptor {
  const file = filename.replace(/^\/+/, '');
  const glob = isGlob(file) ? pathGlob(`/**/${file}`, subject) : undefined;
  return path =>
    (glob ? glob.matches(path) : path.endsWith(`/${file}`)) ||
    providerPaths.some(it => it.matches(path));
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
  isDescriptor: IsDescriptor,
): Promise<FoundFile[]> {
  if (path === undefined) {
    return await list(content, resolved, '/', isDescriptor);
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
    return isDescriptor(file.path) || /\.ya?ml$/i.test(file.path)
      ? [{ ...file, resolved: located.resolved }]
      : // The page of some other file stands for its repository.
        await list(content, resolved, '/', isDescriptor);
  }
  return file.reason === 'not-a-file'
    ? await list(content, located.resolved, located.path, isDescriptor)
    : nothing(file);
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
