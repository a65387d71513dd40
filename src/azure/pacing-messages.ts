import type { PacingReport } from './limiter/report';

/** A change of pace in words for the log, and how loud they are. */
export function describePacing(report: PacingReport): {
  readonly level: 'info' | 'warn';
  readonly text: string;
} {
  switch (report.change) {
    case 'paused':
      return {
        level: 'warn',
        text:
          `the service throttles this identity; no request is sent before ${timeOf(report.until)}. ` +
          "If this happens often, the organization's Usage page shows what uses the identity",
      };
    case 'slowed':
      return {
        level: 'info',
        text:
          `the rate limit${report.limit === undefined ? '' : ` of ${report.limit} units`} is all but used up; ` +
          `requests go on at the pace at which it comes back, the next before ${timeOf(report.until)}`,
      };
    case 'resumed':
      return { level: 'info', text: 'requests flow again' };
  }
}

function timeOf(milliseconds: number): string {
  return Number.isFinite(milliseconds)
    ? new Date(Math.ceil(milliseconds / 1000) * 1000)
        .toISOString()
        .replace('.000Z', 'Z')
    : 'the running ones end';
}
