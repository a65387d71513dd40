import type { LoggerService } from '@backstage/backend-plugin-api';
import { AzureDevOpsRequestError } from '../azure/errors';
import type {
  AzureDevOpsClient,
  IndexedFile,
  Repository,
} from '../azure/types';
import type { ProviderSettings } from '../config/settings';
import { counted } from '../counted';
import type { DescriptorPath } from '../config/patterns';
import type { Ledger, StoredObjectId } from '../ledger/ledger';
import type { Organization } from '../organization';
import type {
  KnownDescriptor,
  KnownRepository,
  PathObservation,
} from '../policy/model';
import {
  type SearchedFiles,
  type SearchedProject,
  searchFiles,
  searchTexts,
} from './code-search';
import type { OrganizationReport } from './report';
import { messageOf } from '../thrown';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** After this time Code Search is tried again where it fails until somebody changes something: it is not installed, or denied. */
const PAUSE_WHEN_MISSING_MS = 6 * HOUR_MS;
/** After this time an index that was being built is asked again. */
const PAUSE_WHILE_INDEXING_MS = HOUR_MS;
/** After this time Code Search is tried again after a failure that may pass. */
const PAUSE_AFTER_FAILURE_MS = 15 * MINUTE_MS;

/** When none of so many files ever had the object id that the ledger has, the index means something else by it. */
const ENOUGH_TO_COMPARE = 20;

/** Why Code Search is not asked at present. */
interface HintsOff {
  readonly reason: string;
  /** Milliseconds since 1970; absent when the settings are the reason. */
  readonly until?: number;
}

/** The object id of a file in the search index that differs from the ledger's, and since when the index has shown it. */
export interface Difference {
  readonly objectId: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

interface OrganizationMemory {
  readonly off?: HintsOff;
  readonly differences: ReadonlyMap<string, Difference>;
  /** Whether the index ever had the same object id for a file as the ledger. */
  readonly isComparable: boolean;
}

const NOTHING: OrganizationMemory = {
  differences: new Map(),
  isComparable: false,
};

/** What one provider keeps in memory from one refresh to the next, by the organization's key. */
export type HintMemory = Map<string, OrganizationMemory>;

interface HintInput {
  readonly organization: Organization;
  readonly client: AzureDevOpsClient;
  readonly settings: Pick<ProviderSettings, 'branch' | 'hints' | 'paths'>;
  readonly ledger: Ledger;
  readonly hintMemory: HintMemory;
  readonly logger: LoggerService;
  readonly report: OrganizationReport;
  /** When the organization was last passed over; before the first pass nothing is asked. */
  readonly lastPassAt: number | undefined;
  /** The organization's list, and what is selected of it. */
  readonly repositories: readonly Repository[];
  readonly selected: readonly Repository[];
  readonly known: ReadonlyMap<string, KnownRepository>;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly signal?: AbortSignal;
}

/**
 * Asks Code Search which repositories have other descriptors than the ledger.
 * What goes wrong is in the report, and costs only freshness.
 *
 * @returns ids of repositories
 * @throws on an abort, or when the ledger cannot be read
 */
export async function askForHints(
  input: HintInput,
): Promise<ReadonlySet<string>> {
  const { hintMemory, now, organization, report, settings } = input;
  if (input.lastPassAt === undefined || !settings.hints.codeSearch) {
    return new Set();
  }
  const memory = hintMemory.get(organization.key) ?? NOTHING;
  const off = describeUnusable(settings) ?? stillOff(memory.off, now);
  if (off) {
    return switchOff(input, off);
  }
  const repositories = settledRepositories(input);
  const ledger = await input.ledger.objectIds(organization.key);
  let searched: SearchedFiles;
  try {
    searched = await search(input, projectsOf(repositories, ledger));
  } catch (error) {
    input.signal?.throwIfAborted();
    return switchOff(input, {
      reason: messageOf(error),
      until: now + pauseAfter(error),
    });
  }
  if (searched.indexing && searched.files.length === 0) {
    return switchOff(input, {
      reason: 'the search index of the organization is still being built',
      until: now + PAUSE_WHILE_INDEXING_MS,
    });
  }
  const comparison = compareWithLedger({
    files: searched.files,
    ledger,
    repositories,
    paths: settings.paths,
    differences: memory.differences,
    now,
  });
  const isComparable = memory.isComparable || comparison.same > 0;
  if (!isComparable && comparison.compared >= ENOUGH_TO_COMPARE) {
    return switchOff(input, {
      reason: `none of ${counted(comparison.compared, 'descriptor')} has the same object id in the search index as in Git`,
      until: now + PAUSE_WHEN_MISSING_MS,
    });
  }
  const { changed, differences } = comparison;
  hintMemory.set(organization.key, { differences, isComparable });
  report.hints = {
    state: 'asked',
    requests: searched.requests,
    named: changed.size,
    missed: 0,
  };
  return changed;
}

/** Counts a change that verification found and that Code Search, which was asked, had not named. */
export function countMissedChange(
  report: OrganizationReport,
  known: readonly KnownDescriptor[],
  observations: readonly PathObservation[],
): void {
  if (report.hints?.state === 'asked' && hasChanged(known, observations)) {
    report.hints.missed += 1;
  }
}

/** A selected repository that a hint can be about. What is new or unfinished is probed anyway. */
interface SettledRepository {
  readonly repository: Repository;
  /** Milliseconds since 1970. */
  readonly verifiedAt: number;
}

/**
 * Pure. The repositories with a descriptor whose object id in the search index
 * differs from the ledger's.
 *
 * An index is minutes to hours behind, and shows the former object id until
 * then. So a difference counts only until its repository has been verified after
 * the index first showed it.
 */
export function compareWithLedger(input: {
  readonly files: readonly IndexedFile[];
  readonly ledger: readonly StoredObjectId[];
  /** By id in lower case. */
  readonly repositories: ReadonlyMap<string, SettledRepository>;
  readonly paths: readonly DescriptorPath[];
  /** Those of the last comparison. */
  readonly differences: ReadonlyMap<string, Difference>;
  /** Milliseconds since 1970. */
  readonly now: number;
}): {
  changed: Set<string>;
  differences: Map<string, Difference>;
  /** How many files both the index and the ledger have, and how many of them are the same. */
  compared: number;
  same: number;
} {
  const known = new Map(
    input.ledger.map(it => [keyOf(it.repositoryId, it.path), it.objectId]),
  );
  const changed = new Set<string>();
  const differences = new Map<string, Difference>();
  let compared = 0;
  let same = 0;
  for (const file of input.files) {
    const settled = input.repositories.get(file.repositoryId.toLowerCase());
    if (!settled || !isDescriptor(file, settled.repository, input.paths)) {
      continue;
    }
    const { id } = settled.repository;
    const key = keyOf(id, file.path);
    const objectId = known.get(key);
    compared += objectId === undefined ? 0 : 1;
    if (objectId === file.objectId) {
      same += 1;
      continue;
    }
    const former = input.differences.get(key);
    const difference =
      former?.objectId === file.objectId
        ? former
        : { objectId: file.objectId, since: input.now };
    differences.set(key, difference);
    if (settled.verifiedAt < difference.since) {
      changed.add(id);
    }
  }
  return { changed, differences, compared, same };
}

/** Whether a probe would find the file as well, on the branch that it looks at. */
function isDescriptor(
  { branches, path }: IndexedFile,
  { defaultBranch }: Repository,
  paths: readonly DescriptorPath[],
): boolean {
  return (
    paths.some(it => it.matches(path)) &&
    (branches.length === 0 ||
      (defaultBranch !== undefined && branches.includes(defaultBranch)))
  );
}

function keyOf(repositoryId: string, path: string): string {
  return `${repositoryId}\n${path}`;
}

/** Pure. Whether somebody changed a file since it was last read; not whether it is only read under other settings. */
function hasChanged(
  known: readonly KnownDescriptor[],
  observations: readonly PathObservation[],
): boolean {
  const former = new Map(known.map(it => [it.path, it.objectId]));
  return observations.some(
    observation =>
      (observation.outcome === 'present' &&
        observation.objectId !== former.get(observation.path)) ||
      (observation.outcome === 'absent' && former.has(observation.path)),
  );
}

/** Why Code Search is of no use under these settings; `undefined` when it is. */
function describeUnusable({
  branch,
  paths,
}: HintInput['settings']): HintsOff | undefined {
  if (branch !== undefined) {
    return {
      reason: `the configuration names the branch '${branch}', and the index is only sure to know default branches`,
    };
  }
  return paths.every(path => searchTexts(path).length === 0)
    ? { reason: 'the configured paths cannot be put as a search' }
    : undefined;
}

function stillOff(
  off: HintsOff | undefined,
  now: number,
): HintsOff | undefined {
  return off?.until !== undefined && now < off.until ? off : undefined;
}

async function search(
  { client, repositories, settings, signal }: HintInput,
  projects: readonly SearchedProject[],
): Promise<SearchedFiles> {
  const listed = new Set(repositories.map(({ project }) => project.id));
  return await searchFiles(client, {
    texts: [...new Set(settings.paths.flatMap(searchTexts))],
    projects,
    everyProject: projects.length === listed.size,
    signal,
  });
}

function pauseAfter(error: unknown): number {
  const mayPass =
    !(error instanceof AzureDevOpsRequestError) ||
    error.fault.retryable ||
    error.fault.duringThrottling;
  return mayPass ? PAUSE_AFTER_FAILURE_MS : PAUSE_WHEN_MISSING_MS;
}

/** By id in lower case, as the index may spell it otherwise. */
function settledRepositories({
  known,
  selected,
}: HintInput): Map<string, SettledRepository> {
  const settled = new Map<string, SettledRepository>();
  for (const repository of selected) {
    const { outcome, verifiedAt } = known.get(repository.id) ?? {};
    if (outcome === 'conclusive' && verifiedAt !== undefined) {
      settled.set(repository.id.toLowerCase(), { repository, verifiedAt });
    }
  }
  return settled;
}

/** The projects of the repositories, each with the number of its descriptors. */
function projectsOf(
  settled: ReadonlyMap<string, SettledRepository>,
  ledger: readonly StoredObjectId[],
): SearchedProject[] {
  const descriptors = new Map<string, number>();
  for (const { repositoryId } of ledger) {
    descriptors.set(repositoryId, (descriptors.get(repositoryId) ?? 0) + 1);
  }
  const projects = new Map<string, { name: string; descriptors: number }>();
  for (const { repository } of settled.values()) {
    const { id, name } = repository.project;
    const project = projects.get(id) ?? { name, descriptors: 0 };
    project.descriptors += descriptors.get(repository.id) ?? 0;
    projects.set(id, project);
  }
  return [...projects.values()];
}

/** Reports why nothing is asked, and logs it when it begins. */
function switchOff(input: HintInput, off: HintsOff): ReadonlySet<string> {
  const { hintMemory, logger, organization, report } = input;
  const former = hintMemory.get(organization.key) ?? NOTHING;
  hintMemory.set(organization.key, { ...former, off });
  report.hints = { state: 'off', ...off };
  if (!former.off) {
    const until =
      off.until === undefined
        ? ''
        : ` until ${new Date(off.until).toISOString()}`;
    logger.info(
      `${report.organization}: Code Search gives no hints${until}: ${off.reason.replace(/\.$/, '')}. Nothing is lost: every repository is verified within verifyEvery all the same`,
    );
  }
  return new Set();
}
