import type { SimulatedResponse } from '../http';
import {
  GitBlob,
  GitTree,
  pathSegments,
  type GitCommit,
  type Repository,
  type TreeEntry,
} from '../model';
import type { Call } from '../seams';
import { contentTypeOf, decodeFile, extensionOf } from './content';
import type { ResolvedVersion } from './descriptors';
import { itemNotFound } from './failures';
import { commitShape, repositoryUrl } from './shapes';

const RECURSION: Readonly<Record<string, Recursion>> = {
  none: 'none',
  '0': 'none',
  onelevel: 'oneLevel',
  '1': 'oneLevel',
  onelevelplusnestedemptyfolders: 'oneLevel',
  '4': 'oneLevel',
  full: 'full',
  '120': 'full',
};

type Recursion = 'none' | 'oneLevel' | 'full';

/** How deep a list goes, by the names and numbers that requests use. */
export function recursionOf(text: string | undefined): Recursion | undefined {
  return RECURSION[(text ?? 'none').toLowerCase()];
}

/** One entry at a version of a repository. */
export interface Found {
  readonly repository: Repository;
  readonly version: ResolvedVersion;
  /** With a leading slash. */
  readonly path: string;
  readonly entry: TreeEntry;
}

export interface ItemOptions {
  readonly content?: boolean;
  readonly contentMetadata?: boolean;
  readonly latestProcessedChange?: boolean;
}

/** The entry at a path, or the refusal that it is not there. */
export function find(
  repository: Repository,
  version: ResolvedVersion,
  path: string,
): Found | SimulatedResponse {
  const segments = pathSegments(path);
  const entry = version.commit.tree.find(segments);
  const normal = `/${segments.join('/')}`;
  return entry
    ? { repository, version, path: normal, entry }
    : itemNotFound(normal, repository.name, version.label);
}

/** The entry itself, then what is below it as far as was asked for. */
export function expand(found: Found, recursion: Recursion): Found[] {
  const { object } = found.entry;
  if (!(object instanceof GitTree) || recursion === 'none') {
    return [found];
  }
  const prefix = found.path === '/' ? '' : found.path;
  const below =
    recursion === 'full'
      ? object.walk(prefix)
      : object
          .sorted()
          .map(([name, entry]) => ({ path: `${prefix}/${name}`, entry }));
  return [found, ...[...below].map(item => ({ ...found, ...item }))];
}

/** `GitItem` of the specification. */
export function itemShape(call: Call, found: Found, options: ItemOptions) {
  const { path, entry, version, repository } = found;
  const { object } = entry;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const isFolder = object instanceof GitTree;
  const text =
    object instanceof GitBlob && (options.content || options.contentMetadata)
      ? decodeFile(object.content)
      : undefined;
  return {
    objectId: object.id,
    gitObjectType: isFolder
      ? 'tree'
      : object instanceof GitBlob
        ? 'blob'
        : 'commit',
    commitId: version.commit.id,
    path,
    ...(isFolder ? { isFolder: true } : {}),
    ...(entry.mode === '120000' ? { isSymLink: true } : {}),
    ...(options.content && text ? { content: text.content } : {}),
    ...(options.contentMetadata
      ? {
          contentMetadata: {
            ...(text
              ? {
                  encoding: text.encoding,
                  ...(text.isBinary ? { isBinary: true } : {}),
                  contentType: contentTypeOf(name),
                  extension: extensionOf(name),
                  vsLink: '',
                }
              : {}),
            fileName: name,
          },
        }
      : {}),
    ...(options.latestProcessedChange
      ? {
          latestProcessedChange: commitShape(
            lastChange(version.commit, path),
            repository,
            call.baseUrl,
          ),
        }
      : {}),
    url: itemUrl(call, found),
  };
}

function itemUrl(call: Call, { repository, path, version }: Found): string {
  return `${repositoryUrl(repository, call.baseUrl)}/items?path=${encodeURIComponent(path)}&${version.query}`;
}

export function itemLinks(call: Call, found: Found) {
  const { object } = found.entry;
  const repository = repositoryUrl(found.repository, call.baseUrl);
  return {
    self: { href: itemUrl(call, found) },
    repository: { href: repository },
    ...(object instanceof GitTree
      ? { tree: { href: `${repository}/trees/${object.id}` } }
      : { blob: { href: `${repository}/blobs/${object.id}` } }),
  };
}

/** The commit that made the entry at a path what it is, along first parents. */
function lastChange(from: GitCommit, path: string): GitCommit {
  const segments = pathSegments(path);
  const idAt = (commit: GitCommit) => commit.tree.find(segments)?.object.id;
  let commit = from;
  for (
    let parent = commit.parents[0];
    parent && idAt(parent) === idAt(commit);
    parent = commit.parents[0]
  ) {
    commit = parent;
  }
  return commit;
}
