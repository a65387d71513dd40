import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { decide } from '../ingestion/decide';
import type {
  DescriptorDecision,
  KnownDescriptor,
  PathObservation,
} from '../ingestion/model';
import { upsert } from './bulk';
import { loadKnownDescriptors } from './known';
import { recomputeOwners } from './ownership';
import {
  chunks,
  TABLES,
  type ClaimRow,
  type DescriptorRow,
  type RepositoryRow,
} from './rows';

/** One look at one repository, as it is handed to the ledger. */
export interface ProbeRecord {
  readonly repository: {
    readonly id: string;
    readonly name: string;
    readonly projectId: string;
    readonly project: string;
    /** The organization's key. */
    readonly organization: string;
  };
  readonly branch: string | undefined;
  /** Fingerprint of the settings that the probe was made under. */
  readonly signature: string;
  /** The ledger's ticket as of before the first request of the probe. */
  readonly startTicket: number;
  /** What was positively found out, path by path. */
  readonly paths: readonly PathObservation[];
  /** Why the probe as a whole is unknown; `undefined` when it is conclusive. */
  readonly unknown?: string;
}

export interface RecordResult {
  /** The ticket of this write: probes that start from now on may bear it. */
  readonly ticket: number;
  /** Probes that overlapped with another's write and disagree with it: to be repeated. */
  readonly repeat: readonly ProbeRecord[];
  /** How many descriptors were read anew or changed their state. */
  readonly changed: number;
}

/** Identifies an entity's content together with the key that it goes under. */
export function hashClaim(entity: string, locationKey: string): string {
  return createHash('sha256')
    .update(locationKey)
    .update('\n')
    .update(entity)
    .digest('hex')
    .slice(0, 40);
}

/**
 * Writes what a batch of probes found out, in one transaction.
 *
 * A probe counts only if nobody wrote about its repository since it began, or
 * if it agrees with what was written: then whoever writes last, the newer
 * observation wins, and no clock is asked.
 */
export async function recordProbes(
  knex: Knex,
  provider: string,
  probes: readonly ProbeRecord[],
  now: number,
): Promise<RecordResult> {
  return await knex.transaction(async tx => {
    const ticket = await takeTicket(tx, provider);
    const ids = probes.map(probe => probe.repository.id);
    const rows = await loadRepositories(tx, provider, ids);
    const known = await loadKnownDescriptors(tx, provider, ids);

    const repeat: ProbeRecord[] = [];
    const writes: Array<{ probe: ProbeRecord; decisions: Decided[] }> = [];
    for (const probe of probes) {
      const row = rows.get(probe.repository.id);
      const descriptors = new Map(
        (known.get(probe.repository.id) ?? []).map(d => [d.path, d]),
      );
      const decisions = probe.paths.map(observation => ({
        known: descriptors.get(observation.path),
        decision: decide(descriptors.get(observation.path), observation),
        observation,
      }));
      const overtaken =
        row !== undefined && Number(row.ticket) > probe.startTicket;
      const disagrees = decisions.some(
        d => isStale(d) || (overtaken && isEffective(d)),
      );
      if (disagrees) {
        repeat.push(probe);
      } else {
        writes.push({ probe, decisions });
      }
    }

    await writeRepositories(
      tx,
      provider,
      writes.map(w => w.probe),
      rows,
      ticket,
      now,
    );
    const changed = await writeDecisions(tx, provider, writes, ticket);
    return { ticket, repeat, changed };
  });
}

interface Decided {
  readonly known: KnownDescriptor | undefined;
  readonly decision: DescriptorDecision;
  readonly observation: PathObservation;
}

/** "Unchanged" was said of another state than the ledger holds by now. */
function isStale({ known, observation }: Decided): boolean {
  return (
    observation.outcome === 'unchanged' &&
    (known?.objectId !== observation.objectId ||
      known.signature !== observation.signature)
  );
}

function isEffective({ known, decision }: Decided): boolean {
  if (decision.write) {
    return (
      known?.objectId !== decision.write.objectId ||
      known.signature !== decision.write.signature ||
      known.removal !== undefined
    );
  }
  return (
    decision.drop ||
    decision.kept.length > 0 ||
    (known !== undefined &&
      decision.removal !== undefined &&
      decision.removal?.grade !== known.removal?.grade)
  );
}

/** Issues the next ticket; the row's lock makes the provider's writes follow one another. */
export async function takeTicket(
  tx: Knex.Transaction,
  provider: string,
): Promise<number> {
  const updated: Array<{ ticket: string | number }> = await tx(TABLES.providers)
    .where({ provider })
    .increment('ticket', 1)
    .returning('ticket');
  const [row] = updated;
  if (!row) {
    throw new Error(`The ledger has no row for the provider ${provider}`);
  }
  return Number(row.ticket);
}

async function loadRepositories(
  tx: Knex.Transaction,
  provider: string,
  ids: readonly string[],
): Promise<Map<string, RepositoryRow>> {
  const result = new Map<string, RepositoryRow>();
  for (const chunk of chunks(ids)) {
    const rows: RepositoryRow[] = await tx<RepositoryRow>(TABLES.repositories)
      .where({ provider })
      .whereIn('repository_id', chunk);
    for (const row of rows) {
      result.set(row.repository_id, row);
    }
  }
  return result;
}

async function writeRepositories(
  tx: Knex.Transaction,
  provider: string,
  probes: readonly ProbeRecord[],
  rows: ReadonlyMap<string, RepositoryRow>,
  ticket: number,
  now: number,
): Promise<void> {
  const written = probes.map((probe): RepositoryRow => {
    const former = rows.get(probe.repository.id);
    const conclusive = probe.unknown === undefined;
    return {
      provider,
      repository_id: probe.repository.id,
      organization: probe.repository.organization,
      project_id: probe.repository.projectId,
      project: probe.repository.project,
      name: probe.repository.name,
      // An unknown probe leaves what was last known for sure, so that the next
      // plan still sees what has changed since.
      branch: conclusive ? (probe.branch ?? null) : (former?.branch ?? null),
      signature: conclusive ? probe.signature : (former?.signature ?? null),
      outcome: conclusive ? 'conclusive' : 'unknown',
      reason: probe.unknown ?? null,
      verified_at: conclusive ? now : (former?.verified_at ?? null),
      missed: 0,
      ticket,
    };
  });
  await upsert(tx, TABLES.repositories, ['provider', 'repository_id'], written);
}

async function writeDecisions(
  tx: Knex.Transaction,
  provider: string,
  writes: ReadonlyArray<{ probe: ProbeRecord; decisions: Decided[] }>,
  ticket: number,
): Promise<number> {
  const descriptors: DescriptorRow[] = [];
  const claims: ClaimRow[] = [];
  const affected = new Set<string>();
  const locationKeys = await loadLocationKeys(tx, provider, writes);
  let changed = 0;
  for (const { probe, decisions } of writes) {
    const repository_id = probe.repository.id;
    for (const { known, decision } of decisions) {
      const key = { provider, repository_id, path: decision.path };
      if (decision.write) {
        changed += 1;
        const { target, objectId, signature, refused } = decision.write;
        descriptors.push({
          ...key,
          target,
          object_id: objectId,
          signature,
          errors: refused.length > 0 ? JSON.stringify(refused) : null,
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
        const before = former.get(claim.entityRef);
        // All claims to a reference bear one key: when it passes from one file
        // to another, the catalog sees the same entity and not another one.
        const locationKey =
          before?.locationKey ??
          locationKeys.get(claim.entityRef) ??
          claim.locationKey;
        locationKeys.set(claim.entityRef, locationKey);
        const hash = hashClaim(claim.entity, locationKey);
        if (before?.hash === hash && !before.removal) {
          continue;
        }
        affected.add(claim.entityRef);
        claims.push({
          ...key,
          entity_ref: claim.entityRef,
          kind: claim.kind,
          position: claim.position,
          entity: claim.entity,
          hash,
          location_key: locationKey,
          removal: null,
          removal_reason: null,
        });
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
  }
  const descriptorKey = ['provider', 'repository_id', 'path'] as const;
  await upsert(tx, TABLES.descriptors, descriptorKey, descriptors);
  await upsert(tx, TABLES.claims, [...descriptorKey, 'entity_ref'], claims);
  await recomputeOwners(tx, provider, affected, ticket);
  return changed;
}

/** The keys under which references stand that the given descriptors did not give so far. */
async function loadLocationKeys(
  tx: Knex.Transaction,
  provider: string,
  writes: ReadonlyArray<{ decisions: readonly Decided[] }>,
): Promise<Map<string, string>> {
  const newcomers = new Set<string>();
  for (const { known, decision } of writes.flatMap(w => w.decisions)) {
    const former = new Set(known?.claims.map(claim => claim.entityRef));
    for (const { entityRef } of decision.claims) {
      if (!former.has(entityRef)) {
        newcomers.add(entityRef);
      }
    }
  }
  const keys = new Map<string, string>();
  for (const refs of chunks([...newcomers])) {
    const rows: Array<Pick<ClaimRow, 'entity_ref' | 'location_key'>> =
      await tx<ClaimRow>(TABLES.claims)
        .where({ provider })
        .whereIn('entity_ref', refs)
        .select('entity_ref', 'location_key');
    for (const row of rows) {
      keys.set(row.entity_ref, row.location_key);
    }
  }
  return keys;
}
