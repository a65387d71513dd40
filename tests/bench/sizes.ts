import { join } from 'node:path';
import type { RefreshCost, Subject } from './subject';
import type { Cost } from './meter';
import { Busyness, untilQuiet } from './noise';
import { Remote } from './remote';
import type { Simulation, Traffic } from './simulation';

export const SCENARIOS = [
  'first refresh',
  'nothing changed',
  '1 % changed',
  'one push',
] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** One scenario, by us and by the bare limit, in one process and within the same seconds. */
export interface Comparison {
  readonly scenario: Scenario;
  readonly ours: RefreshCost & Surroundings;
  readonly bare: Cost & Surroundings;
  /** How many repositories were pushed to. */
  readonly pushed: number;
}

/** What went on around a measurement. */
interface Surroundings extends Traffic {
  /** How busy the whole machine was, from 0 to 1. */
  readonly busyness: number;
}

export interface SizeResult {
  readonly size: number;
  readonly rounds: ReadonlyArray<readonly Comparison[]>;
  /** What a search for all descriptors finds, whose results are cut off. */
  readonly search: { readonly found: number; readonly requests: number };
}

/** Between refreshes. */
const FREQUENCY_MS = 30 * 60_000;

export async function measureSize(
  size: number,
  options: {
    latencyMs: number;
    rounds: number;
    scenarios: readonly Scenario[];
    /** How long to wait before each measurement for others to be quiet. */
    patienceMs: number;
    /** A folder for CPU profiles of our refreshes. */
    profiles?: string;
    onProgress: (text: string) => void;
  },
): Promise<SizeResult> {
  const simulation = new Remote<Simulation>('simulation');
  let subject: Remote<Subject> | undefined;
  try {
    const environment = await simulation.call('start', {
      size,
      latencyMs: options.latencyMs,
      placeholders: false,
    });
    subject = new Remote<Subject>('subject', environment);
    const rounds: Comparison[][] = [];
    for (let round = 0; round < options.rounds; round++) {
      await subject.call('open', false);
      rounds.push(
        await measureRound(size, simulation, subject, {
          ...options,
          onProgress: text =>
            options.onProgress(
              `${size} repositories, round ${round + 1} of ${options.rounds}: ${text}`,
            ),
        }),
      );
      await subject.call('close');
    }
    const { found, requests } = await withTraffic(simulation, subject, () =>
      subject!.call('search'),
    );
    return {
      size,
      rounds,
      search: { found, requests },
    };
  } finally {
    await subject?.stop();
    await simulation.stop();
  }
}

async function measureRound(
  size: number,
  simulation: Remote<Simulation>,
  subject: Remote<Subject>,
  options: {
    scenarios: readonly Scenario[];
    patienceMs: number;
    profiles?: string;
    onProgress: (text: string) => void;
  },
): Promise<Comparison[]> {
  const { scenarios, profiles, onProgress, patienceMs } = options;
  const pushes: Record<Scenario, number> = {
    'first refresh': 0,
    'nothing changed': 0,
    '1 % changed': Math.ceil(size / 100),
    'one push': 1,
  };
  const comparisons: Comparison[] = [];
  let refreshedAt = performance.now();
  for (const scenario of scenarios) {
    onProgress(scenario);
    const isFirst = scenario === 'first refresh';
    const pushed =
      pushes[scenario] > 0
        ? await simulation.call('push', pushes[scenario])
        : [];
    await untilQuiet(patienceMs);
    if (!isFirst) {
      // Whatever time the measurements themselves take: how many repositories
      // have their turn to be verified is a matter of the time that has passed.
      const passed = Math.round(
        FREQUENCY_MS - (performance.now() - refreshedAt),
      );
      await simulation.call('pass', passed);
      await subject.call('pass', passed);
    }
    refreshedAt = performance.now();
    const ours = await withTraffic(simulation, subject, () =>
      subject.call('refresh', {
        profile: profiles && join(profiles, `${size} ${scenario}.cpuprofile`),
      }),
    );
    const bare = await withTraffic(simulation, subject, () =>
      isFirst ? subject.call('bare') : subject.call('bare', pushed),
    );
    comparisons.push({ scenario, ours, bare, pushed: pushed.length });
  }
  return comparisons;
}

async function withTraffic<T>(
  simulation: Remote<Simulation>,
  subject: Remote<Subject>,
  action: () => Promise<T>,
): Promise<T & Surroundings> {
  // Meanwhile the simulator makes and compresses its list of repositories, as
  // once after each change; that is not to be measured.
  await subject.call('settled');
  await simulation.call('reset');
  const busyness = new Busyness();
  const result = await action();
  return {
    ...result,
    busyness: busyness.share,
    ...(await simulation.call('traffic')),
  };
}
