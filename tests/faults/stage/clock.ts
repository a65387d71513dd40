import { DEFAULT_TIMEOUTS } from '../../../src/azure/clients';
import type { Clock } from '../../../src/azure/clock';
import type { Stage, StageSettings } from './stage';

/**
 * Time that goes by so many times as fast as it does, for the clients and the
 * simulator alike.
 *
 * @param factor - with a large one, what takes milliseconds would seem to take minutes
 * @param options.deadlines - `real`: deadlines pass as slowly as they do, so that
 * a busy machine does not exceed them. `accelerated`: they are what is looked at.
 */
export function accelerated(
  factor: number,
  { deadlines }: { deadlines: 'real' | 'accelerated' },
): StageSettings & {
  /** Milliseconds since 1970. */
  readonly now: () => number;
} {
  const startedAt = Date.now();
  const origin = performance.now();
  const now = () => startedAt + (performance.now() - origin) * factor;
  const clock: Clock = {
    now,
    schedule(delayMs, callback) {
      const timer = setTimeout(callback, Math.max(0, delayMs / factor));
      return () => clearTimeout(timer);
    },
  };
  return {
    now,
    simulator: { clock: now, timeScale: factor },
    clients: {
      clock,
      timeouts: {
        ...(deadlines === 'real' ? stretched(factor) : DEFAULT_TIMEOUTS),
        connectMs: DEFAULT_TIMEOUTS.connectMs * factor,
      },
    },
  };
}

function stretched(factor: number) {
  const { deadlineMs, headersMs, bodyMs } = DEFAULT_TIMEOUTS;
  return {
    deadlineMs: deadlineMs * factor,
    headersMs: headersMs * factor,
    bodyMs: bodyMs * factor,
  };
}

/**
 * A process that was killed no longer renews what it held: some minutes later the
 * module's lease has lapsed, and the catalog turns again to the Locations that
 * the dead process was about to process.
 */
export async function minutesLater({ knex }: Stage): Promise<void> {
  await knex('azure_devops_leases').update({ until: 0 });
  await knex('refresh_state')
    .whereLike('entity_ref', 'location:%')
    .update({ next_update_at: knex.fn.now() });
}
