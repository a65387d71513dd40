/** What holds requests up. Times are epoch milliseconds. */
export type Hold =
  | { readonly by: 'nothing' }
  /** The service asked for a pause, or throttled without naming a time. */
  | { readonly by: 'pause'; readonly until: number }
  /** The budget is all but spent; requests wait for it to come back. */
  | {
      readonly by: 'budget';
      readonly until: number;
      /** What may be spent in a window, in the service's own units. */
      readonly limit: number;
    };

/** While requests flow and stop in turn, they count as held up until they have flowed for so long. */
const CALM_MS = 60_000;
const SEVERITY = { nothing: 0, budget: 1, pause: 2 } as const;

/** Reports each change of pace once, however often requests stop and go meanwhile, and adds up for how long they were held up. */
export class PacingReporter {
  readonly #report: (hold: Hold) => void;
  #reported: Hold['by'] = 'nothing';
  /** The end of the last hold that is known of. */
  #heldUntil = 0;
  /** The present hold: since when it is not added up yet, and its end. */
  #unadded: { readonly since: number; readonly until: number } | undefined;
  #heldMs = 0;

  constructor(report: (hold: Hold) => void) {
    this.#report = report;
  }

  /** For how long requests have been held up, all told, in milliseconds. A hold ends when it was said to, whether or not anybody looks. */
  heldMs(now: number): number {
    const { since, until } = this.#unadded ?? { since: now, until: now };
    return this.#heldMs + Math.max(0, Math.min(now, until) - since);
  }

  /** @param idle - whether no request is under way or waiting */
  observe(hold: Hold, idle: boolean, now: number): void {
    this.#heldMs = this.heldMs(now);
    this.#unadded =
      hold.by === 'nothing' ? undefined : { since: now, until: hold.until };
    if (hold.by === 'nothing') {
      if (
        this.#reported !== 'nothing' &&
        (idle || now - this.#heldUntil >= CALM_MS)
      ) {
        this.#reported = 'nothing';
        this.#report(hold);
      }
      return;
    }
    this.#heldUntil = Number.isFinite(hold.until) ? hold.until : now;
    if (SEVERITY[hold.by] > SEVERITY[this.#reported]) {
      this.#reported = hold.by;
      this.#report(hold);
    }
  }
}

/** A change of pace in words for the log, and how loud they are. */
export function describePacing(hold: Hold): {
  readonly level: 'info' | 'warn';
  readonly text: string;
} {
  switch (hold.by) {
    case 'pause':
      return {
        level: 'warn',
        text:
          `the service throttles this identity; no request is sent before ${timeOf(hold.until)}. ` +
          "If this happens often, the organization's Usage page shows what uses the identity",
      };
    case 'budget':
      return {
        level: 'info',
        text:
          `the rate limit of ${hold.limit} units is all but used up; ` +
          `requests go on at the pace at which it comes back, the next before ${timeOf(hold.until)}`,
      };
    case 'nothing':
      return { level: 'info', text: 'requests flow again' };
  }
}

/** In UTC, to the second. @param milliseconds - since 1970 */
export function timeOf(milliseconds: number): string {
  return Number.isFinite(milliseconds)
    ? new Date(Math.ceil(milliseconds / 1000) * 1000)
        .toISOString()
        .replace('.000Z', 'Z')
    : 'the running ones end';
}
