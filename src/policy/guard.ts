import { createHash } from 'node:crypto';
import type { RemovalGrade } from './model';

/** One entity of an organization that would leave the catalog. */
export interface ProposedRemoval {
  readonly entityRef: string;
  readonly grade: RemovalGrade;
  /** The evidence, in words. */
  readonly reason: string;
}

/** `catalog.providers.azureDevOps.<id>.removals`. */
export interface GuardLimits {
  /** Inferred removals beyond this share of the organization's entities are held back, in percent. */
  readonly maxPercentage: number;
  /** Confirmed removals beyond this share are held back, in percent. */
  readonly maxConfirmedPercentage: number;
  /** Up to this many removals are not held back; on inferred evidence only while something of the organization is left. */
  readonly minimum: number;
  /** The fingerprint of one set of removals that the operator allows. */
  readonly allow?: string;
}

/** Removals of one grade that the guard held back, and why. */
export interface HeldBack {
  readonly grade: RemovalGrade;
  readonly count: number;
  /** Of how many entities. */
  readonly total: number;
  readonly percentage: number;
  readonly limit: number;
  /** What to configure as `removals.allow` to let this very set go. */
  readonly fingerprint: string;
  /** How many of them for which reason, the most frequent first. */
  readonly reasons: ReadonlyArray<{ reason: string; count: number }>;
}

export interface GuardVerdict {
  readonly released: readonly ProposedRemoval[];
  readonly heldBack: readonly HeldBack[];
}

/**
 * What stands between a decision to remove and the removal. Pure: it sees
 * removals only, so it can never hold back an addition or a change.
 *
 * @param total - how many entities the organization has in the catalog
 */
export function guard(
  proposed: readonly ProposedRemoval[],
  total: number,
  limits: GuardLimits,
): GuardVerdict {
  const released: ProposedRemoval[] = [];
  const heldBack: HeldBack[] = [];
  for (const grade of ['confirmed', 'inferred'] as const) {
    const removals = proposed.filter(removal => removal.grade === grade);
    if (removals.length === 0) {
      continue;
    }
    const limit =
      grade === 'confirmed'
        ? limits.maxConfirmedPercentage
        : limits.maxPercentage;
    const percentage = total > 0 ? (removals.length / total) * 100 : 100;
    const fingerprint = fingerprintOf(removals);
    // An organization that cannot be seen any more looks as if all of it were gone.
    const sparesSome = grade === 'confirmed' || proposed.length < total;
    const withinLimits =
      percentage <= limit || (removals.length <= limits.minimum && sparesSome);
    if (withinLimits || limits.allow === fingerprint) {
      released.push(...removals);
    } else {
      heldBack.push({
        grade,
        count: removals.length,
        total,
        percentage,
        limit,
        fingerprint,
        reasons: countReasons(removals),
      });
    }
  }
  return { released, heldBack };
}

/** A short name for one set of removals: it changes when the set does. */
export function fingerprintOf(removals: readonly ProposedRemoval[]): string {
  const hash = createHash('sha256');
  for (const ref of removals.map(removal => removal.entityRef).sort()) {
    hash.update(ref).update('\n');
  }
  return hash.digest('hex').slice(0, 12);
}

function countReasons(
  removals: readonly ProposedRemoval[],
): Array<{ reason: string; count: number }> {
  const counts = new Map<string, number>();
  for (const { reason } of removals) {
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts]
    .map(([reason, count]) => ({ reason, count }))
    .sort((a, b) => b.count - a.count);
}
