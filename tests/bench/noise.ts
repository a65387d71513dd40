import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

/** Below this share of the machine's processors others are quiet. */
const QUIET = 0.15;
/** For how long they have to be, in milliseconds, and how often that is looked at. */
const QUIET_FOR_MS = 1_500;
const LOOK_EVERY_MS = 250;

interface Reading {
  readonly busyMs: number;
  readonly allMs: number;
}

function read(): Reading {
  let busyMs = 0;
  let allMs = 0;
  for (const { times } of cpus()) {
    const busy = times.user + times.nice + times.sys + times.irq;
    busyMs += busy;
    allMs += busy + times.idle;
  }
  return { busyMs, allMs };
}

/** How busy the machine is between two moments, by whomever. */
export class Busyness {
  readonly #began = read();

  /** From 0 to 1, of all processors. */
  get share(): number {
    const now = read();
    const allMs = now.allMs - this.#began.allMs;
    return allMs > 0 ? (now.busyMs - this.#began.busyMs) / allMs : 0;
  }
}

/**
 * Waits until nobody else uses the machine, but not for ever: measurements on a
 * shared machine are otherwise measurements of the others.
 */
export async function untilQuiet(patienceMs: number): Promise<void> {
  const until = performance.now() + patienceMs;
  let quietSince = performance.now();
  while (performance.now() < until) {
    const busyness = new Busyness();
    await delay(LOOK_EVERY_MS);
    if (busyness.share > QUIET) {
      quietSince = performance.now();
    } else if (performance.now() - quietSince >= QUIET_FOR_MS) {
      return;
    }
  }
}
