/** A change of pace that an operator should hear of. Times are epoch milliseconds. */
export type PacingReport =
  /** The service asked to be left alone, or refused without saying for how long. */
  | { readonly change: 'paused'; readonly until: number }
  /** The budget is all but spent; requests wait for it to come back. */
  | {
      readonly change: 'slowed';
      readonly until: number;
      readonly limit: number | undefined;
    }
  /** Nothing is held up any more. */
  | { readonly change: 'resumed' };

/** What holds requests up at an instant. */
export type Hold =
  | { readonly by: 'nothing' }
  | { readonly by: 'pause'; readonly until: number }
  | {
      readonly by: 'budget';
      readonly until: number;
      readonly limit: number | undefined;
    };

/** While requests flow and stop in turn, they count as held up until they have flowed for so long. */
const CALM_MS = 60_000;
const SEVERITY = { nothing: 0, budget: 1, pause: 2 } as const;

/** Tells of each change of pace once, however often requests stop and go meanwhile. */
export class PacingReporter {
  readonly #report: (report: PacingReport) => void;
  #reported: Hold['by'] = 'nothing';
  /** The end of the last hold that is known of. */
  #heldUntil = 0;

  constructor(report: (report: PacingReport) => void) {
    this.#report = report;
  }

  /** @param idle - whether no request is under way or waiting */
  observe(hold: Hold, idle: boolean, now: number): void {
    if (hold.by === 'nothing') {
      if (
        this.#reported !== 'nothing' &&
        (idle || now - this.#heldUntil >= CALM_MS)
      ) {
        this.#reported = 'nothing';
        this.#report({ change: 'resumed' });
      }
      return;
    }
    this.#heldUntil = Number.isFinite(hold.until) ? hold.until : now;
    if (SEVERITY[hold.by] > SEVERITY[this.#reported]) {
      this.#reported = hold.by;
      this.#report(
        hold.by === 'pause'
          ? { change: 'paused', until: hold.until }
          : { change: 'slowed', until: hold.until, limit: hold.limit },
      );
    }
  }
}
