import { createHash } from 'node:crypto';
import { counted } from '../counted';
import type { RemovalSettings } from '../config/settings';
import { DOCUMENTATION } from '../documentation';
import type { RemovalGrade } from './model';

/** One entity of an organization that would leave the catalog. */
export interface ProposedRemoval {
  readonly entityRef: string;
  readonly grade: RemovalGrade;
  /** The evidence, in words. */
  readonly reason: string;
}

/** What may be removed, by the configuration and by the approval of an operator. */
export interface GuardLimits extends Omit<RemovalSettings, 'confirmations'> {
  /** Codes of sets that an operator has approved since they were held back; each counts once. */
  readonly approved?: ReadonlySet<string>;
  /** Removals that were let through one by one, and count with these: they would pass however many there are. Default: 0. */
  readonly releasedBefore?: number;
  /** Codes of sets that were removed on an approval before. */
  readonly used?: ReadonlySet<string>;
}

/** Nothing goes unless an operator approved that very set. */
export const NOTHING_UNAPPROVED = { maxPercentage: 0, minimum: 0 } as const;

/** Removals of one grade that the guard held back, and why. */
export interface HeldBack {
  readonly grade: RemovalGrade;
  readonly count: number;
  /** Of how many entities. */
  readonly total: number;
  readonly percentage: number;
  readonly limit: number;
  /** Names this very set, to whoever approves it. */
  readonly code: string;
  /** Which entities, in alphabetical order. */
  readonly entityRefs: readonly string[];
  /** How many of them for which reason, the most frequent first. */
  readonly reasons: ReadonlyArray<{ reason: string; count: number }>;
}

interface GuardVerdict {
  readonly released: readonly ProposedRemoval[];
  readonly heldBack: readonly HeldBack[];
  /** Codes of sets that are removed on an approval now, which does not count again. */
  readonly used: readonly string[];
}

/**
 * What stands between a decision to remove and the removal. Pure: it sees
 * removals only, so it can never hold back an addition or a change.
 *
 * @param total - how many entities the organization has in the catalog
 * @param decided - of how many of them it is known whether the present configuration leaves them in the catalog
 */
export function guard(
  proposed: readonly ProposedRemoval[],
  total: number,
  limits: GuardLimits,
  decided = total,
): GuardVerdict {
  const released: ProposedRemoval[] = [];
  const heldBack: HeldBack[] = [];
  const used: string[] = [];
  for (const grade of GRADES) {
    const removals = proposed.filter(removal => removal.grade === grade);
    if (removals.length === 0) {
      continue;
    }
    const limit =
      grade === 'confirmed'
        ? limits.maxConfirmedPercentage
        : limits.maxPercentage;
    const before = limits.releasedBefore ?? 0;
    const count = removals.length + before;
    // Of what was not looked at the configuration may take as much.
    const of = (grade === 'deselected' ? decided : total) + before;
    // Multiplied first: 7 / 100 * 100 is more than 7.
    const percentage = of > 0 ? Math.min(100, (count * 100) / of) : 100;
    const code = codeOf(removals, limits.used);
    const withinLimits =
      percentage <= limit ||
      (count <= limits.minimum &&
        minimumCounts(grade, proposed.length < total));
    if (withinLimits) {
      released.push(...removals);
    } else if (limits.allow === code || limits.approved?.has(code)) {
      released.push(...removals);
      used.push(code);
    } else {
      heldBack.push({
        grade,
        count: removals.length,
        total,
        percentage,
        limit,
        code,
        entityRefs: removals.map(({ entityRef }) => entityRef).sort(),
        reasons: countReasons(removals),
      });
    }
  }
  return { released, heldBack, used };
}

const GRADES: readonly RemovalGrade[] = ['confirmed', 'inferred', 'deselected'];

function minimumCounts(grade: RemovalGrade, sparesSome: boolean): boolean {
  switch (grade) {
    case 'confirmed':
      return true;
    case 'inferred':
      // An organization that cannot be seen any more looks as if all of it were gone.
      return sparesSome;
    case 'deselected':
      // A mistake in the configuration costs a small organization as much of its own as a large one.
      return false;
  }
}

/**
 * A short name for one set of removals: it changes when the set does, or its grade,
 * and after it has been used, so that the same set needs another consent when it is
 * to go another time.
 */
export function codeOf(
  removals: readonly ProposedRemoval[],
  used: ReadonlySet<string> = new Set(),
): string {
  const set = removals.map(it => `${it.grade} ${it.entityRef}`).sort();
  for (let occasion = 1; ; occasion++) {
    const hash = createHash('sha256').update(`${occasion}\n`);
    set.forEach(line => hash.update(`${line}\n`));
    const code = hash.digest('hex').slice(0, 12);
    if (!used.has(code)) {
      return code;
    }
  }
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

/** The share that a set is, so that it shows why the set is held back: not "20 %" where 20 % may go. */
export function describeShare({
  count,
  total,
  percentage,
  limit,
}: Pick<HeldBack, 'count' | 'total' | 'percentage' | 'limit'>): string {
  const rounded = Number(percentage.toFixed(1));
  const share = rounded > limit ? `${rounded} %` : `more than ${limit} %`;
  // The configuration may take a share of what was looked at under it, and what left because of events counts with the rest.
  return percentage === Math.min(100, (count * 100) / total)
    ? share
    : `${share} of those that count`;
}

/** The two ways of an operator to approve a set. */
export function howToApprove(providerId: string, code: string): string {
  return (
    `approve '${providerId}:${code}' (${DOCUMENTATION}/api.md#approve-a-removal), ` +
    `or set catalog.providers.azureDevOps.${providerId}.removals.allow to '${code}'`
  );
}

/** What the evidence of each grade is called in messages. */
const WORD_FOR: Readonly<Record<RemovalGrade, string>> = {
  confirmed: 'confirmed',
  inferred: 'inferred',
  deselected: 'by the configuration',
};

/** The operator's warning of removals that were held back, with the way to allow them. */
export function describeHeldBack(
  organization: string,
  providerId: string,
  held: HeldBack,
): string {
  const { grade, count, total, limit, code, reasons } = held;
  const option =
    grade === 'confirmed' ? 'maxConfirmedPercentage' : 'maxPercentage';
  const why = reasons
    .slice(0, 3)
    .map(({ reason, count: n }) => `${n} because ${reason}`)
    .join('; ');
  return (
    `${organization}: held back the removal of ${count} of ${counted(total, 'entity')} ` +
    `(${describeShare(held)}, ${WORD_FOR[grade]}${limit > 0 ? `; removals.${option} is ${limit} %` : ''}): ${why}. ` +
    `They stay in the catalog. If they are to go, ${howToApprove(providerId, code)}, which allows this very set, once; ` +
    (grade === 'deselected'
      ? 'if they are not, correct the configuration: the next refresh takes this back'
      : 'if they are not, nothing needs to be done: the next refresh that sees them again takes this back')
  );
}
