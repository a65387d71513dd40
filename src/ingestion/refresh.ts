import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import type { LoggerService } from '@backstage/backend-plugin-api';
import type { EntityProviderConnection } from '@backstage/plugin-catalog-node';
import { durationToMilliseconds } from '@backstage/types';
import { AzureDevOpsRequestError } from '../azure/errors';
import type { AzureDevOpsClients } from '../azure/types';
import type { ProviderSettings } from '../config/settings';
import type { CatalogRules } from '../descriptors/rules';
import type { CatalogView } from '../ledger/catalog-view';
import { withoutStatement } from '../ledger/statement';
import type { YamlParser } from '../descriptors/yaml';
import type { Ledger } from '../ledger/ledger';
import type { ProjectChange } from '../ledger/record';
import type { Outbox } from '../ledger/outbox';
import { type Organization } from '../organization';
import { Applier } from './apply';
import { ReadingTime } from './reading-time';
import type { Turns } from './turns';
import { takeFromOthers } from './handover';
import type { HintMemory } from './hints';
import { adviseOnNothingFound, type NearMissMemory } from './near-miss';
import {
  type OrganizationList,
  type PassInput,
  passOrganization,
} from './pass';
import { reconcile, removeStrays, showAgain } from './reconcile';
import { hasFallenSilent, namesNoRepository } from '../policy/event-health';
import { describeRejection } from '../policy/model';
import { selectRepositories, unselectedAmong } from '../policy/select';
import { DescriptorParser } from './descriptor-parser';
import { removeOrphanedOrganizations } from './orphans';
import type { OnHeldBack } from './removal';
import { describeHeldBack } from './removal-messages';
import { FileEvidence, type LocateTarget } from './file-evidence';
import { takeOver } from './takeover';
import {
  startOrganizationReport,
  type OrganizationReport,
  type ProjectEventReport,
  RefreshReport,
  toStored,
  type Trace,
  untraced,
} from './report';

/** How many files with rejected documents, and how many entities with several descriptors, a report has. */
const MOST_REJECTED = 1_000;
const MOST_DUPLICATES = 1_000;

/** Everything that a refresh works with. */
export interface RefreshContext {
  readonly settings: ProviderSettings;
  /** The settings of the other providers of the configuration. */
  readonly others?: readonly ProviderSettings[];
  readonly clients: AzureDevOpsClients;
  readonly rules: CatalogRules;
  readonly yaml: YamlParser;
  /** Of the whole process, for files that are large or take long. */
  readonly turns: Turns;
  readonly ledger: Ledger;
  readonly outbox: Outbox;
  /** What the catalog holds. */
  readonly catalog: CatalogView;
  readonly locate: LocateTarget;
  /** The provider's, from one refresh to the next. */
  readonly hintMemory: HintMemory;
  /** The provider's, likewise. */
  readonly nearMissMemory: NearMissMemory;
  /** Former Locations that were waited for in vain; the provider's, from one refresh to the next. */
  readonly waitedFor: Set<string>;
  /** By URL, how many lists in a row have lacked a repository that the ledger does not know; the provider's, likewise. */
  readonly lacked: Map<string, number>;
  /** What the catalog had processed and did not show; the provider's, from one refresh to the next. */
  readonly unshown: Set<string>;
  readonly connection: EntityProviderConnection;
  /** Finds out why an organization could not be read at all; `undefined` where the error's own message is best. */
  readonly explain?: (
    error: unknown,
    organization: Organization,
  ) => Promise<string | undefined>;
  /** Other content of the same repositories, which is kept fresh by what a refresh finds out. */
  readonly content?: PassInput['content'];
  readonly follower?: RefreshFollower;
  readonly onHeldBack: OnHeldBack;
  readonly trace?: Trace;
  readonly logger: LoggerService;
  readonly clock: { now(): number };
}

/** Called with what was found, whether by a refresh or because of an event. */
export interface RefreshFollower {
  /** @param organization - its key; @param ids - of repositories that the configuration leaves out */
  noteUnselected(organization: string, ids: readonly string[]): void;
  noteChanges(changes: readonly ProjectChange[]): void;
}

/** What one refresh works with. */
interface Run {
  readonly applier: Applier;
  readonly readingTime: ReadingTime;
  readonly signal?: AbortSignal;
}

/** A refresh that could not do all of its job; the message is for the operator. */
export class RefreshError extends Error {
  override readonly name = 'RefreshError';
}

/**
 * One scheduled run of one provider: every organization is passed over, at the
 * same time and each for itself; then what the catalog has lost is applied again.
 *
 * @throws RefreshError after having done what could be done, so that the
 * scheduler learns of it.
 */
export async function refresh(
  context: RefreshContext,
  options: {
    signal?: AbortSignal;
    /** Is handed the report before the refresh begins; it fills as it goes. */
    onReport?: (report: RefreshReport) => void;
  } = {},
): Promise<RefreshReport> {
  const { settings, outbox, logger, clock } = context;
  const { signal } = options;
  if (signal) {
    // Every request that is under way listens to it.
    setMaxListeners(0, signal);
  }
  const applier = new Applier(outbox, context.connection, logger);
  const report: RefreshReport = {
    provider: settings.providerName,
    startedAt: clock.now(),
    outcome: 'running',
    organizations: [],
    descriptors: 0,
    entities: 0,
    get added() {
      return applier.applied.added;
    },
    get removed() {
      return applier.applied.removed;
    },
    rejectedFiles: [],
    duplicates: [],
    advice: [],
    events: [],
  };
  options.onReport?.(report);
  const readingTime = new ReadingTime(
    durationToMilliseconds(settings.schedule.timeout),
  );
  let failure: unknown;
  try {
    await context.ledger.setUnfinished(true);
    await keep(context, report);
    const problems = await refreshAll(
      context,
      { applier, readingTime, signal },
      report,
    );
    if (problems.length > 0) {
      throw new RefreshError(
        `${settings.providerName}: the refresh did what it could, and could not do this:\n- ${problems.join('\n- ')}`,
      );
    }
    await context.ledger.setUnfinished(false);
    return report;
  } catch (error) {
    failure = withoutStatement(error);
    throw failure;
  } finally {
    readingTime.end();
    const end = {
      outcome: failure === undefined ? 'complete' : 'failed',
      endedAt: clock.now(),
    } as const;
    await keep(context, { ...report, ...end }, failure);
    // Last of all: who sees that it failed is told why at once.
    Object.assign(report, end);
  }
}

/** Keeps in the ledger how a refresh stands; without that it goes on as well. */
async function keep(
  { ledger, logger }: RefreshContext,
  report: RefreshReport,
  error?: unknown,
): Promise<void> {
  try {
    await ledger.reports.noteRefresh(toStored(report, hostname(), error));
  } catch (reason) {
    logger.debug(`Could not keep how the refresh went: ${String(reason)}`);
  }
}

/**
 * @param report - filled as the refresh goes
 * @returns what could not be done, in words for the operator
 */
async function refreshAll(
  context: RefreshContext,
  run: Run,
  report: RefreshReport,
): Promise<string[]> {
  const { settings, ledger, catalog, outbox, logger } = context;
  const { trace = untraced } = context;
  const { applier, signal } = run;
  // What an earlier refresh recorded and did not live to apply comes first.
  await applier.applyPending({ wait: true, signal });
  const seenAt = await ledger.currentTicket();

  const lists = new Map<string, OrganizationList>();
  const passes = await Promise.all(
    settings.organizations.map(async organization => {
      const organizationReport = startOrganizationReport(organization.label);
      report.organizations.push(organizationReport);
      return await trace(
        'pass',
        { organization: organization.label },
        async span => {
          const pass = await passAlone(
            context,
            run,
            organization,
            organizationReport,
            seenAt,
          );
          span.setAttribute('outcome', organizationReport.outcome);
          if (pass.list) {
            lists.set(organization.key, pass.list);
          }
          return pass;
        },
      );
    }),
  );
  signal?.throwIfAborted();
  // Not before: what is gone from one organization may be in another.
  await Promise.all(passes.map(pass => pass.removeWhatIsGone()));
  signal?.throwIfAborted();
  const problems = report.organizations.flatMap(it => it.problems);

  // Where a list could not be had, what is missing from the others may be in it
  // under its new name.
  if (lists.size === settings.organizations.length) {
    const orphans = await removeOrphanedOrganizations({
      settings,
      ledger,
      configured: [...lists.keys()],
      onHeldBack: context.onHeldBack,
      logger,
      listed: new Set(
        [...lists.values()].flatMap(({ repositories, odd }) =>
          [...repositories, ...odd].flatMap(({ id }) => id ?? []),
        ),
      ),
      seenAt,
      others: context.others,
    });
    problems.push(...orphans);
  }
  await applier.applyPending({ wait: true, signal });
  const whatElse = {
    ledger,
    catalog,
    applier,
    evidence: new FileEvidence({
      ...context,
      ...settings.removals,
      asksFor: path => settings.paths.some(it => it.matches(path)),
      lists,
    }),
    limits: settings.removals,
    logger,
    signal,
  };
  const heldBack = [
    ...(await takeOver({ ...whatElse, waitedFor: context.waitedFor })),
    ...(await removeStrays({ ...whatElse, outbox })),
  ];
  await context.onHeldBack('', heldBack);
  problems.push(
    ...heldBack.map(held =>
      describeHeldBack(settings.providerName, settings.id, held),
    ),
  );
  await takeFromOthers({ catalog, ledger, applier, logger, signal });
  await reconcile({
    catalog,
    outbox,
    applier,
    logger,
    upTo: seenAt,
    signal,
  });
  await showAgain({
    catalog,
    applier,
    logger,
    former: context.unshown,
    signal,
  });

  problems.push(
    ...[...applier.refused].map(
      ([entityRef, message]) =>
        `${settings.providerName}: the catalog did not take ${entityRef}: ${message}. Everything else was applied; it is tried again with each refresh`,
    ),
  );

  const { descriptors, entities } = await ledger.reports.counts();
  if (report.organizations.every(({ outcome }) => outcome === 'complete')) {
    report.advice = await adviseOnNothingFound({
      settings,
      lists,
      descriptors,
      clients: context.clients,
      memory: context.nearMissMemory,
      signal,
    });
  }
  report.descriptors = descriptors;
  report.entities = entities;
  const rejected = await ledger.reports.rejections({
    limit: MOST_REJECTED,
    offset: 0,
  });
  report.rejectedFiles = rejected.files.map(({ rejections, ...file }) => ({
    ...file,
    errors: rejections.map(describeRejection),
  }));
  report.duplicates = await ledger.reports.duplicates(
    await ledger.reports.contested(MOST_DUPLICATES),
  );
  report.events = await reportEvents(context);
  return problems;
}

/** How the events of the configured organizations fare, project by project. */
async function reportEvents({
  settings,
  ledger,
  clock,
}: RefreshContext): Promise<ProjectEventReport[]> {
  const labels = new Map(
    settings.organizations.map(({ key, label }) => [key, label]),
  );
  const records = await ledger.projectEvents.list();
  return records.flatMap(record => {
    const organization = labels.get(record.organization);
    return organization === undefined
      ? []
      : [
          {
            organization,
            project: record.project,
            lastEventAt: record.lastEventAt,
            hasFallenSilent: hasFallenSilent(record, clock.now()),
            namesNoRepository: namesNoRepository(record, clock.now()),
          },
        ];
  });
}

/** A pass that has read its organization, or could not. */
interface PassAlone {
  /** The organization's list, if it could be had. */
  readonly list?: OrganizationList;
  /** The other half of the pass, for when all organizations were read. Throws nothing. */
  removeWhatIsGone(): Promise<void>;
}

/**
 * A pass whose failure is its own: it ends in the report, and the other
 * organizations go on.
 *
 * @param report - filled as the pass goes
 * @param seenAt - the ledger's ticket as of now
 */
async function passAlone(
  context: RefreshContext,
  { applier, readingTime, signal }: Run,
  organization: Organization,
  report: OrganizationReport,
  seenAt: number,
): Promise<PassAlone> {
  const { settings, clients, ledger, logger, clock } = context;
  const deadline = readingTime.signal;
  const readSignal = signal ? AbortSignal.any([signal, deadline]) : deadline;
  let list: OrganizationList | undefined;
  let rest: (() => Promise<void>) | undefined;
  const changedProjects = new Set<string>();
  const fail = async (error: unknown) => {
    report.outcome = 'failed';
    report.problems.push(
      await describeFailure(context, organization, withoutStatement(error)),
    );
    if (!signal?.aborted) {
      logger.warn(
        `${settings.providerName}: the pass over ${report.organization} failed; what it gave before stays in the catalog`,
        error instanceof Error ? error : undefined,
      );
    }
  };
  try {
    const client = clients.forOrganization(organization, {
      deadlineMs: readingTime.requestMs,
    });
    const { repositories, odd } = await client.listRepositories({
      signal: readSignal,
    });
    list = {
      repositories,
      odd,
      ...selectRepositories({ settings, repositories }),
    };
    if (odd.length === 0) {
      await ledger.reports.noteList(organization.key, clock.now());
    }
    context.follower?.noteUnselected(
      organization.key,
      unselectedAmong(list.skipped),
    );
    rest = await passOrganization({
      ...context,
      organization,
      client,
      list,
      parser: new DescriptorParser({
        ...context,
        organization,
        signal: readSignal,
      }),
      applier,
      signal,
      deadline,
      report,
      seenAt,
      onChanges: changes => {
        changes.forEach(({ projectId }) => changedProjects.add(projectId));
        context.follower?.noteChanges(changes);
      },
    });
  } catch (error) {
    const isLate = deadline.aborted && !signal?.aborted;
    await fail(isLate ? asLate(error, deadline.reason as Error) : error);
  }
  return {
    list,
    async removeWhatIsGone() {
      if (!rest) return;
      try {
        await rest();
        await ledger.projectEvents.countUnannounced(organization.key, [
          ...changedProjects,
        ]);
      } catch (error) {
        await fail(error);
      }
    },
  };
}

/** What was being asked for when the time for reading was over. */
function asLate(error: unknown, { message }: Error): Error {
  return error instanceof AzureDevOpsRequestError
    ? new Error(`could not ${error.operation}: ${message}`)
    : new Error(message);
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
