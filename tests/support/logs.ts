import type { RootLoggerService } from '@backstage/backend-plugin-api';
import { witness } from './witness';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly meta: unknown;
}

/** A logger that keeps its lines. */
export function recordingLogger(lines: LogLine[]): RootLoggerService {
  const at = (level: LogLine['level']) => (message: string, meta?: unknown) => {
    lines.push({ level, message, meta });
    witness()?.saw('the log', meta === undefined ? message : [message, meta]);
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => recordingLogger(lines),
  };
}
