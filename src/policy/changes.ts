import type { KnownDescriptor, PathObservation } from './model';

/** What happened to a file that gave entities, for others that may have read it too. */
export type DescriptorChange =
  | { readonly kind: 'updated'; readonly url: string }
  | { readonly kind: 'deleted'; readonly url: string }
  | { readonly kind: 'moved'; readonly from: string; readonly to: string };

/** A path of a repository as it is now, and as it was known. */
export interface SeenPath {
  readonly observation: PathObservation;
  readonly known: KnownDescriptor | undefined;
  /** The branch that the configuration names, if it does. */
  readonly branch?: string;
}

/**
 * What really changed in one repository. Pure.
 *
 * A file that is gone from one path and new at another with the same content was
 * moved. A path that the configuration no longer asks for has not changed, nor
 * has what another branch of the configuration has differently.
 */
export function changesOf(seen: readonly SeenPath[]): DescriptorChange[] {
  /** New files, by the object id of their content. */
  const created = new Map<string, string[]>();
  for (const { observation, known } of seen) {
    if (observation.outcome === 'present' && !known) {
      const { objectId, target } = observation;
      const others = created.get(objectId);
      if (others) others.push(target);
      else created.set(objectId, [target]);
    }
  }
  return seen.flatMap(({ observation, known, branch }): DescriptorChange[] => {
    if (!known || known.branch !== branch) {
      return [];
    }
    if (observation.outcome === 'absent') {
      // A mark for removal means that it was reported before.
      if (known.removal) {
        return [];
      }
      const to = created.get(known.objectId)?.shift();
      return to === undefined
        ? [{ kind: 'deleted', url: known.target }]
        : [{ kind: 'moved', from: known.target, to }];
    }
    if (observation.outcome !== 'present') {
      return [];
    }
    if (observation.target !== known.target) {
      return [{ kind: 'moved', from: known.target, to: observation.target }];
    }
    return observation.objectId === known.objectId
      ? []
      : [{ kind: 'updated', url: observation.target }];
  });
}
