// What counts as evidence that something is not there.
import type { Organization } from '../organization';
import { describeRepository } from './requests';
import {
  AzureDevOpsRequestError,
  faultOf,
  lastingFault,
  type RequestFault,
} from './errors';
import type { FolderNames } from './parse-items';
import { EMPTY_REPOSITORY } from './subject';
import type { AbsentItem, ListingOptions, ReadOptions } from './types';

/**
 * The positive evidence that a file, its branch or everything in its repository
 * is not there; `undefined` when the fault is none.
 */
function absenceOf(fault: RequestFault): AbsentItem | undefined {
  if (fault.kind !== 'not-found' || fault.status !== 404) {
    return undefined;
  }
  const message = fault.serviceMessage ?? fault.seen;
  switch (fault.typeKey) {
    case 'GitItemNotFoundException':
      return {
        outcome: 'absent',
        reason: message.startsWith(EMPTY_REPOSITORY)
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

/** What is read, or that it is positively not there. */
export async function orAbsent<T>(
  read: () => Promise<T>,
): Promise<T | AbsentItem> {
  try {
    return await read();
  } catch (error) {
    const fault = faultOf(error);
    const absence = fault && absenceOf(fault);
    if (absence) {
      return absence;
    }
    throw error;
  }
}

/**
 * Asks another question about what is not there. A 404 names a repository by its
 * name, which another project's repository may have, too; what a list has in it
 * names it by its id.
 *
 * @throws where the answers do not agree, so that it is unknown
 */
export async function confirmAbsence(
  organization: Organization,
  options: ListingOptions,
  reason: AbsentItem['reason'],
  listFolder: (options: ListingOptions) => Promise<FolderNames | AbsentItem>,
): Promise<void> {
  // What is there and no file has the repository's id in it already.
  if (!options.confirm || reason === 'not-a-file') {
    return;
  }
  const { path } = options;
  const contradict = (seen: string) => {
    throw new AzureDevOpsRequestError(
      organization,
      `find out whether ${path} of ${describeRepository(options)} is gone`,
      {
        ...lastingFault(
          'malformed',
          `the service said that it is not there, and of the folder above it ${seen}`,
        ),
        isContradicted: true,
      },
    );
  };
  let missing = path;
  do {
    const folder = missing.slice(0, missing.lastIndexOf('/')) || '/';
    const held = await listFolder({ ...options, path: folder });
    if (held.outcome === 'absent') {
      if (held.reason === reason && reason !== 'item-not-found') {
        return;
      }
      if (held.reason !== reason) {
        contradict(`something else: ${held.message}`);
      }
    } else if (reason !== 'item-not-found') {
      contradict('that it is');
    } else if (held.paths.has(missing)) {
      contradict(`that it has ${missing}`);
    } else if (held.odd[0]) {
      contradict(`something odd: ${held.odd[0].seen}`);
    } else {
      return;
    }
    missing = folder;
  } while (missing !== '/');
  contradict('the same, up to the root');
}

/**
 * What is asked may change meanwhile, which looks as if answers were confused. A
 * repository may have been renamed since it was listed: it is asked again without
 * a look at the names, and what is then absent has to be confirmed, which goes by
 * the id. And a file that is not there may come before that is confirmed.
 */
export async function despiteChanges<O extends ReadOptions, T>(
  options: O,
  ask: (options: O) => Promise<T>,
): Promise<T> {
  try {
    return await ask(options);
  } catch (error) {
    const fault = faultOf(error);
    if (
      fault?.isMisdirected &&
      isAboutItem(fault) &&
      options.listed !== undefined
    ) {
      const unnamed = { ...options, listed: undefined, confirm: true };
      return await despiteChanges(unnamed, ask);
    }
    if (fault?.isContradicted) {
      return await ask(options);
    }
    throw error;
  }
}

/** Whether it is a file that is not there, rather than all of a repository's branches, whose absence nothing with an id in it confirms. */
function isAboutItem({ typeKey, serviceMessage = '' }: RequestFault): boolean {
  return (
    typeKey === 'GitItemNotFoundException' &&
    !serviceMessage.startsWith(EMPTY_REPOSITORY)
  );
}
