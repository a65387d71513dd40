import type { ProviderSettings } from '../config/index';
import type { Ledger } from '../ledger/ledger';
import type { Proposal } from '../ledger/removals';
import { guard, type HeldBack } from '../policy/guard';
import type { LoggerService } from '@backstage/backend-plugin-api';
import type { AzureDevOpsClient } from '../azure/types';
import type { Organization } from '../organization';
import type { Applier } from './apply';
import type { Plan } from '../policy/plan';
import type { KnownRepository, Removal } from '../policy/model';
import type { OrganizationReport } from './report';

export interface RemovalInput extends GuardedRelease {
  readonly organization: Organization;
  readonly client: AzureDevOpsClient;
  readonly applier: Applier;
  readonly logger: LoggerService;
  readonly signal?: AbortSignal;
  /** Counts what the catalog was told. */
  readonly told: { added: number; removed: number };
  /** The organization's key. */
  readonly key: string;
  readonly plan: Plan;
  /** Whether every selected repository ended present or absent. */
  readonly complete: boolean;
}

/**
 * The end of a pass: gathers the evidence of what is gone, asks the guard, and
 * lets go what it lets go.
 */
export async function removeWhatIsGone(input: RemovalInput): Promise<void> {
  const leaving = [
    ...(await proposeGone(input)),
    ...(await proposeMissing(input)),
  ];
  await releaseGuarded(input, input.key);
  await input.ledger.removals.forget(leaving);
  const { added, removed } = await input.applier.drain({
    wait: true,
    signal: input.signal,
  });
  input.told.added += added;
  input.told.removed += removed;
}

/**
 * Organizations that the ledger knows and the configuration no longer names.
 * A repository that has come under a configured organization meanwhile, as when
 * an organization was renamed, has left them already.
 */
export async function removeOrphanedOrganizations(
  input: GuardedRelease & { readonly configured: ReadonlySet<string> },
): Promise<void> {
  const { ledger, configured } = input;
  const orphaned = await ledger.repositoriesOutside([...configured]);
  for (const [organization, ids] of orphaned) {
    await ledger.removals.propose(ids, {
      grade: 'inferred',
      reason: `the configuration no longer names the organization ${organization}`,
    });
    await releaseGuarded(input, organization);
    await ledger.removals.forget(ids);
  }
}

interface GuardedRelease {
  readonly settings: ProviderSettings;
  readonly ledger: Ledger;
  readonly report: OrganizationReport;
}

/** Lets go what the guard lets go of one organization's proposals. */
async function releaseGuarded(
  input: GuardedRelease,
  organization: string,
): Promise<void> {
  const { ledger, settings, report } = input;
  const proposals = await ledger.removals.proposals(organization);
  if (proposals.length === 0) {
    return;
  }
  const total = await ledger.removals.countEntities(organization);
  const verdict = guard(proposals.filter(isLoss), total, settings.removals);
  const heldGrades = new Set(verdict.heldBack.map(({ grade }) => grade));
  report.removals.released += verdict.released.length;
  report.removals.heldBack.push(...verdict.heldBack);
  for (const held of verdict.heldBack) {
    report.problems.push(describeHeldBack(input, held));
  }
  // What costs the catalog no entity needs no guard, but what belongs to a file
  // that was held back is held back with it.
  await ledger.removals.release(
    proposals.filter(
      p => !heldGrades.has(p.grade) || (p.kind === 'entity' && !p.loss),
    ),
  );
}

function isLoss(proposal: Proposal): boolean {
  return proposal.kind === 'entity' && proposal.loss;
}

/** What the list itself shows to be disabled, or the configuration no longer selects. */
async function proposeGone({ ledger, plan }: RemovalInput): Promise<string[]> {
  const byReason = new Map<string, { removal: Removal; ids: string[] }>();
  for (const { repositoryId, removal } of plan.gone) {
    const group = byReason.get(removal.reason) ?? { removal, ids: [] };
    group.ids.push(repositoryId);
    byReason.set(removal.reason, group);
  }
  for (const { removal, ids } of byReason.values()) {
    await ledger.removals.propose(ids, removal);
  }
  return plan.gone.map(({ repositoryId }) => repositoryId);
}

/**
 * Repositories that are known and not listed. The list is trimmed by permission
 * without a word, so that they count as gone only when the service confirms it,
 * or when several complete passes in a row have missed them.
 */
async function proposeMissing(input: RemovalInput): Promise<string[]> {
  const { ledger, plan, settings, complete } = input;
  if (plan.missing.length === 0) {
    return [];
  }
  const deleted = await confirmedDeleted(input, plan.missing);
  await ledger.removals.propose(
    plan.missing.filter(({ id }) => deleted.has(id)).map(({ id }) => id),
    {
      grade: 'confirmed',
      reason: 'the service confirms that the repository is deleted',
    },
  );
  const unconfirmed = plan.missing.filter(({ id }) => !deleted.has(id));
  if (complete) {
    await ledger.removals.missedAgain(unconfirmed.map(({ id }) => id));
  }
  const { confirmations } = settings.removals;
  const inferred = unconfirmed
    .filter(({ missed }) => missed + (complete ? 1 : 0) >= confirmations)
    .map(({ id }) => id);
  await ledger.removals.propose(inferred, {
    grade: 'inferred',
    reason: `the repository was missing from ${confirmations} complete lists in a row`,
  });
  return [...deleted, ...inferred];
}

async function confirmedDeleted(
  { client, signal, logger, organization }: RemovalInput,
  missing: readonly KnownRepository[],
): Promise<Set<string>> {
  const byProject = new Map<string, Set<string>>();
  for (const { id, projectId } of missing) {
    const ids = byProject.get(projectId) ?? new Set();
    ids.add(id);
    byProject.set(projectId, ids);
  }
  const confirmed = new Set<string>();
  for (const [project, ids] of byProject) {
    try {
      const deleted = await client.listDeletedRepositories({ project, signal });
      for (const id of deleted) {
        if (ids.has(id)) {
          confirmed.add(id);
        }
      }
    } catch (error) {
      signal?.throwIfAborted();
      // No evidence: the repositories stay, and count as missing.
      logger.debug(
        `${organization.host}/${organization.name}: could not ask for the deleted repositories of project ${project}: ${error}`,
      );
    }
  }
  return confirmed;
}

/** What the operator is told of held-back removals, with the way to allow it. */
export function describeHeldBack(
  {
    report,
    settings,
  }: {
    readonly report: Pick<OrganizationReport, 'organization'>;
    readonly settings: Pick<ProviderSettings, 'id'>;
  },
  { grade, count, total, percentage, limit, fingerprint, reasons }: HeldBack,
): string {
  const option =
    grade === 'confirmed' ? 'maxConfirmedPercentage' : 'maxPercentage';
  const why = reasons
    .slice(0, 3)
    .map(({ reason, count: n }) => `${n} because ${reason}`)
    .join('; ');
  return (
    `${report.organization}: held back the removal of ${count} of ${total} entities ` +
    `(${percentage.toFixed(0)} %, ${grade}; removals.${option} is ${limit} %): ${why}. ` +
    `They stay in the catalog. If they are to go, set ` +
    `catalog.providers.azureDevOps.${settings.id}.removals.allow to '${fingerprint}', which allows this very set and no other; ` +
    `if they are not, nothing needs to be done: the next refresh that sees them again takes this back`
  );
}
