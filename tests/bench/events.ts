import { Busyness } from './noise';
import type { Arrival, Listening, Push } from './listening';
import { Remote } from './remote';
import type { Simulation } from './simulation';

const REPOSITORIES = 200;
/** So many pushes are under way at a time, each to repositories of its own. */
const LANES = 10;
const FLOOD = { pushes: 10_000, seconds: 60 };

/** In milliseconds. */
export interface Distribution {
  readonly median: number;
  readonly p99: number;
  readonly longest: number;
}

export interface EventsResult {
  readonly repositories: number;
  readonly latencyMs: number;
  readonly pushes: number;
  /** From the push, which is delivered at once, until the catalog has been given its entity. */
  readonly applied: Distribution;
  /** From then on until the catalog's API shows it: its own processing and stitching. */
  readonly shown: Distribution;
  readonly requestsPerPush: number;
  /** How busy the machine was, from 0 to 1. */
  readonly busyness: number;
  readonly flood?: FloodResult;
}

export interface FloodResult {
  readonly pushes: number;
  readonly seconds: number;
  /** Deliveries that were answered, and how long after they came. */
  readonly deliveries: number;
  readonly answered: Distribution;
  readonly answeredLate: number;
  /** How often a repository was looked at, and what was asked for in all. */
  readonly looks: number;
  readonly requests: number;
  /** Repositories whose last push the catalog lacks when nothing is due any more. */
  readonly wrong: readonly string[];
  /** The pushes of another organization, one a second, until the catalog had them. */
  readonly others: Distribution;
  /** Memory beyond what was resident before, in bytes. */
  readonly memoryBytes: number;
  /** What of that was still in use in the end. */
  readonly retainedBytes: number;
  readonly busyness: number;
}

/** A delivery that is answered later than this is late. */
const LATE_MS = 100;

/** From a push to the changed entity in the catalog. */
export async function measureEvents(options: {
  readonly pushes: number;
  readonly latencyMs: number;
  readonly onProgress: (text: string) => void;
}): Promise<EventsResult> {
  const { pushes, latencyMs, onProgress } = options;
  const simulation = new Remote<Simulation>('simulation');
  let listening: Remote<Listening> | undefined;
  try {
    const environment = await simulation.call('start', {
      size: REPOSITORIES,
      latencyMs,
      placeholders: false,
    });
    await simulation.call('addOther');
    listening = new Remote<Listening>('listening', environment);
    onProgress('events: filling a catalog');
    await simulation.call('subscribe', await listening.call('open'));
    // What is loaded and compiled with the first is not measured.
    await pushAll(simulation, listening, LANES);
    await simulation.call('reset');
    onProgress(`events: ${pushes} pushes`);
    const busyness = new Busyness();
    const arrivals = await pushAll(simulation, listening, pushes);
    const { share } = busyness;
    const { byEndpoint } = await simulation.call('traffic');
    const result: EventsResult = {
      repositories: REPOSITORIES,
      latencyMs,
      pushes,
      applied: distributionOf(arrivals.map(it => it.appliedMs)),
      shown: distributionOf(arrivals.map(it => it.shownMs - it.appliedMs)),
      requestsPerPush: requestsIn(byEndpoint) / pushes,
      busyness: share,
    };
    onProgress(`events: ${FLOOD.pushes} pushes in ${FLOOD.seconds} s`);
    const flood = await measureFlood(simulation, listening);
    await listening.call('close');
    return { ...result, flood };
  } finally {
    await listening?.stop();
    await simulation.stop();
  }
}

async function pushAll(
  simulation: Remote<Simulation>,
  listening: Remote<Listening>,
  count: number,
): Promise<Arrival[]> {
  const arrivals: Arrival[] = [];
  const lane = async (first: number) => {
    for (let i = first; i < count; i += LANES) {
      const push = await simulation.call('pushOne', i % REPOSITORIES);
      arrivals.push(await listening.call('arrival', push));
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, first) => lane(first)));
  return arrivals;
}

async function measureFlood(
  simulation: Remote<Simulation>,
  listening: Remote<Listening>,
): Promise<FloodResult> {
  await listening.call('startMeasuring');
  await simulation.call('reset');
  const busyness = new Busyness();
  const { last, others, seconds } = await simulation.call('flood', FLOOD);
  const { share } = busyness;
  await listening.call('lookedAtAll');
  const { answers, idleBytes, peakBytes, retainedBytes } =
    await listening.call('stopMeasuring');
  const { byEndpoint } = await simulation.call('traffic');
  return {
    pushes: FLOOD.pushes,
    seconds,
    deliveries: answers.length,
    answered: distributionOf(answers),
    answeredLate: answers.filter(ms => ms > LATE_MS).length,
    looks: byEndpoint['repository'] ?? 0,
    requests: requestsIn(byEndpoint),
    wrong: await listening.call('lacks', [...last, ...latestOf(others)]),
    others: distributionOf(await listening.call('appliedAfter', others)),
    memoryBytes: peakBytes - idleBytes,
    retainedBytes,
    busyness: share,
  };
}

/** All but what a client asks once. */
function requestsIn(byEndpoint: Readonly<Record<string, number>>): number {
  return Object.entries(byEndpoint)
    .filter(([endpoint]) => endpoint !== 'locations')
    .reduce((sum, [, count]) => sum + count, 0);
}

function latestOf(pushes: readonly Push[]): Push[] {
  return [...new Map(pushes.map(it => [it.repository, it])).values()];
}

function distributionOf(values: readonly number[]): Distribution {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ??
    NaN;
  return { median: at(0.5), p99: at(0.99), longest: at(1) };
}
