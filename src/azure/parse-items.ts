import { blobObjectId } from './object-id';
import {
  fieldsOf,
  foldText,
  guidOf,
  MalformedError,
  MisdirectedError,
  OBJECT_ID,
  optionalAt,
  parseEach,
  textAt,
  withoutPrefix,
} from './parse';
import type {
  OddElement,
  PresentItem,
  PresentListing,
  RepositoryRequest,
  VersionRef,
} from './types';

/** The code page of UTF-8. */
const UTF8 = 65001;

/** A file or folder. */
interface ParsedItem extends PresentItem {
  readonly isFile: boolean;
  readonly isSymLink: boolean;
  readonly commitId?: string;
  /** Whether `content` is the blob decoded as UTF-8; otherwise the service took it for another encoding, or names none. */
  readonly isUtf8: boolean;
}

/** What is in a tree. A commit there is a submodule. */
const OBJECT_TYPES: ReadonlySet<string> = new Set(['blob', 'tree', 'commit']);

/** What is asked of a repository's content. */
export interface ItemQuestion extends RepositoryRequest {
  readonly path: string;
  readonly version?: VersionRef;
}

/** A file or folder that was asked for by its path. */
export function parseItem(json: unknown, question: ItemQuestion): ParsedItem {
  const item = parseAnyItem(json, question);
  if (!isSamePath(item.path, question.path)) {
    throw new MalformedError('another path than the one asked for');
  }
  return item;
}

function parseAnyItem(
  json: unknown,
  question: Omit<ItemQuestion, 'path'>,
): ParsedItem {
  const item = fieldsOf(json);
  const path = textAt(json, 'path');
  const { objectId, content, commitId } = item;
  // Git allows every other character.
  if (path.includes('\0')) {
    throw new MalformedError('something whose path has a NUL in it');
  }
  if (typeof objectId !== 'string' || !OBJECT_ID.test(objectId)) {
    throw new MalformedError('something that lacks an object id');
  }
  const type = textAt(json, 'gitObjectType').toLowerCase();
  if (!OBJECT_TYPES.has(type)) {
    throw new MalformedError('something whose gitObjectType is none of a tree');
  }
  const isFolder = optionalAt(json, 'isFolder', 'boolean') ?? false;
  const metadata = fieldsOf(item.contentMetadata);
  const other = otherSubject(item.url, question);
  if (other) {
    throw new MisdirectedError(
      `an item of another ${other} than the one asked for`,
    );
  }
  return {
    outcome: 'present',
    path,
    objectId: objectId.toLowerCase(),
    content: typeof content === 'string' ? content : undefined,
    isFile: type === 'blob' && !isFolder,
    isSymLink: item.isSymLink === true,
    commitId: typeof commitId === 'string' ? commitId : undefined,
    isUtf8: metadata.encoding === UTF8 && metadata.isBinary !== true,
  };
}

/** The files below a folder. */
export function parseItems(
  json: unknown,
  question: ItemQuestion,
): PresentListing {
  const { parsed, odd, folder } = parseFolder(json, question);
  return {
    outcome: 'present',
    commitId: folder.commitId,
    treeId: folder.isFile ? undefined : folder.objectId,
    items: parsed
      .filter(({ isFile }) => isFile)
      .map(({ path, objectId, isSymLink }) =>
        isSymLink ? { path, objectId, isSymLink } : { path, objectId },
      ),
    odd,
  };
}

/** What a folder has, files and folders. */
export interface FolderNames {
  readonly outcome: 'present';
  readonly paths: ReadonlySet<string>;
  /** Elements that may be anything that `paths` lacks. */
  readonly odd: readonly OddElement[];
}

/** The paths of what is in a folder, and its own. */
export function parseFolderNames(
  json: unknown,
  question: ItemQuestion,
): FolderNames {
  const { parsed, odd } = parseFolder(json, question);
  const paths = new Set(parsed.map(({ path }) => path));
  return { outcome: 'present', paths, odd };
}

/** What is in a folder. The service lists the folder itself as well. */
function parseFolder(
  json: unknown,
  { path, ...question }: ItemQuestion,
): {
  readonly parsed: readonly ParsedItem[];
  readonly odd: readonly OddElement[];
  readonly folder: ParsedItem;
} {
  const { parsed, odd } = parseEach(json, item => parseAnyItem(item, question));
  const scope = normalPath(path);
  const below = scope === '/' ? '/' : `${scope}/`;
  if (parsed.some(item => !`${normalPath(item.path)}/`.startsWith(below))) {
    throw new MalformedError('a list of another folder');
  }
  const folder = parsed.find(item => normalPath(item.path) === scope);
  if (!folder) {
    throw new MalformedError('a list without the folder that it is of');
  }
  return { parsed, odd, folder };
}

/**
 * Which part of a question the address of an item does not fit. Addresses have
 * the repository's GUID, on whatever host and with or without a project, and a
 * version where one was asked for: `/_apis/git/repositories/{id}/items?path=…&versionType=Branch&version=…`.
 * What an address does not have is no reason for doubt.
 *
 * Source: the examples of specification/git/7.1
 */
function otherSubject(
  address: unknown,
  { repository, version, listed }: Omit<ItemQuestion, 'path'>,
): 'repository' | 'version' | undefined {
  const text = typeof address === 'string' ? address : '';
  const asked = guidOf(repository);
  const segment = /\/_apis\/git\/repositories\/([^/?#]+)/i.exec(text)?.[1];
  const answered = guidOf(segment);
  if (asked && answered && asked !== answered) {
    return 'repository';
  }
  const parameters = new URLSearchParams(text.split('?', 2)[1]);
  const type = parameters.get('versionType')?.toLowerCase() ?? '';
  const wanted = version?.type ?? 'branch';
  if (wanted === 'tag' || !['branch', 'commit'].includes(type)) {
    return undefined;
  }
  const named = parameters.get('version');
  const expected = version?.version ?? listed?.defaultBranch;
  return type !== wanted ||
    (named && expected !== undefined && withoutPrefix(named) !== expected)
    ? 'version'
    : undefined;
}

function isSamePath(one: string, other: string): boolean {
  return one === other || normalPath(one) === normalPath(other);
}

/** A path in the one spelling by which two can be compared. The service compares names without regard to case. */
export function normalPath(path: string): string {
  return foldText(`/${path}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1'));
}

/**
 * What an item's content decodes from, if its object id is that of the content:
 * whatever was cut, altered or belongs to another file has another; the service
 * has SHA-1 repositories only. A byte order
 * mark is part of the file, and may be left out of what the service decodes.
 */
export function contentOf({
  content,
  objectId,
  isUtf8,
}: ParsedItem): string | undefined {
  return content === undefined || !isUtf8
    ? undefined
    : [content, `\ufeff${content}`].find(
        text => blobObjectId(Buffer.from(text)) === objectId,
      );
}
