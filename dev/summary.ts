import type {
  OrganizationReport,
  RefreshReport,
} from '../src/ingestion/report';

/** The product's reports of its refreshes, provider by provider. */
export interface Ingestion {
  /** The latest refresh of every provider that is configured. */
  readonly refreshes: ReadonlyArray<{
    readonly provider: string;
    /** Absent until the scheduler has started it. */
    readonly report?: RefreshReport & { readonly error?: string };
  }>;
  /** Requests that were sent to Azure DevOps since the process started. */
  readonly requests: number;
}

/** What the catalog's own API gives. */
export interface CatalogContent {
  /** `http://host:port/api/catalog` */
  readonly address: string;
  readonly total: number;
  /** Kind -> how many. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Those that a provider emitted; the others the catalog read itself, along a Location's targets. */
  readonly emitted: number;
  /** Those that a Location stands for, by URL. */
  readonly rejectedFiles: readonly RejectedFile[];
  /** Of a provider's entities, those that it shows nowhere, since processing them fails. */
  readonly unprocessable: readonly UnprocessableEntity[];
}

/** A file of which a document was rejected. */
export interface RejectedFile {
  readonly target: string;
  /** One line a document: where, and why. */
  readonly errors: readonly string[];
}

/** An entity that a provider emitted and that the catalog does not take. */
export interface UnprocessableEntity {
  readonly entityRef: string;
  /** The location that it comes from, as `url:...`. */
  readonly target: string;
  readonly errors: readonly string[];
}

/** Whether every provider's refresh has come to an end, good or bad. */
export function isFinished({ refreshes }: Ingestion): boolean {
  return refreshes.every(
    ({ report }) => report !== undefined && report.outcome !== 'running',
  );
}

/** How many entities the catalog has to take, or to reject, once it has processed all that it was given. */
export function expectedEntities(ingestion: Ingestion): number {
  return sum(
    ingestion,
    // Each rejected file is shown by a Location entity.
    ({ entities, rejectedFiles }) => entities + rejectedFiles,
  );
}

/**
 * Why this was no success; empty when it was. What is rejected, by us or by the
 * catalog, is its author's matter and no failure.
 */
export function failures(ingestion: Ingestion): string[] {
  const found: string[] = [];
  for (const { provider, report } of ingestion.refreshes) {
    const before = found.length;
    for (const organization of report?.organizations ?? []) {
      if (organization.outcome !== 'complete') {
        found.push(...problems(organization));
      }
    }
    if (report?.outcome !== 'complete' && found.length === before) {
      found.push(
        `${provider}: ${report?.error ?? 'it has not come to an end'}`,
      );
    }
  }
  return found;
}

function problems(organization: OrganizationReport): string[] {
  if (organization.problems.length > 0) return organization.problems;
  return [`${organization.organization}: ${organization.outcome}`];
}

/** Every organization of every provider, as far as a refresh has come to it. */
export function organizations(ingestion: Ingestion): OrganizationReport[] {
  return ingestion.refreshes.flatMap(
    ({ report }) => report?.organizations ?? [],
  );
}

/** Adds up over the refreshes that have begun. */
export function sum(
  ingestion: Ingestion,
  count: (report: RefreshReport) => number,
): number {
  return ingestion.refreshes.reduce(
    (total, { report }) => total + (report ? count(report) : 0),
    0,
  );
}
