import type { LoggerService } from '@backstage/backend-plugin-api';
import type {
  OrganizationReport,
  ProjectEventReport,
  RefreshObserver,
  RefreshReport,
} from '../ingestion/report';
import { DOCUMENTATION } from '../documentation';
import type { DuplicateReport } from '../ledger/reports';
import { DUPLICATE_CURE, duplicateCause } from '../policy/explain';

/** So many duplicates are logged one by one after a refresh. */
const MOST_DUPLICATES = 20;
/** So many projects are named when it is about their events. */
const MOST_PROJECTS = 20;

/** Logs after each refresh what it found, skipped and read, and warns of what is newly wrong. */
export class RefreshLog implements RefreshObserver {
  readonly #logger: LoggerService;
  /** By subject what the last refresh had to warn of: what stays as it is is not logged again. */
  readonly #warned = new Map<string, ReadonlySet<string>>();

  constructor(logger: LoggerService) {
    this.#logger = logger;
  }

  started(): void {}

  ended(report: RefreshReport): void {
    const { provider, outcome, organizations, advice } = report;
    if (outcome === 'complete') {
      this.#logger.info(
        `${provider}: ${report.entities} entities of ${report.descriptors} descriptors; ` +
          `${report.added} added or changed in the catalog and ${report.removed} removed`,
      );
    }
    for (const organization of organizations) {
      // Why one failed was logged when it did.
      if (organization.outcome !== 'failed') {
        this.#logger.info(describeOrganizationReport(organization));
      }
    }
    this.#warnOfSilence(report);
    for (const text of this.#news('advice', advice)) {
      this.#logger.warn(`${provider}: ${text}`);
    }
    // One that broke off may not have looked for them.
    if (outcome === 'complete') this.#warnOfDuplicates(report.duplicates);
  }

  #news(subject: string, texts: readonly string[]): string[] {
    const known = this.#warned.get(subject);
    this.#warned.set(subject, new Set(texts));
    return texts.filter(text => !known?.has(text));
  }

  #warnOfSilence({ provider, events }: RefreshReport): void {
    const silent = events.filter(({ hasFallenSilent }) => hasFallenSilent);
    const news = this.#news('events', silent.map(describeLastEvent));
    if (news.length === 0) return;
    this.#logger.warn(
      `${provider}: events came of projects, and come no more, while refreshes go on finding changes in them. The last came of ${few(news)}. ` +
        `\`azure-devops-catalog hooks\` shows which subscription failed, and how: ${DOCUMENTATION}/events.md#when-events-stop`,
    );
  }

  #warnOfDuplicates(duplicates: readonly DuplicateReport[]): void {
    const keyOf = ({ entityRef, owner }: DuplicateReport) =>
      `${entityRef} ${owner}`;
    const keys = new Set(this.#news('duplicates', duplicates.map(keyOf)));
    const news = duplicates.filter(it => keys.has(keyOf(it)));
    for (const it of news.slice(0, MOST_DUPLICATES)) {
      const cause = duplicateCause(it.entityRef, it.owner, it.others);
      this.#logger.warn(`${cause}. ${DUPLICATE_CURE}.`);
    }
    const further = news.length - MOST_DUPLICATES;
    if (further > 0) {
      this.#logger.warn(`${further} more entities are defined more than once`);
    }
  }
}

function describeLastEvent({
  organization,
  project,
  lastEventAt,
}: ProjectEventReport): string {
  return `${organization}/${project} at ${new Date(lastEventAt).toISOString()}`;
}

/** A list that stays a line. */
function few(texts: readonly string[]): string {
  const further = texts.length - MOST_PROJECTS;
  return [
    ...texts.slice(0, MOST_PROJECTS),
    ...(further > 0 ? [`${further} further projects`] : []),
  ].join(', ');
}

/** One organization in one line. */
function describeOrganizationReport({
  organization,
  repositories: { seen, skipped, missing },
  probes: { conclusive, unknown, reasons },
  removals: { released, heldBack },
}: OrganizationReport): string {
  const held = heldBack.reduce((sum, { count }) => sum + count, 0);
  const parts = [
    `${seen} repositories`,
    [sumOf(skipped), `skipped${listed(skipped)}`],
    `${conclusive} read${listed(reasons)}`,
    [unknown, 'could not be read and stay as they are'],
    [missing, 'known ones missing from the list'],
    [released, 'entities removed'],
    [held, 'removals held back'],
  ] as const;
  return `${organization}: ${parts
    .flatMap(part => {
      if (typeof part === 'string') return [part];
      const [count, what] = part;
      return count > 0 ? [`${count} ${what}`] : [];
    })
    .join('; ')}`;
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** ` (fork: 3, disabled: 2)`, or nothing. */
function listed(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts).filter(([, count]) => count > 0);
  return entries.length === 0
    ? ''
    : ` (${entries.map(([reason, count]) => `${reason}: ${count}`).join(', ')})`;
}
