import { Busyness } from './noise';
import { Remote } from './remote';
import type { Simulation, Traffic } from './simulation';
import type { Change, Steady, Way } from './steady';

/** The middle of the catalog's default interval, in milliseconds. */
const INTERVAL_MS = 125_000;
const HOUR_MS = 3_600_000;
const REFRESH_EVERY_MS = HOUR_MS / 2;

/** How long after a push its change was in the catalog, in milliseconds of the simulated time. */
interface Freshness {
  readonly pushes: number;
  /** Of those that were in the catalog by the end. */
  readonly seen: number;
  readonly meanMs: number;
  readonly longestMs: number;
}

export interface HourResult {
  readonly way: Way;
  readonly descriptors: number;
  readonly entities: number;
  /** Processing intervals that were gone through; the figures below are of an hour. */
  readonly intervals: number;
  readonly requests: number;
  readonly bytes: number;
  readonly byEndpoint: Record<string, number>;
  readonly cpuMs: number;
  readonly freshness: Freshness;
  readonly busyness: number;
}

/**
 * An hour of steady state: nobody waits, the clocks of both sides are set
 * forward from interval to interval.
 *
 * @param options.intervals - how many; what is left of the hour is extrapolated
 */
export async function measureHour(
  way: Way,
  options: {
    size: number;
    latencyMs: number;
    intervals: number;
    onProgress: (text: string) => void;
  },
): Promise<HourResult> {
  const { size, intervals, latencyMs, onProgress } = options;
  const simulation = new Remote<Simulation>('simulation');
  let steady: Remote<Steady> | undefined;
  try {
    const environment = await simulation.call('start', {
      size,
      latencyMs,
      placeholders: true,
    });
    steady = new Remote<Steady>('steady', environment);
    onProgress(`${way}: filling a catalog with ${size} descriptors`);
    await steady.call('open', way, size);
    const entities = await steady.call('count');
    if (way === 'hooks') {
      await simulation.call('subscribe', await steady.call('address'));
    }

    // The first of all refreshes is no steady state.
    await simulation.call('pass', REFRESH_EVERY_MS);
    await steady.call('pass', REFRESH_EVERY_MS);
    const refreshing = await measure(simulation, steady, 'refresh');
    await steady.call('process', '');

    const isWhole = intervals * INTERVAL_MS >= HOUR_MS;
    await simulation.call('reset');
    const cpu = await steady.call('cpu');
    const busyness = new Busyness();
    const freshness = await passIntervals(way, simulation, steady, {
      intervals,
      onProgress,
    });
    const passed = {
      ...(await simulation.call('traffic')),
      cpuMs: (await steady.call('cpu')) - cpu,
    };
    await steady.call('close');
    return {
      way,
      descriptors: size,
      entities,
      intervals,
      ...(isWhole
        ? toHour([passed, HOUR_MS / (intervals * INTERVAL_MS)])
        : toHour(
            [passed, HOUR_MS / (intervals * INTERVAL_MS)],
            [refreshing, HOUR_MS / REFRESH_EVERY_MS],
          )),
      freshness,
      busyness: busyness.share,
    };
  } finally {
    await steady?.stop();
    await simulation.stop();
  }
}

/** What is announced and not in the catalog by then is seen when the catalog processes it next, in milliseconds. */
const PATIENCE_MS = 10_000;

async function passIntervals(
  way: Way,
  simulation: Remote<Simulation>,
  steady: Remote<Steady>,
  options: { intervals: number; onProgress: (text: string) => void },
): Promise<Freshness> {
  let now = 0;
  const pass = async (ms: number) => {
    now += ms;
    await simulation.call('pass', ms);
    await steady.call('pass', ms);
  };
  const waiting = new Map<string, { change: Change; at: number }>();
  const ages: number[] = [];
  let pushes = 0;
  let refreshedAt = 0;
  for (let interval = 1; interval <= options.intervals; interval++) {
    options.onProgress(`${way}: interval ${interval} of ${options.intervals}`);
    await pass(INTERVAL_MS / 2);
    for (const change of await simulation.call('pushSome', 2)) {
      waiting.set(change.mark, { change, at: now });
      pushes += 1;
    }
    if (way === 'hooks') {
      // What is announced does not wait for an interval: it takes real time.
      const began = performance.now();
      await simulation.call('delivered');
      await steady.call('lookedAtAll');
      // The catalog may be at it still: it takes an entity before it has read its files.
      do {
        const changes = [...waiting.values()].map(({ change }) => change);
        for (const { mark } of await steady.call('seen', changes)) {
          ages.push(performance.now() - began);
          waiting.delete(mark);
        }
      } while (waiting.size > 0 && performance.now() - began < PATIENCE_MS);
    }
    await pass(INTERVAL_MS / 2);
    // Few intervals are extrapolated, and refreshes are added to them.
    if (now - refreshedAt >= REFRESH_EVERY_MS - INTERVAL_MS / 2) {
      refreshedAt = now;
      await steady.call('refresh');
    }
    // After the first interval only what has a placeholder, of our own entities,
    // can make a request; the others would merely take their time.
    const isOurs = way === 'ours' || way === 'hooks';
    await steady.call('process', isOurs && interval > 1 ? 'api:' : '');
    const changes = [...waiting.values()].map(({ change }) => change);
    for (const { mark } of await steady.call('seen', changes)) {
      ages.push(now - (waiting.get(mark)?.at ?? now));
      waiting.delete(mark);
    }
  }
  return {
    pushes,
    seen: ages.length,
    meanMs: ages.reduce((sum, age) => sum + age, 0) / ages.length,
    longestMs: Math.max(
      ...ages,
      ...[...waiting.values()].map(({ at }) => now - at),
    ),
  };
}

interface Spent extends Traffic {
  readonly cpuMs: number;
}

async function measure(
  simulation: Remote<Simulation>,
  steady: Remote<Steady>,
  what: 'refresh',
): Promise<Spent> {
  await simulation.call('reset');
  const cpu = await steady.call('cpu');
  await steady.call(what);
  return {
    ...(await simulation.call('traffic')),
    cpuMs: (await steady.call('cpu')) - cpu,
  };
}

/** Adds up what was measured, each so many times. */
function toHour(...parts: ReadonlyArray<readonly [Spent, number]>): Spent {
  const byEndpoint: Record<string, number> = {};
  for (const [spent, times] of parts) {
    for (const [endpoint, count] of Object.entries(spent.byEndpoint)) {
      byEndpoint[endpoint] =
        (byEndpoint[endpoint] ?? 0) + Math.round(count * times);
    }
  }
  const sum = (of: (spent: Spent) => number) =>
    Math.round(
      parts.reduce((all, [spent, times]) => all + of(spent) * times, 0),
    );
  return {
    requests: sum(({ requests }) => requests),
    bytes: sum(({ bytes }) => bytes),
    cpuMs: sum(({ cpuMs }) => cpuMs),
    byEndpoint,
  };
}
