import { GRACE_MS, SENTENCE_MS, type Trust } from './trust';
import type { HintSourceName } from './types';

/** What people know the sources as. */
const NAMES: Readonly<Record<HintSourceName, string>> = {
  activityMetrics: "the activity metrics of the organization's projects",
  codeSearch: 'the results of Code Search',
};

const ANYWAY =
  'Nothing is lost: every repository is verified within verifyEvery all the same';

/** Why a source was dropped, for the operator. */
export function describeCaught(
  organization: string,
  source: HintSourceName,
  caught: NonNullable<Trust['caught']>,
): string {
  const { repository, path, since, foundAt, at } = caught;
  return (
    `${organization}: no hints are taken from ${NAMES[source]} until ${timeOf(at + SENTENCE_MS)}: ` +
    `a probe at ${timeOf(foundAt)} found a change of ${path} in ${repository} that came after ${timeOf(since)}, ` +
    `and more than ${GRACE_MS / 60_000} minutes later they still did not show it. ${ANYWAY}`
  );
}

/** Why a source is not asked at present, for the operator. */
export function describeOff(
  organization: string,
  source: HintSourceName,
  off: { reason: string; until?: number },
): string {
  const until = off.until === undefined ? '' : ` until ${timeOf(off.until)}`;
  return `${organization}: no hints are taken from ${NAMES[source]}${until}: ${off.reason.replace(/\.$/, '')}. ${ANYWAY}`;
}

function timeOf(time: number): string {
  return new Date(time).toISOString();
}
