import type { CatalogContent, Ingestion } from '../../dev/summary';
import type {
  OrganizationReport,
  RefreshReport,
} from '../../src/ingestion/report';

/** An organization that went well, but for what is given. */
export function organizationReport(
  overrides: Partial<OrganizationReport> = {},
): OrganizationReport {
  return {
    organization: 'dev.azure.com/contoso',
    outcome: 'complete',
    problems: [],
    repositories: {
      seen: 5,
      selected: 3,
      skipped: { disabled: 1, empty: 1 },
      missing: 0,
    },
    probes: { conclusive: 3, unknown: 0, reasons: {} },
    removals: { released: 0, heldBack: [] },
    ...overrides,
  };
}

/** A refresh that went well, but for what is given. */
export function refreshReport(
  overrides: Partial<RefreshReport> = {},
): RefreshReport {
  return {
    provider: 'AzureDevOpsEntityProvider:development',
    startedAt: 0,
    outcome: 'complete',
    organizations: [organizationReport()],
    descriptors: 3,
    entities: 7,
    added: 7,
    removed: 0,
    rejectedFiles: 0,
    duplicates: [],
    advice: [],
    events: [],
    ...overrides,
  };
}

export function ingestion(...reports: RefreshReport[]): Ingestion {
  return {
    refreshes: reports.map(report => ({ provider: report.provider, report })),
    requests: 12,
  };
}

export function catalogContent(
  overrides: Partial<CatalogContent> = {},
): CatalogContent {
  return {
    address: 'http://localhost:7007/api/catalog',
    total: 9,
    kinds: { API: 2, Component: 5, Location: 2 },
    emitted: 7,
    rejectedFiles: [],
    unprocessable: [],
    ...overrides,
  };
}
