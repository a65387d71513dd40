import { setMaxListeners } from 'node:events';
import type { LoggerService } from '@backstage/backend-plugin-api';
import type { EntityProviderConnection } from '@backstage/plugin-catalog-node';
import type { AzureDevOpsClients } from '../azure/types';
import { findsDescriptor, type ProviderSettings } from '../config/index';
import type { CatalogRules } from '../descriptors/rules';
import type { YamlParser } from '../descriptors/yaml';
import type { CatalogState } from '../ledger/catalog-state';
import type { Healing } from '../ledger/healing';
import type { Ledger } from '../ledger/ledger';
import type { Outbox } from '../ledger/outbox';
import { type Organization } from '../organization';
import { Applier } from './apply';
import type { HintMemory } from './hints';
import { type Rejection, describeRejection } from '../policy/model';
import { heal } from './heal';
import { type PassInput, passOrganization } from './pass';
import { DescriptorParser } from './descriptor-parser';
import { describeHeldBack, removeOrphanedOrganizations } from './removal';
import { takeOver, type LocateTarget } from './takeover';
import {
  startOrganizationReport,
  type OrganizationReport,
  type RefreshReport,
} from './report';

/** Everything that a refresh works with. */
export interface RefreshContext {
  readonly settings: ProviderSettings;
  readonly clients: AzureDevOpsClients;
  readonly rules: CatalogRules;
  readonly yaml: YamlParser;
  readonly ledger: Ledger;
  readonly outbox: Outbox;
  readonly catalogState: CatalogState;
  readonly healing: Healing;
  readonly locate: LocateTarget;
  /** The provider's, from one refresh to the next. */
  readonly hintMemory: HintMemory;
  readonly connection: EntityProviderConnection;
  /** Finds out why an organization could not be read at all; `undefined` when the error says it best. */
  readonly explain?: (
    error: unknown,
    organization: Organization,
  ) => Promise<string | undefined>;
  /** Other content of the same repositories, which is kept fresh by what a refresh finds out. */
  readonly content?: PassInput['content'];
  readonly logger: LoggerService;
  readonly now: () => number;
}

/** A refresh that could not do all of its job; the message is for the operator. */
export class RefreshError extends Error {
  override readonly name = 'RefreshError';
}

/**
 * One scheduled run of one provider: every organization is passed over, at the
 * same time and each for itself; then the catalog is told again what it should
 * hold.
 *
 * @throws RefreshError after having done what could be done, so that the
 * scheduler is told the truth.
 */
export async function refresh(
  context: RefreshContext,
  options: {
    signal?: AbortSignal;
    /** Is handed the report before the refresh begins; it fills as it goes. */
    onReport?: (report: RefreshReport) => void;
  } = {},
): Promise<RefreshReport> {
  const { settings, ledger, logger, now } = context;
  const { signal } = options;
  if (signal) {
    // Every request that is under way listens to it.
    setMaxListeners(0, signal);
  }
  const report: RefreshReport = {
    provider: settings.providerName,
    startedAt: now(),
    outcome: 'running',
    organizations: [],
    descriptors: 0,
    entities: 0,
    added: 0,
    removed: 0,
    rejectedFiles: [],
    duplicates: [],
  };
  options.onReport?.(report);
  const applier = new Applier(context.outbox, context.connection, logger);
  // What an earlier refresh recorded and did not live to say comes first.
  count(report, await applier.drain({ wait: true, signal }));
  const toldBefore = await ledger.currentTicket();

  await Promise.all(
    settings.organizations.map(async organization => {
      const organizationReport = startOrganizationReport(organization.label);
      report.organizations.push(organizationReport);
      await passAlone(context, {
        organization,
        applier,
        report,
        organizationReport,
        signal,
      });
    }),
  );
  signal?.throwIfAborted();

  const orphans = startOrganizationReport(settings.providerName);
  // Where an organization could not be seen, what is missing from the others may
  // be there under its new name.
  if (report.organizations.every(({ outcome }) => outcome === 'complete')) {
    await removeOrphanedOrganizations({
      settings,
      ledger,
      configured: new Set(settings.organizations.map(({ key }) => key)),
      report: orphans,
    });
  }
  count(report, await applier.drain({ wait: true, signal }));
  const heldBack = await takeOver({
    ledger,
    state: context.catalogState,
    applier,
    locate: context.locate,
    limits: settings.removals,
    asksFor: path => findsDescriptor(settings.paths, path),
    completeOrganizations: completeOrganizations(context, report),
    logger,
    signal,
  });
  orphans.problems.push(
    ...heldBack.map(held =>
      describeHeldBack({ settings, report: orphans }, held),
    ),
  );
  await heal({
    healing: context.healing,
    applier,
    logger,
    upTo: toldBefore,
    signal,
  });

  await summarize(ledger, report);
  const problems = [...report.organizations, orphans].flatMap(
    organization => organization.problems,
  );
  report.endedAt = now();
  report.outcome = problems.length === 0 ? 'complete' : 'failed';
  if (problems.length > 0) {
    throw new RefreshError(
      `${settings.providerName}: the refresh did what it could, and could not do this:\n- ${problems.join('\n- ')}`,
    );
  }
  return report;
}

/** A pass whose failure is its own: it ends in the report, and the other organizations go on. */
async function passAlone(
  context: RefreshContext,
  {
    organization,
    applier,
    report,
    organizationReport,
    signal,
  }: {
    organization: Organization;
    applier: Applier;
    report: RefreshReport;
    organizationReport: OrganizationReport;
    signal?: AbortSignal;
  },
): Promise<void> {
  const { settings, clients, ledger, logger, now, rules, yaml } = context;
  try {
    await passOrganization({
      organization,
      client: clients.forOrganization(organization),
      settings,
      parser: new DescriptorParser({
        organization,
        branch: settings.branch,
        rules,
        yaml,
      }),
      ledger,
      hintMemory: context.hintMemory,
      applier,
      logger,
      now,
      signal,
      report: organizationReport,
      told: report,
      content: context.content,
    });
  } catch (error) {
    organizationReport.outcome = 'failed';
    organizationReport.problems.push(
      await describeFailure(context, organization, error),
    );
    if (!signal?.aborted) {
      logger.warn(
        `${settings.providerName}: the pass over ${organizationReport.organization} failed; what it gave before stays in the catalog`,
        error instanceof Error ? error : undefined,
      );
    }
  }
}

/** Why a pass failed, in one line that begins with the organization. */
async function describeFailure(
  { explain }: RefreshContext,
  organization: Organization,
  error: unknown,
): Promise<string> {
  const name = organization.label;
  const message =
    (await explain?.(error, organization)) ??
    (error instanceof Error ? error.message : String(error));
  return message.startsWith(name) ? message : `${name}: ${message}`;
}

/** The keys of the organizations whose pass was complete. */
function completeOrganizations(
  { settings }: RefreshContext,
  report: RefreshReport,
): Set<string> {
  const complete = new Set(
    report.organizations.flatMap(({ outcome, organization }) =>
      outcome === 'complete' ? [organization] : [],
    ),
  );
  return new Set(
    settings.organizations
      .filter(organization => complete.has(organization.label))
      .map(({ key }) => key),
  );
}

function count(
  report: RefreshReport,
  { added, removed }: { added: number; removed: number },
): void {
  report.added += added;
  report.removed += removed;
}

async function summarize(ledger: Ledger, report: RefreshReport): Promise<void> {
  const { descriptors, entities } = await ledger.reports.counts();
  report.descriptors = descriptors;
  report.entities = entities;
  report.rejectedFiles = await ledger.reports.rejectedFiles(errors =>
    (JSON.parse(errors) as Rejection[]).map(describeRejection),
  );
  report.duplicates = await ledger.reports.duplicates();
}
