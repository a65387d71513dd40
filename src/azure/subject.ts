import type { ServiceErrorBody } from './error-body';
import { foldText, guidOf } from './parse';
import { type ItemQuestion, normalPath } from './parse-items';
import type { RepositoryRequest } from './types';

/** The repository that a request is about, or what is asked for in it. */
export type RequestSubject = RepositoryRequest & Partial<ItemQuestion>;

/** How the service's words about a repository begin in which there is nothing. */
export const EMPTY_REPOSITORY = 'VS403403';

/** What the service's words about something that is not there have to name. */
const NAMED_BY: Readonly<Record<string, 'item' | 'repository' | 'project'>> = {
  GitItemNotFoundException: 'item',
  GitUnresolvableToCommitException: 'repository',
  GitRepositoryNotFoundException: 'repository',
  ProjectDoesNotExistWithNameException: 'project',
};
/** `<Branch: main >`, as messages name a version. */
const NAMED_BRANCH = /<Branch:\s*(\S+)\s*>/i;

/**
 * Whether an error that is evidence of something missing names what was asked
 * for. Servers translate messages, hence names are looked for, not sentences.
 */
export function isErrorAbout(
  subject: RequestSubject,
  { typeKey = '', message = '' }: ServiceErrorBody,
): boolean {
  const what = NAMED_BY[typeKey];
  if (what === undefined) {
    return true;
  }
  const { repository, project, listed, path, version } = subject;
  if (what === 'project') {
    return project === undefined || hasName(message, project);
  }
  // An empty repository has no items to name.
  const namesPath =
    what !== 'item' ||
    message.startsWith(EMPTY_REPOSITORY) ||
    path === undefined ||
    hasName(message, normalPath(path));
  // Whoever asks by the id alone cannot tell which name is meant.
  const isNameKnown = listed !== undefined || !guidOf(repository);
  const namesRepository =
    (!isNameKnown && typeKey !== 'GitRepositoryNotFoundException') ||
    [repository, listed?.name ?? repository].some(it => hasName(message, it));
  if (!namesPath || !namesRepository) {
    return false;
  }
  const branch = NAMED_BRANCH.exec(message)?.[1];
  const expected =
    version === undefined
      ? listed?.defaultBranch
      : version.type === 'branch'
        ? version.version
        : undefined;
  return !branch || expected === undefined || branch === expected;
}

/** The names and paths that an error about it may repeat. */
export function namesOf({
  repository,
  project,
  listed,
  path,
  version,
}: RequestSubject): string[] {
  return [repository, project, listed?.name, path, version?.version].filter(
    name => name !== undefined,
  );
}

/** Whether a message has a name in it, not as a part of another. */
function hasName(message: string, name: string): boolean {
  const text = foldText(message);
  const wanted = foldText(name);
  for (
    let at = text.indexOf(wanted);
    at >= 0;
    at = text.indexOf(wanted, at + 1)
  ) {
    const around = [text[at - 1] ?? '', text[at + wanted.length] ?? ''];
    if (!around.some(character => /[\p{L}\p{N}_/-]/u.test(character))) {
      return true;
    }
  }
  return false;
}
