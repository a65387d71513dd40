import type { LoggerService } from '@backstage/backend-plugin-api';
import type { OrganizationMemory } from './memory';
import { describeCaught, describeOff } from './saying';
import type { Trust } from './trust';
import type { HintSourceName } from './types';
import type { OrganizationReport } from '../report';

/** How one source fared in one pass. */
export interface SourceStanding {
  readonly name: HintSourceName;
  readonly isAskable: boolean;
  /** Why it is no use under these settings. */
  readonly unusable: string | undefined;
  readonly caught: Trust['caught'];
  readonly requests: number;
  readonly named: ReadonlySet<string>;
}

/** Puts into the report how a source fared; what is new of it is logged as well. */
export function reportStanding(
  output: {
    readonly report: OrganizationReport;
    readonly memory: OrganizationMemory;
    readonly logger: LoggerService;
  },
  standing: SourceStanding,
): void {
  const { report, memory, logger } = output;
  const { name, caught, isAskable, unusable, requests } = standing;
  const counts = { source: name, requests, named: standing.named.size };
  const availability = memory.availability(name);
  let off: string | undefined;
  if (caught) {
    const note = describeCaught(report.organization, name, caught);
    report.notes.push(note);
    report.hints.push({ ...counts, state: 'dropped', reason: note });
  } else if (isAskable) {
    report.hints.push({ ...counts, state: requests > 0 ? 'asked' : 'idle' });
  } else {
    off = unusable ?? availability.reason ?? 'it failed';
    report.hints.push({ ...counts, state: 'off', reason: off });
  }
  if (memory.isNews(name, off) && off !== undefined) {
    const until = unusable ? undefined : availability.offUntil;
    logger.info(describeOff(report.organization, name, { reason: off, until }));
  }
}
