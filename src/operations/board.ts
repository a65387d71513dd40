import type { RefreshReport } from './status';

/** The last refresh of every provider of this process, for those who want to know how it went. */
export class StatusBoard {
  private readonly reports = new Map<string, RefreshReport>();
  private readonly errors = new Map<string, string>();

  /** A refresh begins; its report fills as it goes. */
  started(report: RefreshReport): void {
    this.reports.set(report.provider, report);
    this.errors.delete(report.provider);
  }

  failed(provider: string, error: unknown): void {
    const report = this.reports.get(provider);
    if (report) {
      report.outcome = 'failed';
    }
    this.errors.set(
      provider,
      error instanceof Error ? error.message : String(error),
    );
  }

  /** Provider by provider; `error` says why its last refresh failed. */
  list(): Array<RefreshReport & { error?: string }> {
    return [...this.reports.values()].map(report => ({
      ...report,
      error: this.errors.get(report.provider),
    }));
  }
}
