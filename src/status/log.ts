import type { LoggerService } from '@backstage/backend-plugin-api';
import { counted } from '../counted';
import type {
  OrganizationReport,
  ProjectEventReport,
  RefreshObserver,
  RefreshReport,
} from '../ingestion/report';
import { DOCUMENTATION } from '../documentation';
import type { DuplicateReport } from '../ledger/reports';
import { DUPLICATE_CURE, duplicateCause, few } from '../policy/explain';

/** So many duplicates are logged one by one after a refresh. */
const MOST_DUPLICATES = 20;

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
        `${provider}: ${counted(report.entities, 'entity')} of ${counted(report.descriptors, 'descriptor')}; ` +
          `${report.added} added or changed in the catalog and ${report.removed} removed`,
      );
    }
    for (const organization of organizations) {
      // Why one failed was logged when it did.
      if (organization.outcome !== 'failed') {
        this.#logger.info(describeOrganizationReport(organization));
      }
    }
    this.#warnOfEvents(report);
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

  #warnOfEvents({ provider, events }: RefreshReport): void {
    const silent = this.#news(
      'silent',
      events.filter(it => it.hasFallenSilent).map(describeLastEvent),
    );
    if (silent.length > 0) {
      this.#logger.warn(
        `${provider}: events came of projects, and come no more, while refreshes go on finding changes in them. The last came of ${few(silent)}. ` +
          `\`azure-devops-catalog hooks\` shows which subscription failed, and how: ${DOCUMENTATION}/events.md#when-events-stop`,
      );
    }
    const unnamed = this.#news(
      'unnamed',
      events.filter(it => it.namesNoRepository).map(nameOf),
    );
    if (unnamed.length > 0) {
      this.#logger.warn(
        `${provider}: events of ${few(unnamed)} name no repository, so that each has all repositories of its project looked at. ` +
          'What to do: Run `azure-devops-catalog hooks --apply`, which replaces those of its own that send too little; of others set ' +
          `"Resource details to send" to "All": ${DOCUMENTATION}/events.md#events-that-name-no-repository`,
      );
    }
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
      this.#logger.warn(
        `Defined more than once as well: ${counted(further, 'further entity')}, which \`/duplicates\` of the HTTP API has`,
      );
    }
  }
}

function describeLastEvent(report: ProjectEventReport): string {
  return `${nameOf(report)} at ${new Date(report.lastEventAt).toISOString()}`;
}

function nameOf({ organization, project }: ProjectEventReport): string {
  return `${organization}/${project}`;
}

/** One organization in one line. */
function describeOrganizationReport({
  organization,
  repositories: { seen, skipped, missing },
  probes: { conclusive, unknown, reasons },
  removals: { released, heldBack },
}: OrganizationReport): string {
  const held = heldBack.reduce((sum, { count }) => sum + count, 0);
  const count = (n: number, what: string, rest: string) =>
    n > 0 ? `${counted(n, what)} ${rest}` : undefined;
  const parts = [
    counted(seen, 'repository'),
    sumOf(skipped) > 0 && `${sumOf(skipped)} skipped${listed(skipped)}`,
    `${conclusive} read${listed(reasons)}`,
    unknown > 0 && `${unknown} could not be read, and left as before`,
    count(missing, 'known repository', 'missing from the list'),
    count(released, 'entity', 'removed'),
    count(held, 'removal', 'held back'),
  ];
  return `${organization}: ${parts.filter(Boolean).join('; ')}`;
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
