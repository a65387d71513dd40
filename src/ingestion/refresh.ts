import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import { durationToMilliseconds } from '@backstage/types';
import { withoutStatement } from '../ledger/statement';
import { describeHeldBack } from '../policy/guard';
import { hasFallenSilent, namesNoRepository } from '../policy/event-health';
import type { OrganizationList } from '../policy/select';
import { Applier } from './apply';
import type { RefreshContext } from './context';
import { FileEvidence } from './file-evidence';
import { takeFromOthers } from './handover';
import { adviseOnNothingFound } from './near-miss';
import { removeOrphanedOrganizations } from './orphans';
import { passOrganization } from './pass';
import { ReadingTime } from './reading-time';
import { reconcile, removeStrays, showAgain } from './reconcile';
import {
  startOrganizationReport,
  type ProjectEventReport,
  RefreshReport,
  toStored,
} from './report';
import { takeOver } from './takeover';

/** How many entities with several descriptors a report has. */
const MOST_DUPLICATES = 1_000;

/** What the steps of one refresh work with. */
interface Run extends RefreshContext {
  readonly applier: Applier;
  readonly readingTime: ReadingTime;
  readonly signal?: AbortSignal;
  /** Filled as the refresh goes. */
  readonly report: RefreshReport;
}

/** The lists of the organizations that could be had, by key. */
type Lists = ReadonlyMap<string, OrganizationList>;

/** A refresh that could not do all of its job; the message is for the operator. */
class RefreshError extends Error {
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
    rejectedFiles: 0,
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
    const problems = await refreshAll({
      ...context,
      applier,
      readingTime,
      signal,
      report,
    });
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

/** @returns what could not be done, in words for the operator */
async function refreshAll(run: Run): Promise<string[]> {
  const { settings, ledger, applier, report, signal } = run;
  // What an earlier refresh recorded and did not live to apply comes first.
  await applier.applyPending({ wait: true, signal });
  const seenAt = await ledger.currentTicket();
  const lists = await passAll(run, seenAt);
  const problems = report.organizations.flatMap(it => it.problems);
  // Where a list could not be had, what is missing from the others may be in it
  // under its new name.
  if (lists.size === settings.organizations.length) {
    problems.push(
      ...(await removeOrphanedOrganizations({
        ...run,
        configured: [...lists.keys()],
        listed: idsIn(lists),
        seenAt,
      })),
    );
  }
  await applier.applyPending({ wait: true, signal });
  problems.push(...(await compareWithCatalog(run, lists, seenAt)));
  for (const [entityRef, message] of applier.refused) {
    problems.push(
      `${settings.providerName}: the catalog did not take ${entityRef}: ${message}. Everything else was applied; it is tried again with each refresh`,
    );
  }
  await completeReport(run, lists);
  return problems;
}

async function passAll(run: Run, seenAt: number): Promise<Lists> {
  const { settings, report, signal } = run;
  const lists = new Map<string, OrganizationList>();
  const passes = await Promise.all(
    settings.organizations.map(async organization => {
      const organizationReport = startOrganizationReport(organization.label);
      report.organizations.push(organizationReport);
      const pass = await passOrganization({
        ...run,
        organization,
        report: organizationReport,
        seenAt,
      });
      if (pass.list) {
        lists.set(organization.key, pass.list);
      }
      return pass;
    }),
  );
  signal?.throwIfAborted();
  // Not before: what is gone from one organization may be in another. One after
  // another: what one loses another may give, and lose as well.
  for (const pass of passes) {
    await pass.removeWhatIsGone();
  }
  signal?.throwIfAborted();
  return lists;
}

/** Ids of the repositories in the lists. */
function idsIn(lists: Lists): Set<string> {
  return new Set(
    [...lists.values()].flatMap(({ repositories, odd }) =>
      [...repositories, ...odd].flatMap(({ id }) => id ?? []),
    ),
  );
}

/**
 * Takes over, removes and applies again what the catalog has otherwise than the
 * ledger.
 *
 * @returns what was held back, in words for the operator
 */
async function compareWithCatalog(
  run: Run,
  lists: Lists,
  seenAt: number,
): Promise<string[]> {
  const { settings, memory } = run;
  const evidence = new FileEvidence({
    ...run,
    ...settings.removals,
    lacked: memory.lacked,
    asksFor: path => settings.paths.some(it => it.matches(path)),
    lists,
  });
  const input = { ...run, evidence, limits: settings.removals };
  const heldBack = [
    ...(await takeOver({ ...input, waitedFor: memory.waitedFor })),
    ...(await removeStrays(input)),
  ];
  await run.onHeldBack('', heldBack);
  await takeFromOthers(run);
  await reconcile({ ...run, upTo: seenAt });
  await showAgain({ ...run, former: memory.unshown });
  return heldBack.map(held =>
    describeHeldBack(settings.providerName, settings.id, held),
  );
}

async function completeReport(run: Run, lists: Lists): Promise<void> {
  const { ledger, report } = run;
  Object.assign(report, await ledger.reports.counts());
  if (report.organizations.every(({ outcome }) => outcome === 'complete')) {
    report.advice = await adviseOnNothingFound({
      ...run,
      lists,
      descriptors: report.descriptors,
    });
  }
  report.duplicates = await ledger.reports.duplicates(
    await ledger.reports.contested(MOST_DUPLICATES),
  );
  report.events = await reportEvents(run);
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
