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

export interface LogLine {
  readonly level: 'info' | 'warn';
  readonly message: string;
}

/** Logs after each refresh what it found, skipped and read, and which entities are newly found to be defined more than once. */
export class RefreshLog implements RefreshObserver {
  readonly #logger: LoggerService;
  /** Projects whose events have fallen silent, and were warned of. */
  #silent: ReadonlySet<string> = new Set();
  /** Duplicates that were logged, with the descriptor that gives the entity: what stays as it is is not logged again. */
  #logged = new Map<string, string>();
  /** The advice of the last refresh, which is not repeated while it stays the same. */
  #advised: ReadonlySet<string> = new Set();

  constructor(logger: LoggerService) {
    this.#logger = logger;
  }

  started(): void {}

  ended(report: RefreshReport): void {
    if (report.outcome === 'complete') {
      this.#logger.info(
        `${report.provider}: ${report.entities} entities of ${report.descriptors} descriptors; ` +
          `${report.added} added or changed in the catalog and ${report.removed} removed`,
      );
    }
    for (const { level, message } of this.lines(report)) {
      this.#logger[level](message);
    }
  }

  /** @param report - of a refresh that has ended, well or not */
  lines(report: RefreshReport): LogLine[] {
    return [
      ...report.organizations
        // Why one failed was logged when it did.
        .filter(({ outcome }) => outcome !== 'failed')
        .map((organization): LogLine => ({
          level: 'info',
          message: describeOrganizationReport(organization),
        })),
      ...this.#describeSilence(report),
      ...this.#describeAdvice(report),
      // One that broke off may not have looked for them.
      ...(report.outcome === 'complete'
        ? this.#describeDuplicates(report.duplicates)
        : []),
    ];
  }

  #describeAdvice({ provider, advice }: RefreshReport): LogLine[] {
    const news = advice.filter(text => !this.#advised.has(text));
    this.#advised = new Set(advice);
    return news.map(text => ({
      level: 'warn',
      message: `${provider}: ${text}`,
    }));
  }

  #describeSilence({ provider, events }: RefreshReport): LogLine[] {
    const silent = events.filter(({ hasFallenSilent }) => hasFallenSilent);
    const news = silent
      .map(describeLastEvent)
      .filter(text => !this.#silent.has(text));
    this.#silent = new Set(silent.map(describeLastEvent));
    return news.length === 0
      ? []
      : [
          {
            level: 'warn',
            message:
              `${provider}: events came of projects, and come no more, while refreshes go on finding changes in them. The last came of ${few(news)}. ` +
              `\`azure-devops-catalog hooks\` shows which subscription failed, and how: ${DOCUMENTATION}/events.md#when-events-stop`,
          },
        ];
  }

  #describeDuplicates(duplicates: readonly DuplicateReport[]): LogLine[] {
    const news = duplicates.filter(
      ({ entityRef, owner }) => this.#logged.get(entityRef) !== owner,
    );
    this.#logged = new Map(
      duplicates.map(({ entityRef, owner }) => [entityRef, owner]),
    );
    const lines = news
      .slice(0, MOST_DUPLICATES)
      .map(({ entityRef, owner, others }): LogLine => ({
        level: 'warn',
        message: `${duplicateCause(entityRef, owner, others)}. ${DUPLICATE_CURE}.`,
      }));
    const further = news.length - lines.length;
    return further > 0
      ? [
          ...lines,
          {
            level: 'warn',
            message: `${further} more entities are defined more than once`,
          },
        ]
      : lines;
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
