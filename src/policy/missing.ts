import type { KnownRepository } from './model';

/** What the service itself calls deleted. */
export interface ServiceDeletions {
  /** Ids of repositories among a project's deleted repositories. */
  readonly repositories: ReadonlySet<string>;
  /** Ids of projects among the organization's deleted projects. */
  readonly projects: ReadonlySet<string>;
}

/** A project, or the whole organization, of which the list shows nothing that is known. */
export interface OutOfSight {
  /** The project; absent when it is the whole organization. */
  readonly project?: { readonly id: string; readonly name: string };
  readonly repositories: readonly KnownRepository[];
}

/** What the absence of repositories from the list is evidence of; each is in one of the three, or none where it is evidence of nothing. */
interface MissingVerdict {
  /** The service says that they are deleted. */
  readonly deleted: readonly KnownRepository[];
  /** The list has others of their project: it lacked them once more. */
  readonly missedOnceMore: readonly KnownRepository[];
  /** The list has nothing of their project or organization: no evidence, however often it comes. */
  readonly outOfSight: readonly OutOfSight[];
}

/**
 * What it means that an organization's list lacks repositories. Pure.
 *
 * Azure DevOps trims the list by permission without a word. Where it shows some
 * known repositories of a project and not others, several lists in a row count
 * as evidence. Where it shows none, the permission to read may have been lost,
 * which looks exactly as if all of it had been deleted.
 *
 * @param known - what the ledger knows of the organization
 * @param listed - what the organization's list has: the project's id, by the repository's id
 */
export function judgeMissing({
  known,
  missing,
  listed,
  deletions,
  isWhole,
}: {
  readonly known: Iterable<Pick<KnownRepository, 'id'>>;
  readonly missing: readonly KnownRepository[];
  readonly listed: ReadonlyMap<string, string>;
  readonly deletions: ServiceDeletions;
  /** Whether the list has no element that may be any of the missing. */
  readonly isWhole: boolean;
}): MissingVerdict {
  const visibleProjects = new Set<string>();
  for (const { id } of known) {
    const projectId = listed.get(id);
    if (projectId !== undefined) {
      visibleProjects.add(projectId);
    }
  }

  const deleted: KnownRepository[] = [];
  const missedOnceMore: KnownRepository[] = [];
  const byProject = new Map<string, KnownRepository[]>();
  for (const repository of missing) {
    const { id, projectId } = repository;
    if (deletions.repositories.has(id) || deletions.projects.has(projectId)) {
      deleted.push(repository);
    } else if (visibleProjects.has(projectId)) {
      if (isWhole) {
        missedOnceMore.push(repository);
      }
    } else {
      const others = byProject.get(projectId);
      if (others) others.push(repository);
      else byProject.set(projectId, [repository]);
    }
  }
  return {
    deleted,
    missedOnceMore,
    outOfSight:
      visibleProjects.size === 0
        ? wholeOrganization([...byProject.values()].flat())
        : [...byProject].map(([id, repositories]) => ({
            project: { id, name: repositories[0]?.project ?? id },
            repositories,
          })),
  };
}

function wholeOrganization(
  repositories: readonly KnownRepository[],
): OutOfSight[] {
  return repositories.length > 0 ? [{ repositories }] : [];
}
