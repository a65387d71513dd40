import {
  createServiceFactory,
  createServiceRef,
} from '@backstage/backend-plugin-api';
import type { RefreshObserver, RefreshReport } from '../ingestion/report';
import { messageOf } from '../thrown';

/** The last refresh of every provider of this process. */
export class LastRefreshes implements RefreshObserver {
  readonly #last = new Map<string, { report: RefreshReport; error?: string }>();

  started(report: RefreshReport): void {
    this.#last.set(report.provider, { report });
  }

  ended(report: RefreshReport, error?: unknown): void {
    if (error !== undefined) {
      this.#last.set(report.provider, { report, error: messageOf(error) });
    }
  }

  /** Provider by provider; `error` says why its last refresh failed. */
  list(): Array<RefreshReport & { error?: string }> {
    return [...this.#last.values()].map(({ report, error }) => ({
      ...report,
      error,
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
