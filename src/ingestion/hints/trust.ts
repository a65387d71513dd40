import type { MissedChange, Recollection } from './types';

/**
 * For how long after a probe found a change a source may still be on its way to
 * it, in milliseconds. Search indexes are some ten minutes behind, statistics
 * by the hour up to an hour.
 */
export const GRACE_MS = 60 * 60 * 1_000;
/** A change that the source was never asked about again is forgotten after this time, in milliseconds. */
const FORGOTTEN_AFTER_MS = 24 * 60 * 60 * 1_000;
/** After this time a source that was caught is given another chance, in milliseconds. */
export const SENTENCE_MS = 7 * 24 * 60 * 60 * 1_000;
/** One change that a source does not know is proof enough, so that few need to be remembered. */
export const MOST_SUSPICIONS = 20;

/** What is held against one source of hints in one organization. */
export interface Trust {
  /** Changes that it did not name, and may yet name. */
  readonly suspicions: readonly MissedChange[];
  /** The change that it was caught not knowing; it is not asked any more. */
  readonly caught?: MissedChange & { readonly at: number };
}

export const TRUSTED: Trust = { suspicions: [] };

/** Pure. A probe found changes that the source, which could have known of them, did not name. */
export function suspect(trust: Trust, missed: readonly MissedChange[]): Trust {
  if (trust.caught || missed.length === 0) {
    return trust;
  }
  const suspicions = new Map(
    trust.suspicions.map(change => [keyOf(change), change]),
  );
  for (const change of missed) {
    // The older a suspicion, the sooner it is decided.
    if (suspicions.size < MOST_SUSPICIONS && !suspicions.has(keyOf(change))) {
      suspicions.set(keyOf(change), change);
    }
  }
  return { suspicions: [...suspicions.values()] };
}

/**
 * Pure. What has become of the suspicions, now that the source was asked again.
 *
 * @param recall - what its answers say of a change
 */
export function review(
  trust: Trust,
  recall: (change: MissedChange) => Recollection,
  now: number,
): Trust {
  if (trust.caught) {
    return now - trust.caught.at >= SENTENCE_MS ? TRUSTED : trust;
  }
  const suspicions: MissedChange[] = [];
  for (const change of trust.suspicions) {
    const recollection = recall(change);
    if (recollection === 'silent' && isDue(change, now)) {
      return { suspicions: [], caught: { ...change, at: now } };
    }
    if (recollection !== 'named' && now - change.foundAt < FORGOTTEN_AFTER_MS) {
      suspicions.push(change);
    }
  }
  return suspicions.length === trust.suspicions.length ? trust : { suspicions };
}

/** Whether a source that does not know of a change by now never will. */
export function isDue(change: MissedChange, now: number): boolean {
  return now - change.foundAt >= GRACE_MS;
}

function keyOf({ repositoryId, path }: MissedChange): string {
  return `${repositoryId}\n${path}`;
}
