import type { Repository, RepositoryList } from '../azure/types';
import type { ProviderSettings } from '../config/settings';

/** Why a repository is not probed. */
export type SkipReason =
  | 'project-filter'
  | 'repository-filter'
  | 'fork'
  | 'disabled'
  | 'project-not-well-formed'
  | 'empty';

/** The same for people. */
export const SKIP_REASONS: Readonly<Record<SkipReason, string>> = {
  'project-filter': 'left out by the key project or exclude.project',
  'repository-filter': 'left out by the key repository or exclude.repository',
  fork: 'left out as a fork, by the key skipForkedRepos',
  disabled: 'disabled',
  'project-not-well-formed': 'in a project that is being created or deleted',
  empty: 'empty',
};

/**
 * What a skip means for the entities that the repository gave before.
 *
 * - `configuration`: it is no longer asked for. Inferred evidence.
 * - `disabled`: the service lets no one use it. Confirmed evidence.
 * - `state`: nothing can be read from it now, which is no evidence: a project on
 *   its way into or out of existence, or a repository that the list shows
 *   without a default branch. Only a probe can show that a file is gone.
 */
type SkipEvidence = 'configuration' | 'disabled' | 'state';

/** A repository that is not probed, and why. */
export interface SkippedRepository {
  readonly repository: Repository;
  readonly reason: SkipReason;
  readonly evidence: SkipEvidence;
}

/** Every repository of a list, in its order, either selected or skipped. */
export interface Selection {
  readonly selected: readonly Repository[];
  readonly skipped: readonly SkippedRepository[];
}

/** An organization's list of repositories, and what is selected of it. */
export interface OrganizationList extends Selection, RepositoryList {}

/** As much of a provider's settings as the selection depends on. */
export type SelectionSettings = Pick<
  ProviderSettings,
  'project' | 'repository' | 'branch' | 'skipForkedRepos'
>;

/** What each reason is evidence of. */
const EVIDENCE_OF: Readonly<Record<SkipReason, SkipEvidence>> = {
  'project-filter': 'configuration',
  'repository-filter': 'configuration',
  fork: 'configuration',
  disabled: 'disabled',
  'project-not-well-formed': 'state',
  empty: 'state',
};

/** Chooses, from an organization's list, the repositories to look for descriptors in. Each is judged on its own. */
export function selectRepositories(options: {
  readonly settings: SelectionSettings;
  readonly repositories: readonly Repository[];
}): Selection {
  const selected: Repository[] = [];
  const skipped: SkippedRepository[] = [];
  for (const repository of options.repositories) {
    const reason = reasonToSkip(repository, options.settings);
    if (reason === undefined) {
      selected.push(repository);
    } else {
      skipped.push({ repository, reason, evidence: EVIDENCE_OF[reason] });
    }
  }
  return { selected, skipped };
}

/**
 * The configuration is asked first, so that what is no longer asked for is
 * removed on inferred evidence at most, whatever its state.
 */
function reasonToSkip(
  repository: Repository,
  settings: SelectionSettings,
): SkipReason | undefined {
  if (!settings.project.matches(repository.project.name)) {
    return 'project-filter';
  }
  if (!settings.repository.matches(repository.name)) return 'repository-filter';
  if (settings.skipForkedRepos && repository.isFork) return 'fork';
  if (repository.isDisabled) return 'disabled';
  if (repository.project.state !== 'wellFormed') {
    return 'project-not-well-formed';
  }
  if (repository.defaultBranch === undefined && settings.branch === undefined) {
    return 'empty';
  }
  return undefined;
}

/** The ids of those that the configuration leaves out, whatever their state. */
export function unselectedAmong(
  skipped: readonly SkippedRepository[],
): string[] {
  return skipped.flatMap(({ evidence, repository }) =>
    evidence === 'configuration' ? [repository.id] : [],
  );
}
