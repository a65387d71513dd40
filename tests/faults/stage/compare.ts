import type { Picture } from './picture';

/** One entity as the catalog has it. */
export interface CatalogEntry {
  readonly uid: string;
  readonly revision: number;
  /** The URL of the file that it came from. */
  readonly target: string;
}

/** What the catalog holds under the provider's name. */
export interface CatalogSnapshot {
  readonly entities: ReadonlyMap<string, CatalogEntry>;
  /** The Locations that show what is wrong with a file. */
  readonly errors: readonly string[];
}

/** How a snapshot differs from what is expected. */
interface Difference {
  /** Expected, and not there. */
  readonly missing: readonly string[];
  /** There, and not expected. */
  readonly surplus: readonly string[];
  /** There, but not in the state that is expected. */
  readonly stale: readonly string[];
}

export function compare(
  snapshot: CatalogSnapshot,
  expected: Picture,
): Difference {
  const { entities } = snapshot;
  return {
    missing: [...expected.keys()].filter(reference => !entities.has(reference)),
    surplus: [...entities.keys()].filter(reference => !expected.has(reference)),
    stale: [...expected].flatMap(([reference, revision]) => {
      const entry = entities.get(reference);
      return entry && entry.revision !== revision ? [reference] : [];
    }),
  };
}

export function isSame({ missing, surplus, stale }: Difference): boolean {
  return missing.length + surplus.length + stale.length === 0;
}

/**
 * The entities that are there and were there, and have another uid: they were
 * gone in between, however short that was, and with them everything that
 * referred to them.
 */
export function replaced(
  before: CatalogSnapshot,
  after: CatalogSnapshot,
): string[] {
  return [...after.entities].flatMap(([reference, { uid }]) => {
    const former = before.entities.get(reference);
    return former && former.uid !== uid ? [reference] : [];
  });
}

/** A difference in one line; empty when there is none. */
export function describeDifference(difference: Difference): string {
  return Object.entries(difference)
    .filter(([, references]) => references.length > 0)
    .map(
      ([what, references]) =>
        `${references.length} ${what} (${references.slice(0, 3).join(', ')}${references.length > 3 ? ', ...' : ''})`,
    )
    .join('; ');
}
