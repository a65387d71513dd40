import type { RootLoggerService } from '@backstage/backend-plugin-api';
import { secretScan } from './secret-scan';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly meta: unknown;
}

/** A logger that keeps its lines. */
export function recordingLogger(lines: LogLine[]): RootLoggerService {
  const at = (level: LogLine['level']) => (message: string, meta?: unknown) => {
    lines.push({ level, message, meta });
    secretScan()?.saw(
      'the log',
      meta === undefined ? message : [message, meta],
    );
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => recordingLogger(lines),
  };
}

/** What Backstage warns of because of how tests are configured: with tokens, and without authentication. */
const OF_THE_TESTS = [
  // backend-defaults since 0.19, at every start.
  /^Personal access token credentials for Azure DevOps Services \(\S+\) are deprecated\./,
  /dangerouslyDisableDefaultAuthPolicy/,
];

/** The warnings and errors, without those that the tests' own configuration brings. */
export function problemsIn(lines: readonly LogLine[]): LogLine[] {
  return lines.filter(
    ({ level, message }) =>
      (level === 'warn' || level === 'error') &&
      !OF_THE_TESTS.some(pattern => pattern.test(message)),
  );
}
