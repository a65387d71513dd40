import type { SimulatedResponse } from '../http';
import {
  GitBlob,
  GitTree,
  pathSegments,
  type GitCommit,
  type Repository,
  type TreeEntry,
} from '../model';
import type { Call, EndpointRoute } from '../seams';
import { fileBytes, isOn, json, jsonList, wants, wholeNumber } from './answers';
import { contentTypeOf, decodeFile, extensionOf } from './content';
import {
  badParameter,
  itemNotFound,
  noBranches,
  objectNotFound,
  versionNotFound,
} from './failures';
import { readableRepository } from './repositories';
import { commitShape, repositoryUrl } from './shapes';
import { zipArchive, type ZipEntry } from './zip';

export function itemRoutes(): EndpointRoute[] {
  const template = '{project}/_apis/{area}/repositories/{repositoryId}';
  return [
    {
      endpoint: 'items',
      method: 'GET',
      template: 'git/repositories/{repositoryId}/items/{*path}',
      location: {
        id: 'fb93c0db-47ed-4a31-8c20-47552878fb44',
        area: 'git',
        resourceName: 'items',
        routeTemplate: `${template}/{resource}/{*path}`,
      },
      handle: items,
    },
    {
      endpoint: 'commits',
      method: 'GET',
      template: 'git/repositories/{repositoryId}/commits',
      handle: commits,
    },
    {
      endpoint: 'blobs',
      method: 'GET',
      template: 'git/repositories/{repositoryId}/blobs/{sha1}',
      location: {
        id: '7b28e929-2c99-405d-9c5c-6167a06e6816',
        area: 'git',
        resourceName: 'blobs',
        routeTemplate: `${template}/{resource}/{sha1}`,
      },
      handle: blob,
    },
    {
      endpoint: 'blobs',
      method: 'POST',
      template: 'git/repositories/{repositoryId}/blobs',
      handle: blobs,
    },
  ];
}

/** One entry at a version of a repository. */
interface Found {
  readonly repository: Repository;
  readonly version: Version;
  /** With a leading slash. */
  readonly path: string;
  readonly entry: TreeEntry;
}

function items(call: Call): SimulatedResponse {
  const repository = readableRepository(call);
  const version = versionOf(call, repository);
  const single = call.query('path') ?? (call.parameters['path'] || undefined);
  const segments = pathSegments(single ?? call.query('scopePath') ?? '/');
  const path = `/${segments.join('/')}`;
  const entry = version.commit.tree.find(segments);
  if (!entry) {
    throw itemNotFound(path, repository.name, version.label);
  }
  const found = { repository, version, path, entry };
  if (wants(call, 'zip')) {
    return zip(found);
  }
  return single === undefined ? listOf(call, found) : itemOf(call, found);
}

/** Whoever asks for nothing in particular gets the file itself. */
function itemOf(call: Call, found: Found): SimulatedResponse {
  const { object } = found.entry;
  if (object instanceof GitTree || wants(call, 'json')) {
    return json(call, {
      ...itemShape(call, found, isOn(call, 'includeContent')),
      _links: itemLinks(call, found),
    });
  }
  const name = nameOf(found.path);
  return fileBytes(name, contentTypeOf(name), object.content);
}

/** The entry itself, then what is below it as far as was asked for. */
function listOf(call: Call, found: Found): SimulatedResponse {
  const { object } = found.entry;
  const asked = call.query('recursionLevel');
  const depth = DEPTHS[(asked ?? 'none').toLowerCase()];
  if (depth === undefined) {
    throw badParameter('recursionLevel', asked ?? '');
  }
  const all = [found];
  if (object instanceof GitTree) {
    for (const below of object.walk(
      found.path === '/' ? '' : found.path,
      depth,
    )) {
      all.push({ ...found, ...below });
    }
  }
  return jsonList(
    call,
    all.map(item => itemShape(call, item, false)),
  );
}

/** A folder as an archive, under its own name; the root without one. */
function zip({ repository, path, entry }: Found): SimulatedResponse {
  const { object } = entry;
  const name = nameOf(path);
  const files: ZipEntry[] =
    object instanceof GitBlob ? [{ path: name, content: object.content }] : [];
  for (const below of object instanceof GitTree ? object.walk(name) : []) {
    if (below.entry.object instanceof GitBlob) {
      files.push({
        path: below.path.replace(/^\//, ''),
        content: below.entry.object.content,
      });
    }
  }
  const archive = zipArchive(files);
  return fileBytes(
    `${name || repository.name}.zip`,
    'application/zip',
    archive,
  );
}

/** How deep a list goes, by the names and, as client libraries send them, the numbers of the service. */
const DEPTHS: Readonly<Record<string, number>> = {
  none: 0,
  '0': 0,
  onelevel: 1,
  '1': 1,
  full: Infinity,
  '120': Infinity,
};

/** `GitItem` of the specification. */
function itemShape(call: Call, found: Found, includeContent: boolean) {
  const { path, entry, version } = found;
  const { object } = entry;
  const isFolder = object instanceof GitTree;
  const includeMetadata = isOn(call, 'includeContentMetadata');
  const text =
    !isFolder && (includeContent || includeMetadata)
      ? decodeFile(object.content)
      : undefined;
  const fileName = nameOf(path);
  return {
    objectId: object.id,
    gitObjectType: isFolder ? 'tree' : 'blob',
    commitId: version.commit.id,
    path,
    ...(isFolder ? { isFolder: true } : {}),
    ...(entry.mode === '120000' ? { isSymLink: true } : {}),
    ...(includeContent && text ? { content: text.content } : {}),
    ...(includeMetadata
      ? {
          contentMetadata: {
            ...(text
              ? {
                  encoding: text.encoding,
                  ...(text.isBinary ? { isBinary: true } : {}),
                  contentType: contentTypeOf(fileName),
                  extension: extensionOf(fileName),
                  vsLink: '',
                }
              : {}),
            fileName,
          },
        }
      : {}),
    url: itemUrl(call, found),
  };
}

function itemUrl(call: Call, { repository, path, version }: Found): string {
  return `${repositoryUrl(repository, call.baseUrl)}/items?path=${encodeURIComponent(path)}&${version.query}`;
}

function itemLinks(call: Call, found: Found) {
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

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A version that was found. */
interface Version {
  readonly commit: GitCommit;
  /** As messages name it: `<Branch: main >`. */
  readonly label: string;
  /** As addresses of items repeat it. */
  readonly query: string;
}

const TYPES: Readonly<Record<string, 'Branch' | 'Tag' | 'Commit'>> = {
  branch: 'Branch',
  '0': 'Branch',
  tag: 'Tag',
  '1': 'Tag',
  commit: 'Commit',
  '2': 'Commit',
};

/** The version that a request names, in the long form or in the short one. */
function versionOf(
  call: Call,
  repository: Repository,
  prefix = 'versionDescriptor',
): Version {
  const value = (name: string) =>
    call.query(`${prefix}.${name}`) ??
    call.query(`${prefix}[${name}]`) ??
    call.query(name);
  const asked = value('versionType') ?? 'branch';
  const type = TYPES[asked.toLowerCase()];
  if (!type) {
    throw badParameter('versionDescriptor.versionType', asked);
  }
  if (repository.isEmpty) {
    throw noBranches(repository.name);
  }
  const named = value('version') || undefined;
  const version = named ?? repository.defaultBranch ?? '';
  const label = `<${type}: ${version} >`;
  const commit = commitOf(repository, type, version);
  if (!commit) {
    throw versionNotFound(label, repository.name);
  }
  const repeated =
    named === undefined ? '' : `&version=${encodeURIComponent(named)}`;
  return {
    commit,
    label,
    query: `versionType=${type}${repeated}&versionOptions=None`,
  };
}

function commitOf(
  repository: Repository,
  type: 'Branch' | 'Tag' | 'Commit',
  version: string,
): GitCommit | undefined {
  switch (type) {
    case 'Branch':
      return repository.branch(version);
    case 'Tag':
      return repository.tagged(version);
    case 'Commit':
      return repository.commit(version);
  }
}

/** The commits that were pushed to the branch of a version, the latest first. */
function commits(call: Call): SimulatedResponse {
  const repository = readableRepository(call);
  const { commit } = versionOf(call, repository, 'searchCriteria.itemVersion');
  const tip = repository.pushes.findLast(push => push.commit === commit);
  // A fork begins with commits that were pushed elsewhere.
  const pushes = tip
    ? repository.pushes.filter(
        push =>
          push.commit && push.ref === tip.ref && push.pushId <= tip.pushId,
      )
    : [{ at: repository.createdAt, commit }];
  const top = wholeNumber(call, 'searchCriteria.$top') ?? 100;
  return jsonList(
    call,
    pushes
      .reverse()
      .slice(0, top)
      .map(push => commitShape(push, repository, call.baseUrl)),
  );
}

/**
 * "Gets one or more blobs in a zip file download", asked for by a list of their
 * ids (`Blobs_Get Blobs Zip` of the specification). That the files are named by
 * their ids, and that one that is missing fails the request, is assumed.
 */
function blobs(call: Call): SimulatedResponse {
  const repository = readableRepository(call);
  const ids = JSON.parse(call.request.body.toString('utf8')) as string[];
  const found: ZipEntry[] = [];
  for (const id of ids) {
    const content = repository.blob(id)?.content;
    if (!content) {
      throw objectNotFound(id);
    }
    found.push({ path: id, content });
  }
  return fileBytes('blobs.zip', 'application/zip', zipArchive(found));
}

function blob(call: Call): SimulatedResponse {
  const repository = readableRepository(call);
  const id = call.parameters['sha1'] ?? '';
  const found = repository.blob(id);
  if (!found) {
    throw objectNotFound(id);
  }
  if (!wants(call, 'json')) {
    return fileBytes(found.id, 'application/octet-stream', found.content);
  }
  const url = `${repositoryUrl(repository, call.baseUrl)}/blobs/${found.id}`;
  return json(call, {
    objectId: found.id,
    size: found.content.length,
    url,
    _links: {
      self: { href: url },
      repository: { href: repositoryUrl(repository, call.baseUrl) },
    },
  });
}
