import { blobObjectId } from './object-id';
import type {
  OddElement,
  PresentItem,
  PresentListing,
  Repository,
  RepositoryList,
  RepositoryRequest,
  ServiceIdentity,
  VersionRef,
} from './types';

/** An answer that does not fit the request. The message names what came instead. */
export class MalformedError extends Error {}

/** An answer to another question. An element of a list that belongs to one puts the whole list in doubt. */
class MisdirectedError extends MalformedError {}

/** The code page of UTF-8. */
const UTF8 = 65001;
export const OBJECT_ID = /^[\da-f]{40}$/i;
const GUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
/** The service's own limits for names are 64 to 250 characters. */
const LONGEST_NAME = 1_000;
const BRANCH_PREFIX = 'refs/heads/';
/** The state of a project that can be used. */
const WELL_FORMED = 'wellFormed';

/** JSON, also behind the byte order mark that some of the service's answers begin with. */
export function parseJson(text: string): unknown {
  return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
}

/** The fields of an unknown value; none if it is no object. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}

/** A text that an object must have; `a.b` is `b` within `a`. */
export function textAt(json: unknown, path: string): string {
  const value = path
    .split('.')
    .reduce<unknown>((object, key) => fieldsOf(object)[key], json);
  if (typeof value !== 'string' || value === '') {
    throw new MalformedError(`something that lacks ${path}`);
  }
  return value;
}

/** A name that an object must have. Azure DevOps allows no control characters in any. */
function nameAt(json: unknown, path: string): string {
  return checkName(textAt(json, path), path);
}

function checkName(name: string, what: string): string {
  if (name.length > LONGEST_NAME) {
    throw new MalformedError(
      `something whose ${what} has ${name.length} characters`,
    );
  }
  if (/\p{Cc}/u.test(name)) {
    throw new MalformedError(
      `something whose ${what} has control characters in it`,
    );
  }
  return name;
}

/** A GUID that an object must have, in lower case: the service compares them without regard to it. */
function guidAt(json: unknown, path: string): string {
  const id = guidOf(textAt(json, path));
  if (id === undefined) {
    throw new MalformedError(`something whose ${path} is no GUID`);
  }
  return id;
}

/** A GUID in the one spelling by which two can be compared; `undefined` when it is none. */
export function guidOf(value: unknown): string | undefined {
  return typeof value === 'string' && GUID.test(value)
    ? value.toLowerCase()
    : undefined;
}

/** A value that an object may have; some serializers write `null` where it has none. */
function optionalAt<T extends 'string' | 'number' | 'boolean'>(
  json: unknown,
  key: string,
  type: T,
): { string: string; number: number; boolean: boolean }[T] | undefined {
  const value = fieldsOf(json)[key] ?? undefined;
  if (value !== undefined && typeof value !== type) {
    throw new MalformedError(
      `something whose ${key} is ${Array.isArray(value) ? 'a list' : `of the type ${typeof value}`}`,
    );
  }
  return value as { string: string; number: number; boolean: boolean }[T];
}

/** The elements of a list. */
function elementsOf(json: unknown): readonly unknown[] {
  const { count, value } = fieldsOf(json);
  if (!Array.isArray(value)) {
    throw new MalformedError('something that is not a list');
  }
  // A list that was cut short lacks what it counts.
  if (count !== value.length) {
    throw new MalformedError(
      `a list of ${value.length} that says it has ${typeof count === 'number' ? count : 'no number of them'}`,
    );
  }
  return value;
}

/** The elements of a list, each parsed. */
export function parseList<T>(
  json: unknown,
  parseElement: (element: unknown) => T,
): T[] {
  const { parsed, odd } = parseEach(json, parseElement);
  const [first] = odd;
  if (first) {
    throw new MalformedError(`a list whose ${first.seen}`);
  }
  return parsed;
}

/** The elements of a list that can be parsed, and what is odd about the others. */
function parseEach<T>(
  json: unknown,
  parseElement: (element: unknown) => T,
): { readonly parsed: T[]; readonly odd: OddElement[] } {
  const parsed: T[] = [];
  const odd: OddElement[] = [];
  for (const [index, element] of elementsOf(json).entries()) {
    try {
      parsed.push(parseElement(element));
    } catch (error) {
      if (
        !(error instanceof MalformedError) ||
        error instanceof MisdirectedError
      ) {
        throw error;
      }
      odd.push({
        id: guidOf(fieldsOf(element).id),
        seen: `element ${index} is ${error.message}`,
      });
    }
  }
  const [first] = odd;
  if (first && parsed.length === 0) {
    throw new MalformedError(`a list of something else, whose ${first.seen}`);
  }
  return { parsed, odd };
}

/** Which resources an area of the interface has, and in which versions, as azure-devops-node-api takes it. */
export function parseLocations(json: unknown, anyResource: string): unknown {
  const ids = parseList(json, location => {
    textAt(location, 'area');
    textAt(location, 'routeTemplate');
    return textAt(location, 'id').toLowerCase();
  });
  if (ids.length > 0 && !ids.includes(anyResource)) {
    throw new MalformedError('the resources of another area');
  }
  return json;
}

/** A repository that was asked for by its id or its name. */
export function parseRepository(
  json: unknown,
  { repository: asked }: Pick<RepositoryRequest, 'repository'>,
): Repository {
  const repository = repositoryParser()(json);
  const id = guidOf(asked);
  if (id ? id !== repository.id : !isSameText(asked, repository.name)) {
    throw new MalformedError('another repository than the one asked for');
  }
  return repository;
}

/** An organization's repositories. An element that is none costs only itself. */
export function parseRepositories(json: unknown): RepositoryList {
  const { parsed, odd } = parseEach(json, repositoryParser());
  const byId = new Map<string, Repository>();
  const contradictory = new Set<string>();
  for (const repository of parsed) {
    const { id } = repository;
    const former = byId.get(id);
    byId.set(id, former ?? repository);
    if (former) {
      const isSame = JSON.stringify(former) === JSON.stringify(repository);
      odd.push({
        id,
        seen: `repository ${id} is there twice${isSame ? '' : ', once so and once otherwise'}`,
      });
      if (!isSame) {
        contradictory.add(id);
      }
    }
  }
  contradictory.forEach(id => byId.delete(id));
  return { repositories: [...byId.values()], odd };
}

/** The projects and branches that many repositories have in common are kept once. */
function repositoryParser(): (json: unknown) => Repository {
  const projects = new Map<string, Repository['project']>();
  const branches = new Map<string, string>();
  return json => {
    const id = guidAt(json, 'project.id');
    const name = nameAt(json, 'project.name');
    // Without a state: such a server lists only projects that can be used.
    const state =
      optionalAt(fieldsOf(json).project, 'state', 'string') ?? WELL_FORMED;
    const branch = optionalAt(json, 'defaultBranch', 'string');
    return {
      id: guidAt(json, 'id'),
      name: nameAt(json, 'name'),
      project: once(projects, `${id}\n${name}\n${state}`, () => ({
        id,
        name,
        state: checkName(state, 'project.state'),
      })),
      defaultBranch: branch
        ? once(branches, branch, () =>
            checkName(withoutPrefix(branch), 'defaultBranch'),
          )
        : undefined,
      isDisabled: optionalAt(json, 'isDisabled', 'boolean') ?? false,
      isFork: optionalAt(json, 'isFork', 'boolean') ?? false,
      size: optionalAt(json, 'size', 'number'),
    };
  };
}

function once<T>(known: Map<string, T>, key: string, make: () => T): T {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}

/** A branch without `refs/heads/`. */
export function withoutPrefix(branch: string): string {
  return branch.startsWith(BRANCH_PREFIX)
    ? branch.slice(BRANCH_PREFIX.length)
    : branch;
}

/** The projects of a list. */
export function parseProjects(json: unknown): Repository['project'][] {
  return parseList(json, project => ({
    id: textAt(project, 'id'),
    name: textAt(project, 'name'),
    state: String(fieldsOf(project).state),
  }));
}

/** Whom the service takes a credential for. */
export function parseIdentity(json: unknown): ServiceIdentity {
  const { providerDisplayName } = fieldsOf(fieldsOf(json).authenticatedUser);
  return {
    id: textAt(json, 'authenticatedUser.id'),
    name:
      typeof providerDisplayName === 'string' ? providerDisplayName : undefined,
  };
}

/** The ids of a project's deleted repositories. Only what has a date of its deletion is one: a list of other repositories has ids as well. */
export function parseDeletedRepositories(json: unknown): string[] {
  return elementsOf(json).flatMap(element => {
    const { id, deletedDate } = fieldsOf(element);
    return typeof deletedDate === 'string' && deletedDate !== ''
      ? (guidOf(id) ?? [])
      : [];
  });
}

/** One page of the deleted projects: their ids, and how many elements it has. */
export function parseDeletedProjects(json: unknown): {
  readonly ids: readonly string[];
  readonly length: number;
} {
  const elements = elementsOf(json);
  const ids = elements.flatMap(element => {
    const { id, state } = fieldsOf(element);
    return state === 'deleted' ? (guidOf(id) ?? []) : [];
  });
  return { ids, length: elements.length };
}

/** A file or folder. */
export interface ParsedItem extends PresentItem {
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
  return normalPath(one) === normalPath(other);
}

/** A path in the one spelling by which two can be compared. The service compares names without regard to case. */
export function normalPath(path: string): string {
  return foldText(`/${path}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1'));
}

function isSameText(one: string, other: string): boolean {
  return foldText(one.trim()) === foldText(other.trim());
}

export function foldText(text: string): string {
  return text.normalize('NFC').toLowerCase();
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
