import type { Knex } from 'knex';
import { changesOf, type DescriptorChange } from '../policy/changes';
import { decide } from '../policy/decide';
import type { KnownDescriptor, PathObservation } from '../policy/model';
import { isOneOf, upsert } from './bulk';
import { writeDecisions, type Decided } from './decisions';
import { loadKnownDescriptors } from './known';
import { REPOSITORY_KEY, TABLES, type RepositoryRow } from './rows';

/** How much is kept of why a probe was unknown, in characters. */
const LONGEST_PROBLEM = 2_000;

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
  /** The branch that the configuration names, if it does. */
  readonly configuredBranch?: string;
  /** Fingerprint of the settings that the probe was made under. */
  readonly signature: string;
  /** The ledger's ticket as of before the first request of the probe; later on that of the probe's own last piece, see `RecordResult.inOrder`. */
  readonly startTicket: number;
  /** What was positively found out, path by path. */
  readonly paths: readonly PathObservation[];
  /** Why the probe as a whole is unknown; `undefined` when it is conclusive. */
  readonly unknown?: string;
}

export interface RecordResult {
  /** The ticket of this write: probes that start from now on may bear it. */
  readonly ticket: number;
  /** Repositories whose probes overlapped with another's write and disagree with it: to be repeated. */
  readonly repeat: readonly string[];
  /**
   * Repositories about which nobody else has written since the start ticket: the
   * next piece of the same probe may bear the ticket of this write. After one that
   * was overtaken, and agrees, it may not.
   */
  readonly inOrder: readonly string[];
  /** How many descriptors were read anew or changed their state. */
  readonly changed: number;
  /** What happened to files that were known. */
  readonly changes: readonly ProjectChange[];
}

/** What happened to a file, and in which project. */
export interface ProjectChange {
  readonly projectId: string;
  readonly change: DescriptorChange;
}

/**
 * Writes what a batch of probes found out, in one transaction.
 *
 * A probe counts only if nothing was written about its repository since it
 * began, or if it agrees with what was written: so the newer observation wins in
 * whichever order they are written, and no clock decides.
 */
export async function recordProbes(
  knex: Knex,
  provider: string,
  probes: readonly ProbeRecord[],
  now: number,
): Promise<RecordResult> {
  return await knex.transaction(async tx => {
    const ticket = await takeTicket(tx, provider);
    const repeat: string[] = [];
    const inOrder: string[] = [];
    const decided: Decided[] = [];
    const changes: ProjectChange[] = [];
    for (const [organization, group] of byOrganization(probes)) {
      const ids = group.map(probe => probe.repository.id);
      const rows = await loadRepositories(tx, provider, organization, ids);
      // What the ledger has no row of has no descriptors there either.
      const known = await loadKnownDescriptors(
        tx,
        provider,
        organization,
        [...rows.keys()],
        [...new Set(group.flatMap(({ paths }) => paths.map(it => it.path)))],
      );
      const agreed: ProbeRecord[] = [];
      for (const probe of group) {
        const { id } = probe.repository;
        const decisions = decideProbe(probe, known.get(id) ?? []);
        const overtaken = Number(rows.get(id)?.ticket ?? 0) > probe.startTicket;
        const disagrees = decisions.some(
          it => isStale(it) || (overtaken && isEffective(it)),
        );
        if (disagrees) {
          repeat.push(id);
        } else {
          if (!overtaken) {
            inOrder.push(id);
          }
          agreed.push(probe);
          decided.push(...decisions);
          const { projectId } = probe.repository;
          changes.push(
            ...changesOf(decisions).map(change => ({ projectId, change })),
          );
        }
      }
      await writeRepositories(tx, provider, agreed, rows, ticket, now);
    }
    const changed = await writeDecisions(tx, provider, decided, ticket);
    return { ticket, repeat, inOrder, changes, changed };
  });
}

function byOrganization(
  probes: readonly ProbeRecord[],
): Map<string, ProbeRecord[]> {
  const groups = new Map<string, ProbeRecord[]>();
  for (const probe of probes) {
    const { organization } = probe.repository;
    const group = groups.get(organization) ?? [];
    group.push(probe);
    groups.set(organization, group);
  }
  return groups;
}

function decideProbe(
  { repository, paths, configuredBranch }: ProbeRecord,
  known: readonly KnownDescriptor[],
): Decided[] {
  const descriptors = new Map(known.map(it => [it.path, it]));
  return paths.map(observation => ({
    organization: repository.organization,
    repositoryId: repository.id,
    branch: configuredBranch,
    known: descriptors.get(observation.path),
    decision: decide(
      descriptors.get(observation.path),
      observation,
      configuredBranch,
    ),
    observation,
  }));
}

/** "Unchanged" refers to another state than the ledger holds by now. */
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
  organizationKey: string,
  ids: readonly string[],
): Promise<Map<string, RepositoryRow>> {
  const rows: RepositoryRow[] = await tx<RepositoryRow>(TABLES.repositories)
    .where({ provider, organization: organizationKey })
    .whereRaw(isOneOf(tx, 'repository_id', ids));
  return new Map(rows.map(row => [row.repository_id, row]));
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
      organization: probe.repository.organization,
      repository_id: probe.repository.id,
      project_id: probe.repository.projectId,
      project: probe.repository.project,
      name: probe.repository.name,
      // An unknown probe leaves what was last known for sure, so that the next
      // plan still sees what has changed since.
      branch: conclusive ? (probe.branch ?? null) : (former?.branch ?? null),
      signature: conclusive ? probe.signature : (former?.signature ?? null),
      outcome: conclusive ? 'conclusive' : 'unknown',
      problem: probe.unknown?.slice(0, LONGEST_PROBLEM) ?? null,
      verified_at: conclusive ? now : (former?.verified_at ?? null),
      missed: 0,
      ticket,
    };
  });
  await upsert(tx, TABLES.repositories, REPOSITORY_KEY, written);
}
