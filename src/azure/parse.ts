import type { RequestFault } from './errors';
import type {
  AbsentItem,
  PresentItem,
  PresentListing,
  Repository,
  ServiceIdentity,
} from './types';

/** An answer that does not fit the request. The message names what came instead. */
export class MalformedError extends Error {}

/** The code page of UTF-8. */
const UTF8 = 65001;
export const OBJECT_ID = /^[\da-f]{40}$/i;
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

/** The elements of a list, each parsed. */
export function parseList<T>(
  json: unknown,
  parseElement: (element: unknown) => T,
): T[] {
  const { count, value } = fieldsOf(json);
  if (!Array.isArray(value)) {
    throw new MalformedError('something that is not a list');
  }
  // A list that was cut short lacks what it counts.
  if (count !== value.length) {
    throw new MalformedError(
      `a list of ${value.length} that says it has ${String(count)}`,
    );
  }
  return value.map((element: unknown, index) => {
    try {
      return parseElement(element);
    } catch (error) {
      throw error instanceof MalformedError
        ? new MalformedError(
            `a list whose element ${index} is ${error.message}`,
          )
        : error;
    }
  });
}

/** Which resources the service has, and in which versions, as azure-devops-node-api takes it. */
export function parseLocations(json: unknown): unknown {
  parseList(json, location => {
    textAt(location, 'id');
    textAt(location, 'area');
    textAt(location, 'routeTemplate');
  });
  return json;
}

export function parseRepository(json: unknown): Repository {
  return repositoryParser()(json);
}

export function parseRepositories(json: unknown): Repository[] {
  return parseList(json, repositoryParser());
}

/** The projects and branches that many repositories have in common are kept once. */
function repositoryParser(): (json: unknown) => Repository {
  const projects = new Map<string, Repository['project']>();
  const branches = new Map<string, string>();
  return json => {
    const { project, defaultBranch, isDisabled, isFork, size } = fieldsOf(json);
    const id = textAt(json, 'project.id');
    const name = textAt(json, 'project.name');
    // Without a state: such a server lists only projects that can be used.
    const { state = WELL_FORMED } = fieldsOf(project);
    return {
      id: textAt(json, 'id'),
      name: textAt(json, 'name'),
      project: once(projects, `${id}\n${name}\n${String(state)}`, () => ({
        id,
        name,
        state: String(state),
      })),
      defaultBranch:
        typeof defaultBranch === 'string' && defaultBranch !== ''
          ? once(branches, defaultBranch, () => withoutPrefix(defaultBranch))
          : undefined,
      isDisabled: isDisabled === true,
      isFork: isFork === true,
      size: typeof size === 'number' ? size : undefined,
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

/** The ids of what is in a list. */
export function parseIds(json: unknown): string[] {
  return parseList(json, element => textAt(element, 'id'));
}

/** A file or folder. */
export interface ParsedItem extends PresentItem {
  readonly isFile: boolean;
  /** Whether `content` is the blob decoded as UTF-8; otherwise the service took it for another encoding, or names none. */
  readonly isUtf8: boolean;
}

export function parseItem(json: unknown): ParsedItem {
  const item = fieldsOf(json);
  const { path, objectId, gitObjectType, content } = item;
  if (typeof path !== 'string') {
    throw new MalformedError('something that lacks path');
  }
  if (typeof objectId !== 'string' || !OBJECT_ID.test(objectId)) {
    throw new MalformedError('something that lacks an object id');
  }
  if (typeof gitObjectType !== 'string') {
    throw new MalformedError('something that lacks the type of the object');
  }
  const metadata = fieldsOf(item.contentMetadata);
  return {
    outcome: 'present',
    path,
    objectId,
    content: typeof content === 'string' ? content : undefined,
    isFile: gitObjectType.toLowerCase() === 'blob' && item.isFolder !== true,
    isUtf8: metadata.encoding === UTF8 && metadata.isBinary !== true,
  };
}

/** The files of a list. */
export function parseItems(json: unknown): PresentListing['items'] {
  return parseList(json, parseItem)
    .filter(({ isFile }) => isFile)
    .map(({ path, objectId }) => ({ path, objectId }));
}

/**
 * The positive evidence that a file, its branch or everything in its repository
 * is not there; `undefined` when the fault is none.
 */
export function absenceOf(fault: RequestFault): AbsentItem | undefined {
  if (fault.kind !== 'not-found' || fault.status !== 404) {
    return undefined;
  }
  const message = fault.serviceMessage ?? fault.seen;
  switch (fault.typeKey) {
    case 'GitItemNotFoundException':
      return {
        outcome: 'absent',
        reason: message.startsWith('VS403403')
          ? 'repository-empty'
          : 'item-not-found',
        message,
      };
    case 'GitUnresolvableToCommitException':
      return { outcome: 'absent', reason: 'branch-not-found', message };
    default:
      return undefined;
  }
}

/** Whether a repository, or its project, is positively out of sight: deleted or not permitted. */
export function isOutOfSight(fault: RequestFault): boolean {
  return (
    fault.kind === 'not-found' &&
    /^(GitRepositoryNotFound|ProjectDoesNotExist)/.test(fault.typeKey ?? '')
  );
}
