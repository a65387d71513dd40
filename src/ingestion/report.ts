import type { DuplicateReport } from '../ledger/reports';
import type { HeldBack } from '../policy/guard';
import { messageOf } from '../thrown';

/** How one organization fared in one refresh. */
export interface OrganizationReport {
  /** `host/organization`. */
  readonly organization: string;
  /** `complete`: every selected repository ended present or absent. `failed`: not even the list could be had. */
  outcome: 'complete' | 'incomplete' | 'failed';
  /** Why it failed or is incomplete, in words for the operator. */
  problems: string[];
  repositories: {
    /** In the list. */
    seen: number;
    selected: number;
    /** By reason. */
    skipped: Record<string, number>;
    /** Known and not in the list: neither kept nor removed for that alone. */
    missing: number;
  };
  probes: {
    conclusive: number;
    unknown: number;
    /** By reason for the probe. */
    reasons: Record<string, number>;
  };
  removals: {
    /** Entities that left the catalog. */
    released: number;
    /** What the guard held back. */
    heldBack: HeldBack[];
  };
  /** How Code Search fared; absent in the first refresh, and when the configuration switches it off. */
  hints?: HintReport;
}

/** How Code Search fared in one pass over one organization. */
type HintReport =
  | {
      readonly state: 'asked';
      readonly requests: number;
      /** How many repositories it named. */
      readonly named: number;
      /** In how many others verification found a change. */
      missed: number;
    }
  | {
      /** The service lacks or denies it, it failed, or it is of no use under these settings. */
      readonly state: 'off';
      readonly reason: string;
      /** When it is tried again, in milliseconds since 1970; absent when the settings are the reason. */
      readonly until?: number;
    };

/** One refresh of one provider. */
export interface RefreshReport {
  readonly provider: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  endedAt?: number;
  outcome: 'running' | 'complete' | 'failed';
  readonly organizations: OrganizationReport[];
  /** How many descriptors and entities the ledger holds now. */
  descriptors: number;
  entities: number;
  /** How many entities were added to the catalog or changed in it, and removed from it. */
  readonly added: number;
  readonly removed: number;
  /** How many files have rejected documents; the ledger has which. */
  rejectedFiles: number;
  /** The first thousand, by reference; the ledger has all. */
  duplicates: DuplicateReport[];
  /** Why nothing was found, if nothing was, and what to do. */
  advice: string[];
  /** How events fare, by project: those of which one ever came. */
  events: ProjectEventReport[];
}

/** What is kept of a provider's last refresh, for those who ask another process; what the ledger has anyway is left out. */
export interface StoredRefresh extends Omit<
  RefreshReport,
  'rejectedFiles' | 'duplicates' | 'events' | 'descriptors' | 'entities'
> {
  /** The name of the machine that it ran on. */
  readonly replica: string;
  /** Why it failed, if it did. */
  readonly error?: string;
}

/** @param error - why it failed, if it did */
export function toStored(
  { startedAt, endedAt, outcome, organizations, ...report }: RefreshReport,
  replica: string,
  error?: unknown,
): StoredRefresh {
  return {
    provider: report.provider,
    startedAt,
    endedAt,
    outcome,
    // The sets themselves are in the ledger.
    organizations: organizations.map(it => ({
      ...it,
      removals: { ...it.removals, heldBack: [] },
    })),
    added: report.added,
    removed: report.removed,
    advice: report.advice,
    replica,
    error: error === undefined ? undefined : messageOf(error),
  };
}

/** How the events of one project fare. */
export interface ProjectEventReport {
  /** `host/organization`. */
  readonly organization: string;
  /** The project's name. */
  readonly project: string;
  /** When the last event came, in milliseconds since 1970. */
  readonly lastEventAt: number;
  /** Whether they came and come no more, while refreshes go on finding changes. */
  readonly hasFallenSilent: boolean;
  /** Whether they name no repository, so that each has all of the project looked at. */
  readonly namesNoRepository: boolean;
}

/** An empty report for an organization that is about to be passed over. */
export function startOrganizationReport(
  organization: string,
): OrganizationReport {
  return {
    organization,
    outcome: 'incomplete',
    problems: [],
    repositories: { seen: 0, selected: 0, skipped: {}, missing: 0 },
    probes: { conclusive: 0, unknown: 0, reasons: {} },
    removals: { released: 0, heldBack: [] },
  };
}

/** Follows refreshes, and looks at single repositories; see `status/`. */
export interface RefreshObserver {
  /** A refresh begins; its report fills as it goes. */
  started(report: RefreshReport): void;
  /** @param error - why it failed, if it did */
  ended(report: RefreshReport, error?: unknown): void;
  /** Repositories of one organization were looked at because something was announced. @param provider - its name */
  looked?(provider: string, report: OrganizationReport): void;
}

/** What became of an event: something is due because of it, it concerns nothing that is ingested, or it could not be taken. */
export type EventOutcome = 'due' | 'irrelevant' | 'failed';

/** Called with what comes in; see `status/`. */
export interface EventObserver {
  /** @param event - one of those that are listened to, such as `git.push` */
  eventTaken(event: string, outcome: EventOutcome): void;
  /** Somebody had an entity refreshed. */
  refreshAsked(outcome: EventOutcome): void;
}

/** What can be noted on a span of a trace. */
interface TracedSpan {
  setAttribute(key: string, value: string | number): void;
}

/** Runs something as a span of a trace. */
export type Trace = <T>(
  name: 'refresh' | 'pass' | 'look' | 'probe',
  attributes: Readonly<Record<string, string>>,
  run: (span: TracedSpan) => Promise<T>,
) => Promise<T>;

/** Where nobody traces. */
export const untraced: Trace = async (_name, _attributes, run) =>
  await run({ setAttribute: () => {} });
