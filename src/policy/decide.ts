import type {
  ClaimDraft,
  DescriptorDecision,
  KnownDescriptor,
  PathObservation,
  Removal,
} from './model';

/**
 * What a probe's finding about one path means for what the ledger knows of it.
 *
 * Pure. Never removes: what should go is proposed, with its grade of evidence,
 * and goes only when the guard has agreed. A path that was not observed is not
 * passed here at all, so that an unknown changes nothing.
 *
 * @param branch - the branch that the configuration names; absent for the default branch
 */
export function decide(
  known: KnownDescriptor | undefined,
  observation: PathObservation,
  branch?: string,
): DescriptorDecision {
  // What another branch lacks is no change of the one that it was read from.
  const isSameBranch = known === undefined || known.branch === branch;
  switch (observation.outcome) {
    case 'unchanged':
      return decideUnchanged(known, observation.path);
    case 'present':
      return decidePresent(known, observation, isSameBranch);
    case 'absent':
      return decideGone(
        known,
        observation.path,
        isSameBranch
          ? { grade: 'confirmed', reason: observation.reason }
          : { grade: 'deselected', reason: NOT_ON_BRANCH },
      );
    case 'deselected':
      return decideGone(known, observation.path, {
        grade: 'deselected',
        reason: observation.reason,
      });
  }
}

const NOT_ON_BRANCH =
  'the branch that the configuration names now does not have it';

function decideUnchanged(
  known: KnownDescriptor | undefined,
  path: string,
): DescriptorDecision {
  // Claims that a reading proposed to remove stay proposed: the file that no
  // longer names them is still the same file. But when the file itself was going
  // and is here after all, which of its claims it names is not known without
  // reading it, so all of them stay.
  const descriptorWasGoing = known?.removal !== undefined;
  return {
    path,
    claims: [],
    kept: descriptorWasGoing
      ? (known?.claims ?? []).map(claim => claim.entityRef)
      : [],
    proposed: [],
    removal: descriptorWasGoing ? null : undefined,
    drop: false,
  };
}

function decidePresent(
  known: KnownDescriptor | undefined,
  observation: Extract<PathObservation, { outcome: 'present' }>,
  isSameBranch: boolean,
): DescriptorDecision {
  const { path, target, objectId, signature, rejections, unreadable } =
    observation;
  const former = new Map(
    (known?.claims ?? []).map(claim => [claim.entityRef, claim]),
  );
  const named = new Set(observation.claims.map(claim => claim.entityRef));
  const forbidden = new Set(observation.forbidden);

  const kept: string[] = [];
  const proposed: Array<{ entityRef: string; removal: Removal }> = [];
  for (const claim of former.values()) {
    if (named.has(claim.entityRef)) {
      continue;
    }
    if (claim.kind === 'error') {
      // The file has become readable, or its errors show elsewhere.
      proposed.push({
        entityRef: claim.entityRef,
        removal: { grade: 'confirmed', reason: 'the file has no errors left' },
      });
    } else if (forbidden.has(claim.entityRef)) {
      proposed.push({
        entityRef: claim.entityRef,
        removal: {
          grade: 'deselected',
          reason: 'catalog.rules forbid the document',
        },
      });
    } else if (unreadable) {
      kept.push(claim.entityRef);
    } else if (claim.removal?.grade === 'deselected') {
      // The configuration took it; that the file still lacks it says no more.
      proposed.push({ entityRef: claim.entityRef, removal: claim.removal });
    } else {
      proposed.push({
        entityRef: claim.entityRef,
        removal: isSameBranch
          ? {
              grade: 'confirmed',
              reason: 'the file no longer has the document',
            }
          : { grade: 'deselected', reason: NOT_ON_BRANCH },
      });
    }
  }

  return {
    path,
    write: { target, objectId, signature, rejections },
    claims: observation.claims.map((claim: ClaimDraft) => ({
      ...claim,
      locationKey: former.get(claim.entityRef)?.locationKey ?? `url:${target}`,
    })),
    kept,
    proposed,
    removal: known?.removal ? null : undefined,
    drop: false,
  };
}

function decideGone(
  known: KnownDescriptor | undefined,
  path: string,
  removal: Removal,
): DescriptorDecision {
  const claims = known?.claims ?? [];
  return {
    path,
    claims: [],
    kept: [],
    proposed: claims.map(claim => ({ entityRef: claim.entityRef, removal })),
    removal: known ? removal : undefined,
    drop: known !== undefined && claims.length === 0,
  };
}
