import type { DuplicateReport, RejectedFile } from '../ledger/reports';
import type { HeldBack } from '../policy/guard';

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
  /** How the sources of hints fared; those that are switched off in the configuration are left out. */
  hints: HintReport[];
  /** What the operator should know, though nothing failed. */
  notes: string[];
}

/** How one source of hints fared in one pass over one organization. */
export interface HintReport {
  readonly source: 'activityMetrics' | 'codeSearch';
  /**
   * `asked`; `idle`: it had no turn in this pass; `off`: the service lacks or
   * refuses it, or it failed; `dropped`: it was caught not knowing of a change.
   */
  readonly state: 'asked' | 'idle' | 'off' | 'dropped';
  /** Why it is off or was dropped. */
  readonly reason?: string;
  readonly requests: number;
  /** How many repositories it named. */
  readonly named: number;
}

/** One refresh of one provider. */
export interface RefreshReport {
  readonly provider: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  endedAt?: number;
  outcome: 'running' | 'complete' | 'failed';
  readonly organizations: OrganizationReport[];
  /** Descriptors and entities that the ledger holds now. */
  descriptors: number;
  entities: number;
  /** What the catalog was told. */
  added: number;
  removed: number;
  rejectedFiles: RejectedFile[];
  duplicates: DuplicateReport[];
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
    hints: [],
    notes: [],
  };
}

/** Follows refreshes; see `status/`. */
export interface RefreshObserver {
  /** A refresh begins; its report fills as it goes. */
  started(report: RefreshReport): void;
  /** @param error - why it failed, if it did */
  ended(report: RefreshReport, error?: unknown): void;
}
