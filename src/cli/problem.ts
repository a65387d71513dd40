/** The command line itself was wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** How a run ended, for scripts. */
export const EXIT = {
  /** Everything was done, and nothing is wrong. */
  ok: 0,
  /** Something is wrong with the configuration, a credential or an organization. */
  problem: 1,
  /** The command line was wrong. */
  usage: 2,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
