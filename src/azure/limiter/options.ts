/** Whose turn it is first: a person waiting, then a request that is repeated, then the rest. */
export const LANES = ['interactive', 'repeat', 'background'] as const;

export type Lane = (typeof LANES)[number];

/** How a limiter paces the requests of one identity. */
export interface LimiterOptions {
  /** Requests at once before anything is known. Default: 8. */
  readonly initialConcurrency: number;
  /** Requests at once at most. Default: 32. */
  readonly maxConcurrency: number;
  /** The length of the service's sliding window in milliseconds; documented as five minutes. */
  readonly windowMs: number;
  /** The part of the budget, from 0 to 1, that each lane leaves to the others. */
  readonly reserve: Readonly<Record<Lane, number>>;
  /** How long a request of each lane may be made to wait for a pause that is known, in milliseconds. */
  readonly patienceMs: Readonly<Record<Lane, number>>;
  /** The first pause after a block that names no time, in milliseconds; doubled with each that follows. */
  readonly firstPauseMs: number;
  /** The longest pause that is not the service's own, in milliseconds. */
  readonly longestPauseMs: number;
  /** The longest pause that the service may ask for at once, in milliseconds; after it, it is asked again. */
  readonly longestAskedPauseMs: number;
  /** After how long without a single success those who wait are sent away, in milliseconds. */
  readonly giveUpMs: number;
  /** How often a budget that others use up is looked at again, in milliseconds. */
  readonly lookAgainMs: number;
  /** How many requests may be repeated on top of those that succeeding ones earn. */
  readonly repeats: number;
}

export const DEFAULT_LIMITER_OPTIONS: LimiterOptions = {
  initialConcurrency: 8,
  maxConcurrency: 32,
  windowMs: 300_000,
  reserve: { interactive: 0, repeat: 0.01, background: 0.01 },
  patienceMs: { interactive: 30_000, repeat: 900_000, background: 900_000 },
  firstPauseMs: 1_000,
  longestPauseMs: 60_000,
  longestAskedPauseMs: 3_600_000,
  giveUpMs: 600_000,
  lookAgainMs: 15_000,
  repeats: 20,
};
