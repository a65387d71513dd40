import type { RemovalGrade } from './model';

/** One claim to an entity reference, as far as it matters for who owns it. */
export interface Claimant {
  /** The organization's key. */
  readonly organization: string;
  readonly repositoryId: string;
  readonly path: string;
  /** The descriptor's canonical URL: the stable order among newcomers. */
  readonly target: string;
  readonly removal?: RemovalGrade;
}

/** The claim that owned the reference so far. */
type Incumbent = Pick<Claimant, 'organization' | 'repositoryId' | 'path'>;

/**
 * Which of several descriptors gives an entity reference. Pure.
 *
 * The incumbent keeps it, also while its going is only inferred; when it is
 * confirmed gone, the loss of one and the gain of another are one change. Among
 * newcomers the canonical URL decides. A claim that is about to go keeps the
 * reference for as long as nothing else gives it.
 *
 * @returns the owning claim, or `undefined` when nothing gives the reference.
 */
export function chooseOwner<C extends Claimant>(
  claims: readonly C[],
  incumbent: Incumbent | undefined,
): C | undefined {
  const current = incumbent
    ? claims.find(
        claim =>
          claim.organization === incumbent.organization &&
          claim.repositoryId === incumbent.repositoryId &&
          claim.path === incumbent.path,
      )
    : undefined;
  if (current && current.removal !== 'confirmed') {
    return current;
  }
  const live = claims.filter(claim => claim.removal === undefined);
  return first(live) ?? current ?? first(claims);
}

function first<C extends Claimant>(claims: readonly C[]): C | undefined {
  return claims.reduce<C | undefined>(
    (least, claim) =>
      least === undefined || order(claim, least) < 0 ? claim : least,
    undefined,
  );
}

function order(a: Claimant, b: Claimant): number {
  return (
    compare(a.target, b.target) ||
    compare(a.organization, b.organization) ||
    compare(a.repositoryId, b.repositoryId)
  );
}

function compare(a: string, b: string): number {
  if (a === b) {
    return 0;
  }
  return a < b ? -1 : 1;
}
