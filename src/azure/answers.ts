import {
  type GitItem,
  GitObjectType,
  type GitRepository,
} from 'azure-devops-node-api/interfaces/GitInterfaces';
import type { AzureDevOpsRequestError } from './errors';
import { fieldsOf } from './fields';
import type { AbsentItem, PresentItem, Repository } from './types';

/** The code page of UTF-8. */
const UTF8 = 65001;
const OBJECT_ID = /^[\da-f]{40}$/i;
const BRANCH_PREFIX = 'refs/heads/';
/** The state of a project that can be used. */
const WELL_FORMED = 'wellFormed';

/** What is wrong with an answer that should be a list of which each element has these texts. */
export function verifyList(...keys: string[]) {
  const verifyElement = verifyFields(...keys);
  return (json: unknown): string | undefined => {
    const { count, value } = fieldsOf(json);
    if (!Array.isArray(value)) {
      return 'something that is not a list';
    }
    // The count is the service's own word against a list that was cut short.
    if (count !== value.length) {
      return `a list of ${value.length} that says it has ${String(count)}`;
    }
    const elements: readonly unknown[] = value;
    const broken = elements.findIndex(
      element => verifyElement(element) !== undefined,
    );
    return broken === -1
      ? undefined
      : `a list whose element ${broken} lacks ${keys.join(' or ')}`;
  };
}

/** What is wrong with an answer that should be an object that has these texts; `a.b` is `b` within `a`. */
export function verifyFields(...keys: string[]) {
  const paths = keys.map(key => key.split('.'));
  return (json: unknown): string | undefined => {
    for (const path of paths) {
      const value = path.reduce<unknown>(
        (object, key) => fieldsOf(object)[key],
        json,
      );
      if (typeof value !== 'string' || value === '') {
        return `something that lacks ${path.join('.')}`;
      }
    }
    return undefined;
  };
}

/** What is wrong with the answer that says which resources the service has. */
export const verifyLocations = verifyList('id', 'area', 'routeTemplate');

export const verifyRepository = verifyFields(
  'id',
  'name',
  'project.id',
  'project.name',
);

export const verifyRepositories = verifyList(
  'id',
  'name',
  'project.id',
  'project.name',
);

/** What is wrong with an answer that should be a file or folder. */
export function verifyItem(json: unknown): string | undefined {
  const { objectId, path, gitObjectType } = fieldsOf(json);
  if (typeof path !== 'string') {
    return 'something that lacks path';
  }
  if (typeof objectId !== 'string' || !OBJECT_ID.test(objectId)) {
    return 'something that lacks an object id';
  }
  return typeof gitObjectType === 'string'
    ? undefined
    : 'something that lacks the type of the object';
}

export function verifyItems(json: unknown): string | undefined {
  const mistake = verifyList('path')(json);
  const { value } = fieldsOf(json);
  return (
    mistake ??
    (Array.isArray(value) ? value : [])
      .map(verifyItem)
      .find(wrong => wrong !== undefined)
  );
}

/**
 * What `toRepository` needs of a repository in a list. The same names and ids
 * stand in many of them, and are kept once.
 */
export function keepRepository(): (repository: unknown) => unknown {
  const texts = new Map<unknown, unknown>();
  const shared = (text: unknown) => {
    const known = texts.get(text);
    if (known !== undefined) {
      return known;
    }
    texts.set(text, text);
    return text;
  };
  return json => {
    const { id, name, project, defaultBranch, isDisabled, isFork, size } =
      fieldsOf(json);
    const { id: projectId, name: projectName, state } = fieldsOf(project);
    return {
      id,
      name,
      project: {
        id: shared(projectId),
        name: shared(projectName),
        state: shared(state),
      },
      defaultBranch: shared(defaultBranch),
      isDisabled,
      isFork,
      size,
    };
  };
}

export function toRepository(repository: GitRepository): Repository {
  return repositoryReader()(repository);
}

/** Reads the repositories of a list: the projects and branches that many have in common are kept once. */
export function repositoryReader(): (repository: GitRepository) => Repository {
  const projects = new Map<string, Repository['project']>();
  const branches = new Map<string, string>();
  const once = <T>(known: Map<string, T>, key: string, make: () => T): T => {
    const value = known.get(key) ?? make();
    known.set(key, value);
    return value;
  };
  return repository => {
    const { id = '', name = '', project, defaultBranch, size } = repository;
    const state: unknown = project?.state;
    const { id: projectId = '', name: projectName = '' } = project ?? {};
    return {
      id,
      name,
      project: once(
        projects,
        `${projectId}\n${projectName}\n${String(state)}`,
        () => ({
          id: projectId,
          name: projectName,
          // A server that does not say lists only projects that can be used.
          state: typeof state === 'string' ? state : WELL_FORMED,
        }),
      ),
      defaultBranch: defaultBranch
        ? once(branches, defaultBranch, () =>
            defaultBranch.startsWith(BRANCH_PREFIX)
              ? defaultBranch.slice(BRANCH_PREFIX.length)
              : defaultBranch,
          )
        : undefined,
      isDisabled: repository.isDisabled ?? false,
      isFork: repository.isFork ?? false,
      size,
    };
  };
}

export function isFile(item: GitItem): boolean {
  return item.gitObjectType === GitObjectType.Blob && !item.isFolder;
}

export function toPresentItem(item: GitItem, content?: string): PresentItem {
  return {
    outcome: 'present',
    path: item.path ?? '',
    objectId: item.objectId ?? '',
    commitId: item.commitId,
    isSymLink: item.isSymLink ?? false,
    content,
  };
}

/**
 * The text of an item, if the service decoded it as UTF-8; `undefined` when the
 * bytes have to be fetched, because it took them for something else or says
 * nothing of it.
 */
export function decodedContent(item: GitItem): string | undefined {
  const metadata = item.contentMetadata;
  return metadata?.encoding === UTF8 && metadata.isBinary !== true
    ? item.content
    : undefined;
}

/**
 * The positive evidence that a file, its branch or everything in its repository
 * is not there; `undefined` when the error is none.
 */
export function absenceOf(
  error: AzureDevOpsRequestError,
): AbsentItem | undefined {
  if (error.kind !== 'not-found' || error.status !== 404) {
    return undefined;
  }
  const message = error.serviceMessage ?? error.seen;
  switch (error.typeKey) {
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
export function isOutOfSight(error: AzureDevOpsRequestError): boolean {
  return (
    error.kind === 'not-found' &&
    /^(GitRepositoryNotFound|ProjectDoesNotExist)/.test(error.typeKey ?? '')
  );
}
