import type { KnownDescriptor, PathObservation } from '../../policy/model';

/** A file that a probe found to be another than the ledger has. */
export interface FoundChange {
  readonly path: string;
  /** Absent for a file that is new. */
  readonly formerObjectId?: string;
}

/**
 * Pure. Which files somebody has changed since they were last looked at; not
 * those that are only read under other settings.
 */
export function changedFiles(
  known: readonly KnownDescriptor[],
  observations: readonly PathObservation[],
): FoundChange[] {
  const former = new Map(known.map(it => [it.path, it.objectId]));
  return observations.flatMap(observation => {
    const formerObjectId = former.get(observation.path);
    switch (observation.outcome) {
      case 'present':
        return observation.objectId === formerObjectId
          ? []
          : [{ path: observation.path, formerObjectId }];
      case 'absent':
        return formerObjectId === undefined
          ? []
          : [{ path: observation.path, formerObjectId }];
      case 'unchanged':
      case 'deselected':
        return [];
    }
  });
}
