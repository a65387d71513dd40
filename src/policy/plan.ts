import type { OddElement, Repository } from '../azure/types';
import type { SkippedRepository } from './select';
import type { KnownRepository, Removal, RemovalGrade } from './model';

/** Why a repository is probed in this pass. */
type ProbeReason =
  /** Never probed before. */
  | 'new'
  /** Renamed, moved, on another branch, emptied, or read under other settings. */
  | 'changed'
  /** A hint names it. */
  | 'hinted'
  /** The last probe was unknown, or something of it is about to go. */
  | 'unfinished'
  /** Its turn to be verified. */
  | 'verify';

export interface PlannedProbe {
  readonly repository: Repository;
  readonly reason: ProbeReason;
}

export interface Plan {
  /** What to probe, in this order. */
  readonly probes: readonly PlannedProbe[];
  /** Everything that they give is about to go, on the evidence of the list and the configuration. */
  readonly gone: ReadonlyArray<{
    readonly repositoryId: string;
    readonly removal: Removal;
  }>;
  /** Known repositories that the list lacks: that alone is no evidence. */
  readonly missing: readonly KnownRepository[];
  /** Repositories of which what was to go is taken back: what was evidence against them is so no more. */
  readonly takenBack: readonly string[];
}

export interface PlanInput {
  readonly selected: readonly Repository[];
  readonly skipped: readonly SkippedRepository[];
  /** Elements of the list of which only the id is known, if that: they are neither probed nor missing. */
  readonly odd: readonly OddElement[];
  /** What the ledger knows of the organization's repositories, by id. */
  readonly known: ReadonlyMap<string, KnownRepository>;
  /** The branch that the configuration names, if it does. */
  readonly branch?: string;
  /** Fingerprint of settings and names that a probe of this repository would be made under. */
  readonly signatureOf: (repository: Repository) => string;
  /** Repositories of which something is marked as about to go, with {@link weakestEvidence}. */
  readonly doubtful: ReadonlyMap<string, RemovalGrade>;
  /** Repositories that a hint names. */
  readonly hinted: ReadonlySet<string>;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** When the organization was last passed over; absent before the first pass. */
  readonly lastPassAt?: number;
  readonly verifyEveryMs: number;
}

/**
 * By repository, whether something of it is about to go on other evidence than the
 * service's word, and if so which.
 */
export function weakestEvidence(
  marks: Iterable<{
    readonly repositoryId: string;
    readonly grade: RemovalGrade;
  }>,
): Map<string, RemovalGrade> {
  const weakest = new Map<string, RemovalGrade>();
  for (const { repositoryId, grade } of marks) {
    if (grade !== 'confirmed' || !weakest.has(repositoryId)) {
      weakest.set(repositoryId, grade);
    }
  }
  return weakest;
}

/** What is likely to bring something that is not known yet, and is probed first. */
export const NEWS: readonly ProbeReason[] = ['new', 'changed', 'hinted'];

/**
 * What to look at in this pass, and in what order. Pure.
 *
 * First what the list shows to be new or different, then what hints name. Of the
 * others follow those that are unfinished, and as many of those not verified for
 * longest as make every repository's turn come within `verifyEveryMs`; among
 * these what was looked at the longest ago comes first, so that no pass that
 * ends early, however often, leaves out the same ones again.
 */
export function planPass(input: PlanInput): Plan {
  const byReason = new Map<ProbeReason, Repository[]>();
  const add = (reason: ProbeReason, repository: Repository) => {
    const list = byReason.get(reason) ?? [];
    list.push(repository);
    byReason.set(reason, list);
  };
  const settled: Array<{ repository: Repository; verifiedAt: number }> = [];

  for (const repository of input.selected) {
    const known = input.known.get(repository.id);
    const reason = urgency(input, repository, known);
    if (reason) {
      add(reason, repository);
    } else {
      settled.push({ repository, verifiedAt: known?.verifiedAt ?? 0 });
    }
  }

  const gone: Array<{ repositoryId: string; removal: Removal }> = [];
  for (const { repository, reason, evidence } of input.skipped) {
    const known = input.known.get(repository.id);
    if (!known) {
      continue;
    }
    if (evidence === 'disabled') {
      gone.push({
        repositoryId: repository.id,
        removal: { grade: 'confirmed', reason: 'the repository is disabled' },
      });
    } else if (evidence === 'configuration') {
      gone.push({
        repositoryId: repository.id,
        removal: {
          grade: 'deselected',
          reason: 'the configuration no longer selects the repository',
        },
      });
    } else if (
      reason === 'empty' &&
      (known.branch !== undefined || known.outcome !== 'conclusive')
    ) {
      // The list says that it has no default branch; only a probe proves it.
      add('changed', repository);
    }
  }

  for (const repository of due(input, settled)) {
    add('verify', repository);
  }
  const probesFor = (reason: ProbeReason): PlannedProbe[] =>
    (byReason.get(reason) ?? []).map(repository => ({ repository, reason }));
  const lookedAt = ({ repository }: PlannedProbe) =>
    input.known.get(repository.id)?.ticket ?? 0;

  const listed = new Set([
    ...input.selected.map(repository => repository.id),
    ...input.skipped.map(({ repository }) => repository.id),
    ...input.odd.flatMap(({ id }) => id ?? []),
  ]);
  const isGone = new Set(gone.map(({ repositoryId }) => repositoryId));
  const missing = [...input.known.values()].filter(({ id }) => !listed.has(id));

  return {
    probes: [
      ...NEWS.flatMap(probesFor),
      ...[...probesFor('unfinished'), ...probesFor('verify')].sort(
        (a, b) => lookedAt(a) - lookedAt(b),
      ),
    ],
    gone,
    missing,
    takenBack: [...input.known.values()]
      .filter(known =>
        listed.has(known.id)
          ? isBack(input, known, isGone)
          : // Whether the configuration would still leave it out is not known.
            input.doubtful.get(known.id) === 'deselected',
      )
      .map(({ id }) => id),
  };
}

/** Whether the list has a repository that an earlier one lacked, or that is there again after it was gone. */
function isBack(
  { doubtful }: PlanInput,
  { id, missed, outcome }: KnownRepository,
  isGone: ReadonlySet<string>,
): boolean {
  const grade = doubtful.get(id);
  return (
    missed > 0 ||
    (!isGone.has(id) &&
      (grade === 'inferred' ||
        grade === 'deselected' ||
        (grade === 'confirmed' && outcome === 'gone')))
  );
}

function urgency(
  input: PlanInput,
  repository: Repository,
  known: KnownRepository | undefined,
): ProbeReason | undefined {
  if (!known) {
    return 'new';
  }
  if (
    known.outcome === 'conclusive' &&
    (known.signature !== input.signatureOf(repository) ||
      known.branch !== (input.branch ?? repository.defaultBranch))
  ) {
    return 'changed';
  }
  if (known.outcome !== 'conclusive' || input.doubtful.has(repository.id)) {
    return 'unfinished';
  }
  return input.hinted.has(repository.id) ? 'hinted' : undefined;
}

/** Which of the settled are verified: those overdue, and a share of the rest that matches the time since the last pass. */
function due(
  input: PlanInput,
  settled: ReadonlyArray<{ repository: Repository; verifiedAt: number }>,
): Repository[] {
  const { now, lastPassAt, verifyEveryMs } = input;
  // A time to come was noted under another clock, of another replica or before
  // this one was set right: as long as it is off by, so long ago it may have been.
  const ago = (time: number) => Math.abs(now - time);
  const oldestFirst = [...settled].sort(
    (a, b) => ago(b.verifiedAt) - ago(a.verifiedAt),
  );
  // A first pass that was aborted left no time, but what it verified has one.
  const since = lastPassAt ?? oldestFirst[0]?.verifiedAt ?? now;
  const share = Math.min(1, ago(since) / verifyEveryMs);
  // Short of rounding errors: 70 repositories in 7 passes are 10 a pass, not 11.
  const budget = Math.ceil(settled.length * share - 1e-6);
  const overdue = oldestFirst.filter(
    ({ verifiedAt }) => ago(verifiedAt) >= verifyEveryMs,
  ).length;
  return oldestFirst
    .slice(0, Math.max(budget, overdue))
    .map(({ repository }) => repository);
}
