import {
  createServiceFactory,
  createServiceRef,
} from '@backstage/backend-plugin-api';
import type { RefreshObserver, RefreshReport } from '../ingestion/report';
import { messageOf } from '../thrown';

/** The last refresh of every provider of this process. */
export class LastRefreshes implements RefreshObserver {
  private readonly reports = new Map<string, RefreshReport>();
  private readonly errors = new Map<string, string>();

  started(report: RefreshReport): void {
    this.reports.set(report.provider, report);
    this.errors.delete(report.provider);
  }

  ended(report: RefreshReport, error?: unknown): void {
    if (error !== undefined) {
      this.errors.set(report.provider, messageOf(error));
    }
  }

  /** Provider by provider; `error` says why its last refresh failed. */
  list(): Array<RefreshReport & { error?: string }> {
    return [...this.reports.values()].map(report => ({
      ...report,
      error: this.errors.get(report.provider),
    }));
  }
}

/** Where the last refresh of every provider can be looked up. */
export const statusServiceRef = createServiceRef<LastRefreshes>({
  id: 'catalog-azure-devops.status',
  scope: 'root',
  defaultFactory: async service =>
    createServiceFactory({
      service,
      deps: {},
      factory: () => new LastRefreshes(),
    }),
});
