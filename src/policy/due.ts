/** An event, reduced to what decides whom it concerns. */
interface Announcement {
  readonly repositoryId?: string;
  /** The branches that changed, without `refs/heads/`; absent where that is not said. */
  readonly branches?: readonly string[];
}

/** Something that is to be looked at because an event said so: a repository, or all of a project's. */
export interface Due {
  readonly provider: string;
  /** The organization's key. */
  readonly organization: string;
  /** That the ledger has the repository in, whatever the event says; empty where it is not known. */
  readonly projectId: string;
  /** Empty for all of the project's repositories. */
  readonly repositoryId: string;
}

/** Where the ledger of a provider has the repository, or at least the project. */
export interface Place extends Omit<Due, 'repositoryId'> {
  /** The branch that is read: the configuration's, or the one that was probed last; absent where that is not known. */
  readonly branch?: string;
  /** Whether the ledger has the repository itself. */
  readonly isKnown: boolean;
  /** Whether the configuration is known to leave the repository out. */
  readonly isUnselected: boolean;
}

/**
 * What is to be looked at because of an event. Pure.
 *
 * A push to a branch that is not read, and a repository that the configuration
 * leaves out, concern nobody.
 */
export function dueBecauseOf(
  { repositoryId, branches }: Announcement,
  places: readonly Place[],
): Due[] {
  return places
    .filter(
      ({ branch, isKnown, isUnselected }) =>
        !(isUnselected && !isKnown) &&
        (branches === undefined ||
          branch === undefined ||
          branches.includes(branch)),
    )
    .map(({ provider, organization, projectId }) => ({
      provider,
      organization,
      projectId,
      repositoryId: repositoryId ?? '',
    }));
}
