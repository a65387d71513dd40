import type { Field, Input } from './operation';

const MOST = 1_000;
/** So many are in an answer unless it is said otherwise. */
export const FEW = 100;

/** Which part of a long answer is wanted. */
export const PAGE: Readonly<Record<'limit' | 'offset', Field>> = {
  limit: {
    in: 'query',
    type: 'integer',
    description: `At most so many; ${FEW} if left out`,
    minimum: 1,
    maximum: MOST,
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
  return { limit: Number(limit ?? FEW), offset: Number(offset ?? 0) };
}
