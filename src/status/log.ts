import type { LoggerService } from '@backstage/backend-plugin-api';
import type {
  OrganizationReport,
  RefreshObserver,
  RefreshReport,
} from '../ingestion/report';
import type { DuplicateReport } from '../ledger/reports';

/** So many duplicates are logged one by one after a refresh. */
const MOST_DUPLICATES = 20;

export interface LogLine {
  readonly level: 'info' | 'warn';
  readonly message: string;
}

/** Logs after each refresh what it found, skipped and read, and which entities are newly found to be defined more than once. */
export class RefreshLog implements RefreshObserver {
  readonly #logger: LoggerService;
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
        message: `${entityRef} is defined by ${owner}, which is in the catalog, and by ${others.join(', ')}, which ${others.length === 1 ? 'is' : 'are'} left out until the former is gone. Give the entities different names, or delete the definitions that are not meant.`,
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

/** One organization in one line. */
export function describeOrganizationReport({
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
