import { counted } from '../counted';
import type { Repository } from '../azure/types';
import type { DescriptorPath } from '../config/patterns';
import type { ProviderSettings } from '../config/settings';
import { nearest } from '../nearest';
import { SKIP_REASONS, type Selection, type SkipReason } from './select';
import { percentDecoded } from '../percent-encoding';

/** How Azure DevOps treats what an identity may not read. */
export const LEFT_OUT = 'what may not be read is left out without a word';

/** What may be wrong where an organization's list is empty, and what to do. */
export const EMPTY_LIST = {
  cause: `none visible: ${LEFT_OUT}`,
  cure: 'Add the identity to the group Readers of the projects, with the access level Basic',
} as const;

/** How many of the selected repositories have a file that the configuration does not ask for. */
export interface NearMiss {
  readonly path: string;
  /** Absent for the default branch of each repository. */
  readonly branch?: string;
  readonly found: number;
  readonly lookedAt: number;
}

/** What a provider found in all of its organizations. */
export interface Findings {
  readonly settings: Pick<
    ProviderSettings,
    'id' | 'project' | 'repository' | 'branch' | 'paths' | 'skipForkedRepos'
  >;
  readonly lists: ReadonlyArray<
    Selection & {
      /** `host/name`. */
      readonly organization: string;
      readonly repositories: readonly Repository[];
    }
  >;
  /** Descriptors that are known of the provider. */
  readonly descriptors: number;
  readonly nearMisses?: readonly NearMiss[];
}

/** A key that chooses by name. */
export type NameKey =
  'project' | 'exclude.project' | 'repository' | 'exclude.repository';

/** What is to blame for that nothing was found. */
type Cause = NameKey | 'skipForkedRepos' | 'state' | 'branch' | 'path';

/** The whole key of a provider's setting. */
export function fullKey(id: string, key: Cause): string {
  return `catalog.providers.azureDevOps.${id}.${key}`;
}

/** A key of a provider with what it is set to, as every message about it begins. */
export function keyOf(
  id: string,
  key: Cause,
  values: readonly string[] = [],
): string {
  return (
    `\`${fullKey(id, key)}\`` +
    (values.length > 0 ? ` (${quoted(values)})` : '')
  );
}

/** The name that somebody who wrote one of these patterns most likely meant. */
export function nearMiss(
  patterns: readonly string[],
  names: readonly string[],
): string | undefined {
  // Names with a percent sign are usually taken from a URL.
  return patterns
    .map(pattern => nearest(percentDecoded(pattern), names))
    .find(name => name !== undefined);
}

/** How many names a sentence lists. */
const MOST_NAMES = 5;

/**
 * The key of the configuration, or the state of the repositories, because of
 * which a provider found nothing; `undefined` where it found something, or the
 * lists are empty.
 */
export function findCause({
  settings,
  lists,
  descriptors,
}: Pick<Findings, 'settings' | 'lists' | 'descriptors'>): Cause | undefined {
  const listed = lists.flatMap(({ repositories }) => repositories);
  if (listed.length === 0) {
    return undefined;
  }
  const { project, repository, branch } = settings;
  const selected = lists.flatMap(list => list.selected);
  if (selected.length === 0) {
    const ofProjects = listed.filter(it => project.matches(it.project.name));
    if (ofProjects.length === 0) {
      return listed.some(it => project.includes(it.project.name))
        ? 'exclude.project'
        : 'project';
    }
    const named = ofProjects.filter(it => repository.matches(it.name));
    if (named.length === 0) {
      return ofProjects.some(it => repository.includes(it.name))
        ? 'exclude.repository'
        : 'repository';
    }
    return settings.skipForkedRepos && named.every(({ isFork }) => isFork)
      ? 'skipForkedRepos'
      : 'state';
  }
  if (descriptors > 0) {
    return undefined;
  }
  return branch !== undefined &&
    selected.every(({ defaultBranch }) => defaultBranch !== branch)
    ? 'branch'
    : 'path';
}

/** Why a provider found nothing, and what to do: a message for each cause; none where it found something. */
export function explainNothingFound(findings: Findings): string[] {
  const { lists } = findings;
  const empty = lists
    .filter(({ repositories }) => repositories.length === 0)
    .map(
      ({ organization }) =>
        `${organization}: repositories: ${EMPTY_LIST.cause}. What to do: ${EMPTY_LIST.cure}`,
    );
  const cause = findCause(findings);
  return cause ? [...empty, explain(cause, findings)] : empty;
}

function explain(cause: Cause, findings: Findings): string {
  const { settings, lists } = findings;
  const key = (values?: readonly string[]) => keyOf(settings.id, cause, values);
  const listed = lists.flatMap(({ repositories }) => repositories);
  const selected = lists.flatMap(list => list.selected);
  switch (cause) {
    case 'project':
      return `${key(settings.project.include)} selects no ${namesInList(
        'project',
        namesOf(listed, it => it.project.name),
        settings.project.include,
      )}`;
    case 'repository':
      return `${key(settings.repository.include)} selects no ${namesInList(
        'repository',
        namesOf(
          listed.filter(it => settings.project.matches(it.project.name)),
          it => it.name,
        ),
        settings.repository.include,
      )}`;
    case 'exclude.project':
      return `${key(settings.project.exclude)} leaves out every project that is selected. What to do: Narrow it`;
    case 'exclude.repository':
      return `${key(settings.repository.exclude)} leaves out every repository that is selected. What to do: Narrow it`;
    case 'skipForkedRepos':
      return `${key()} leaves out every repository: all that are selected are forks. What to do: Set it to false`;
    case 'state':
      return `catalog.providers.azureDevOps.${settings.id}: every repository that is selected is disabled or empty, or its project is being created or deleted (${statesOf(lists)}). What to do: Look at them in the browser, or select others`;
    case 'branch':
      return explainBranch(settings.branch ?? '', selected, findings);
    case 'path':
      return `${key(settings.paths.map(pathOf))} finds no file in any of ${count(selected.length)}. ${advice(findings, 'What to do: Compare it with where the files are: paths begin at the root of a repository, `*` stays within a folder, and case matters')}`;
  }
}

function explainBranch(
  branch: string,
  selected: readonly Repository[],
  findings: Findings,
): string {
  const branches = namesOf(selected, it => it.defaultBranch);
  const likely = nearest(branch, branches);
  return (
    `${keyOf(findings.settings.id, 'branch', [branch])} is the default branch of none of ${count(selected.length)}, and no descriptor was found there. ` +
    `Default branches are ${shortened(branches)}${likely ? `; did you mean "${likely}"?` : '.'} ` +
    advice(
      findings,
      `What to do: Correct the branch, or leave \`branch\` out to read the default branch of each`,
    )
  );
}

/** What was seen elsewhere, or else what to do without that. */
function advice(
  { nearMisses = [], settings }: Findings,
  otherwise: string,
): string {
  const best = [...nearMisses].sort((a, b) => b.found - a.found)[0];
  if (!best || best.found === 0) {
    return otherwise;
  }
  const { path, branch, found, lookedAt } = best;
  const where =
    branch === undefined && settings.branch !== undefined
      ? ' at their default branch'
      : '';
  return `${found} of ${counted(lookedAt, 'repository')} that were looked at have ${path}${where}: did you mean that?`;
}

/** Names that a list has, one of which may be meant, as the end of a sentence. */
function namesInList(
  what: 'project' | 'repository',
  names: readonly string[],
  patterns: readonly string[],
): string {
  const likely = nearMiss(patterns, names);
  return (
    `${what} in the list, which has ${names.length}: ${shortened(names)}` +
    (likely
      ? `; did you mean "${likely}"?`
      : '. What to do: Compare it with the names in the browser, and see that the identity may read what is missing')
  );
}

function namesOf(
  repositories: readonly Repository[],
  nameOf: (repository: Repository) => string | undefined,
): string[] {
  const times = new Map<string, number>();
  for (const repository of repositories) {
    const name = nameOf(repository);
    if (name !== undefined) times.set(name, (times.get(name) ?? 0) + 1);
  }
  // The most frequent first.
  return [...times].sort(([, a], [, b]) => b - a).map(([name]) => name);
}

function shortened(names: readonly string[]): string {
  return (
    names
      .slice(0, MOST_NAMES)
      .map(name => `"${name}"`)
      .join(', ') + (names.length > MOST_NAMES ? ', …' : '')
  );
}

function quoted(texts: readonly string[]): string {
  return texts.map(text => `"${text}"`).join(', ');
}

/** A key `path` as it was written. */
export function pathOf(path: DescriptorPath): string {
  return path.kind === 'literal' ? path.path : path.pattern;
}

function count(repositories: number): string {
  return repositories === 1
    ? 'the 1 repository that is selected'
    : `the ${repositories} repositories that are selected`;
}

/** Why what the names select is skipped. */
const STATES: readonly SkipReason[] = [
  'disabled',
  'empty',
  'fork',
  'project-not-well-formed',
];

/** How many are in which state, of those that the names of the configuration select. */
function statesOf(lists: Findings['lists']): string {
  const skipped = lists.flatMap(list => list.skipped);
  return STATES.flatMap(reason => {
    const { length } = skipped.filter(it => it.reason === reason);
    return length > 0 ? [`${SKIP_REASONS[reason]}: ${length}`] : [];
  }).join(', ');
}
