import { setMaxListeners } from 'node:events';
import { counted } from '../counted';
import { isRejectedByLimiter } from '../azure/errors';
import { timeOf } from '../azure/limiter/report';
import { type Organization } from '../organization';
import type { PlannedProbe } from '../policy/plan';

/**
 * Ends the probing of a pass before its end: as soon as the service throttles for
 * longer than requests wait, since the other organizations must not wait for this
 * one; or when the time for reading is over, so that what is known by then can
 * still be applied, removed and reconciled. What was not looked at is due again in
 * the next refresh.
 */
export class Halt {
  /** Aborted with the pass, or when probing ends. */
  readonly signal: AbortSignal;
  readonly notLookedAt: PlannedProbe[] = [];
  private readonly controller = new AbortController();
  private until: number | undefined;
  private cause: string | undefined;

  constructor(
    private readonly input: {
      readonly organization: Organization;
      readonly clock: { now(): number };
      readonly signal?: AbortSignal;
      /** Aborted when the time for reading is over, with an error that says so. */
      readonly deadline: AbortSignal;
    },
  ) {
    const { signal, deadline } = input;
    const own = this.controller.signal;
    this.signal = AbortSignal.any([deadline, own, ...(signal ? [signal] : [])]);
    setMaxListeners(0, this.signal);
  }

  /** Why there is no time left, while nobody has aborted the pass. */
  get outOfTime(): Error | undefined {
    const { signal, deadline } = this.input;
    return deadline.aborted && !signal?.aborted
      ? (deadline.reason as Error)
      : undefined;
  }

  /** Probes a repository, unless probing has ended. */
  async unlessHalted(
    planned: PlannedProbe,
    probe: () => Promise<void>,
  ): Promise<void> {
    this.input.signal?.throwIfAborted();
    if (this.signal.aborted) {
      this.notLookedAt.push(planned);
      return;
    }
    try {
      await probe();
    } catch (error) {
      this.input.signal?.throwIfAborted();
      if (isRejectedByLimiter(error)) {
        const { retryAfterMs = 0, seen, status } = error.fault;
        // Requests that were answered before know why the others have to wait.
        if (this.cause === undefined || status !== undefined) {
          this.cause = seen;
        }
        this.until = this.input.clock.now() + retryAfterMs;
        this.controller.abort();
      } else if (error !== this.signal.reason) {
        throw error;
      }
      this.notLookedAt.push(planned);
    }
  }

  /** Why some repositories were not looked at. */
  describe(): string {
    const { organization } = this.input;
    const why =
      this.until === undefined
        ? `${this.outOfTime?.message}`
        : `${this.cause}, and nothing is sent until ${timeOf(this.until)}`;
    return (
      `${organization.label}: ${why}: ` +
      `${counted(this.notLookedAt.length, 'repository')} not looked at, which the next refresh does. What was read before stays in the catalog`
    );
  }
}
