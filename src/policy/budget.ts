import { counted } from '../counted';
import type { KnownDescriptor, PathObservation } from './model';

const MEBIBYTE = 1_048_576;

/**
 * What one repository may give. Whoever may push to one repository must not be
 * able to fill the catalog's database, or to keep the parser from the others.
 */
interface RepositoryBudget {
  /** Files that a pattern finds. */
  readonly descriptors: number;
  readonly entities: number;
  /** Of entities as JSON and of messages about rejected documents, in UTF-8. */
  readonly bytes: number;
  /** How long the thread of the YAML parser may read its files in one refresh, in milliseconds. */
  readonly parsingMs: number;
}

/**
 * Some ten times what the largest monorepos are known to have: 5,000 descriptors
 * of 2 KB, and 100 definitions of interfaces of 100 KB.
 */
export const REPOSITORY_BUDGET: RepositoryBudget = {
  descriptors: 50_000,
  entities: 50_000,
  bytes: 128 * MEBIBYTE,
  parsingMs: 120_000,
};

/** What a repository, or one of its descriptors, gives. */
export interface Holdings {
  readonly descriptors: number;
  readonly entities: number;
  readonly bytes: number;
}

export function holdingsOf(known: KnownDescriptor): Holdings {
  return { descriptors: 1, entities: known.claims.length, bytes: known.bytes };
}

/** What a file gives that was just read. */
export function holdingsFound(
  observation: Extract<PathObservation, { outcome: 'present' }>,
): Holdings {
  return {
    descriptors: 1,
    entities: observation.claims.length,
    bytes: bytesOf(observation),
  };
}

/** What an observation takes in memory and in the database, roughly, in bytes. */
export function bytesOf(observation: PathObservation): number {
  if (observation.outcome !== 'present') {
    return 0;
  }
  const { claims, rejections } = observation;
  const entities = claims.reduce(
    (sum, { entity }) => sum + Buffer.byteLength(entity),
    0,
  );
  return rejections.reduce(
    (sum, { message }) => sum + message.length,
    entities,
  );
}

export function sumOf(all: readonly Holdings[]): Holdings {
  return all.reduce(
    (sum, { descriptors, entities, bytes }) => ({
      descriptors: sum.descriptors + descriptors,
      entities: sum.entities + entities,
      bytes: sum.bytes + bytes,
    }),
    { descriptors: 0, entities: 0, bytes: 0 },
  );
}

/**
 * What a repository gives once one of its files is replaced.
 *
 * @param former - what the file gave before; nothing if it is new
 */
export function replace(
  total: Holdings,
  former: Holdings | undefined,
  found: Holdings,
): Holdings {
  return {
    descriptors:
      total.descriptors - (former?.descriptors ?? 0) + found.descriptors,
    entities: total.entities - (former?.entities ?? 0) + found.entities,
    bytes: total.bytes - (former?.bytes ?? 0) + found.bytes,
  };
}

/**
 * What is too much, in words; `undefined` when it is within the budget. What
 * shrinks, or stays, is never too much.
 */
export function excessOf(
  budget: RepositoryBudget,
  before: Holdings,
  after: Holdings,
): string | undefined {
  const words = {
    descriptors: (count: number) => counted(count, 'descriptor'),
    entities: (count: number) => counted(count, 'entity'),
    bytes: (count: number) =>
      `${format(Math.round(count / MEBIBYTE))} MiB of entities`,
  };
  for (const what of ['descriptors', 'entities', 'bytes'] as const) {
    if (after[what] > budget[what] && after[what] > before[what]) {
      return `${words[what](after[what])}, and a repository may give ${words[what](budget[what])}`;
    }
  }
  return undefined;
}

function format(count: number): string {
  return count.toLocaleString('en-US');
}
