import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import type {
  DescriptorDecision,
  KnownDescriptor,
  PathObservation,
} from '../policy/model';
import { isOneOf, upsert } from './bulk';
import { type Claim, recomputeOwners } from './ownership';
import {
  CLAIM_KEY,
  DESCRIPTOR_KEY,
  TABLES,
  type ClaimRow,
  type DescriptorRow,
} from './rows';

/** What is to be written about one descriptor, and why. */
export interface Decided {
  /** The organization's key. */
  readonly organization: string;
  readonly repositoryId: string;
  /** The branch that the configuration names, if it does. */
  readonly branch?: string;
  readonly known: KnownDescriptor | undefined;
  readonly decision: DescriptorDecision;
  readonly observation: PathObservation;
}

/** Identifies an entity's content together with the key that it goes under. */
export function hashClaim(entity: string, locationKey: string): string {
  return createHash('sha256')
    .update(`${locationKey}\n`)
    .update(entity)
    .digest('hex')
    .slice(0, 40);
}

/**
 * Writes what was decided, and marks what is to be applied to the catalog.
 *
 * @returns how many descriptors were read anew or changed their state
 */
export async function writeDecisions(
  tx: Knex.Transaction,
  provider: string,
  decided: readonly Decided[],
  ticket: number,
): Promise<number> {
  const descriptors: DescriptorRow[] = [];
  const claims: ClaimRow[] = [];
  const written: Claim[] = [];
  const affected = new Set<string>();
  const locationKeys = await loadLocationKeys(
    tx,
    provider,
    referencesNewToTheirDescriptor(decided),
  );
  let changed = 0;
  for (const {
    organization,
    repositoryId,
    branch,
    known,
    decision,
  } of decided) {
    const { path } = decision;
    const key = { provider, organization, repository_id: repositoryId, path };
    if (decision.write) {
      changed += 1;
      const { target, objectId, signature, rejections } = decision.write;
      descriptors.push({
        ...key,
        target,
        object_id: objectId,
        signature,
        branch: branch ?? null,
        errors: rejections.length > 0 ? JSON.stringify(rejections) : null,
        removal: null,
        removal_reason: null,
      });
    } else if (decision.drop) {
      changed += 1;
      await tx(TABLES.descriptors).where(key).delete();
    } else if (decision.removal !== undefined) {
      changed += 1;
      await tx<DescriptorRow>(TABLES.descriptors)
        .where(key)
        .update({
          removal: decision.removal?.grade ?? null,
          removal_reason: decision.removal?.reason ?? null,
        });
    }
    const former = new Map(known?.claims.map(c => [c.entityRef, c]));
    for (const claim of decision.claims) {
      const { entityRef } = claim;
      const before = former.get(entityRef);
      // All claims to a reference bear one key: when it passes from one file
      // to another, the catalog sees the same entity and not another one.
      const locationKey =
        before?.locationKey ?? locationKeys.get(entityRef) ?? claim.locationKey;
      locationKeys.set(entityRef, locationKey);
      const hash = hashClaim(claim.entity, locationKey);
      if (before?.hash === hash && !before.removal) {
        continue;
      }
      claims.push({
        ...key,
        entity_ref: entityRef,
        kind: claim.kind,
        entity: claim.entity,
        hash,
        location_key: locationKey,
        removal: null,
        removal_reason: null,
      });
      const target = decision.write?.target ?? '';
      written.push({
        organization,
        repositoryId,
        path,
        entityRef,
        target,
        hash,
      });
      affected.add(entityRef);
    }
    for (const entityRef of decision.kept) {
      if (former.get(entityRef)?.removal) {
        affected.add(entityRef);
        await tx<ClaimRow>(TABLES.claims)
          .where({ ...key, entity_ref: entityRef })
          .update({ removal: null, removal_reason: null });
      }
    }
    for (const { entityRef, removal } of decision.proposed) {
      if (former.get(entityRef)?.removal?.grade !== removal.grade) {
        affected.add(entityRef);
        await tx<ClaimRow>(TABLES.claims)
          .where({ ...key, entity_ref: entityRef })
          .update({ removal: removal.grade, removal_reason: removal.reason });
      }
    }
  }
  await upsert(tx, TABLES.descriptors, DESCRIPTOR_KEY, descriptors);
  await upsert(tx, TABLES.claims, CLAIM_KEY, claims);
  await recomputeOwners(tx, provider, affected, ticket, written);
  return changed;
}

/** References that a descriptor gives now and did not give before. */
function referencesNewToTheirDescriptor(decided: readonly Decided[]): string[] {
  const newcomers = new Set<string>();
  for (const { known, decision } of decided) {
    const former = new Set(known?.claims.map(claim => claim.entityRef));
    for (const { entityRef } of decision.claims) {
      if (!former.has(entityRef)) {
        newcomers.add(entityRef);
      }
    }
  }
  return [...newcomers];
}

/** The keys under which those of the references stand that anything gives. */
async function loadLocationKeys(
  tx: Knex.Transaction,
  provider: string,
  entityRefs: readonly string[],
): Promise<Map<string, string>> {
  if (entityRefs.length === 0) {
    return new Map();
  }
  const rows: Array<Pick<ClaimRow, 'entity_ref' | 'location_key'>> =
    await tx<ClaimRow>(TABLES.claims)
      .where({ provider })
      .whereRaw(isOneOf(tx, 'entity_ref', entityRefs))
      .select('entity_ref', 'location_key');
  return new Map(rows.map(row => [row.entity_ref, row.location_key]));
}
