import type {
  OddElement,
  Repository,
  RepositoryList,
  RepositoryRequest,
  ServiceIdentity,
} from './types';

/** An answer that does not fit the request. The message names what came instead. */
export class MalformedError extends Error {}

/** An answer to another question. An element of a list that belongs to one puts the whole list in doubt. */
export class MisdirectedError extends MalformedError {}

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
export function guidAt(json: unknown, path: string): string {
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
export function optionalAt<T extends 'string' | 'number' | 'boolean'>(
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
export function parseEach<T>(
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

function isSameText(one: string, other: string): boolean {
  return foldText(one.trim()) === foldText(other.trim());
}

export function foldText(text: string): string {
  return text.normalize('NFC').toLowerCase();
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
    state: optionalAt(project, 'state', 'string') ?? WELL_FORMED,
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
