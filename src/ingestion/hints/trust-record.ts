import { type Trust, TRUSTED } from './trust';
import type { HintSourceName, MissedChange } from './types';

/** The trust in every source of one organization's hints. */
export type TrustRecord = Readonly<Record<HintSourceName, Trust>>;

export const FULL_TRUST: TrustRecord = {
  activityMetrics: TRUSTED,
  codeSearch: TRUSTED,
};

/** As the ledger keeps it. */
export function writeTrust(record: TrustRecord): string {
  return JSON.stringify(record);
}

/** What another release may have written is not to be relied on: what does not read is full trust. */
export function readTrust(json: string | undefined): TrustRecord {
  let read: unknown;
  try {
    read = JSON.parse(json ?? '{}');
  } catch {
    return FULL_TRUST;
  }
  return {
    activityMetrics: trustOf(fieldOf(read, 'activityMetrics')),
    codeSearch: trustOf(fieldOf(read, 'codeSearch')),
  };
}

function trustOf(value: unknown): Trust {
  const caught = fieldOf(value, 'caught');
  const at = fieldOf(caught, 'at');
  if (isMissedChange(caught) && typeof at === 'number') {
    return { suspicions: [], caught: { ...caught, at } };
  }
  const suspicions = fieldOf(value, 'suspicions');
  const changes: readonly unknown[] = Array.isArray(suspicions)
    ? suspicions
    : [];
  return changes.length > 0
    ? { suspicions: changes.filter(isMissedChange) }
    : TRUSTED;
}

function isMissedChange(value: unknown): value is MissedChange {
  const texts = ['repositoryId', 'projectId', 'repository', 'path'];
  const former = fieldOf(value, 'formerObjectId');
  return (
    texts.every(key => typeof fieldOf(value, key) === 'string') &&
    typeof fieldOf(value, 'since') === 'number' &&
    typeof fieldOf(value, 'foundAt') === 'number' &&
    (former === undefined || typeof former === 'string')
  );
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
