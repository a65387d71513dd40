import type { Field, Input } from './operation';

const MAX_LIMIT = 1_000;
export const DEFAULT_LIMIT = 100;

/** Which part of a long answer is wanted. */
export const PAGE: Readonly<Record<'limit' | 'offset', Field>> = {
  limit: {
    in: 'query',
    type: 'integer',
    description: `At most so many; ${DEFAULT_LIMIT} if left out`,
    minimum: 1,
    maximum: MAX_LIMIT,
  },
  offset: {
    in: 'query',
    type: 'integer',
    description: 'So many of the first are left out',
    minimum: 0,
  },
};

export function pageOf({ limit, offset }: Input): {
  limit: number;
  offset: number;
} {
  return { limit: Number(limit ?? DEFAULT_LIMIT), offset: Number(offset ?? 0) };
}
