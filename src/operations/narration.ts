import type {
  DuplicateReport,
  OrganizationReport,
  RefreshReport,
} from './status';

/** So many duplicates are told of one by one after a refresh. */
const MOST_DUPLICATES = 20;

export interface LogLine {
  readonly level: 'info' | 'warn';
  readonly message: string;
}

/**
 * Puts into words for the log what a refresh found, skipped and read, and what
 * is new of it to say about entities that several descriptors give.
 */
export class Narration {
  /** Duplicates that were told of, with the descriptor that gives the entity: what stays as it is is not said again. */
  #told = new Map<string, string>();

  /** @param report - of a refresh that has ended, well or not */
  tell(report: RefreshReport): LogLine[] {
    return [
      ...report.organizations
        // Why one failed was said when it did.
        .filter(({ outcome }) => outcome !== 'failed')
        .map((organization): LogLine => ({
          level: 'info',
          message: describeOrganizationReport(organization),
        })),
      // One that broke off may not have looked for them.
      ...(report.outcome === 'complete'
        ? this.#tellDuplicates(report.duplicates)
        : []),
    ];
  }

  #tellDuplicates(duplicates: readonly DuplicateReport[]): LogLine[] {
    const news = duplicates.filter(
      ({ entityRef, owner }) => this.#told.get(entityRef) !== owner,
    );
    this.#told = new Map(
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
  removals: { released, refusals },
}: OrganizationReport): string {
  const held = refusals.reduce((sum, { count }) => sum + count, 0);
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
