import type { EventsResult } from './events';
import type { HourResult } from './hour';
import type { Comparison, Scenario, SizeResult } from './sizes';

/** Everything that one run of the benchmark found out; what `.output/benchmark.json` holds. */
export interface Results {
  /** When the last of it was measured, as ISO 8601. */
  readonly at: string;
  readonly machine: {
    readonly processors: string;
    readonly node: string;
    readonly memoryBytes: number;
  };
  readonly latencyMs: number;
  readonly sizes: readonly SizeResult[];
  readonly hours: readonly HourResult[];
  readonly events?: EventsResult;
}

/** The figures of one scenario at one size: of the round in the middle by the ratio of the wall times; of two in the middle, of the slower. */
export interface Figures extends Comparison {
  readonly size: number;
  /** Our wall time by that of the bare limit, in each round, in ascending order. */
  readonly wallRatios: readonly number[];
  /** Memory beyond the idle backend's before its first refresh, in the first round: later ones begin with what earlier ones left. In bytes. */
  readonly ourBytes: number;
  readonly bareBytes: number;
}

export function figuresOf(
  { size, rounds }: SizeResult,
  scenario: Scenario,
): Figures | undefined {
  const comparisons = rounds
    .flatMap(round => round.filter(it => it.scenario === scenario))
    .sort((a, b) => wallRatio(a) - wallRatio(b));
  const middle = comparisons[Math.floor(comparisons.length / 2)];
  const first = rounds[0]?.find(it => it.scenario === scenario);
  const idleBytes = rounds[0]?.[0]?.ours.idleBytes ?? NaN;
  return (
    middle &&
    first && {
      ...middle,
      size,
      wallRatios: comparisons.map(wallRatio),
      ourBytes: Math.max(0, first.ours.peakBytes - idleBytes),
      bareBytes: Math.max(0, first.bare.peakBytes - idleBytes),
    }
  );
}

function wallRatio({ ours, bare }: Comparison): number {
  return ours.wallMs / bare.wallMs;
}

/** The results of another run with these put in the place of what they repeat. */
export function merged(former: Results | undefined, latter: Results): Results {
  const sizes = new Map(
    [...(former?.sizes ?? []), ...latter.sizes].map(it => [it.size, it]),
  );
  const hours = new Map(
    [...(former?.hours ?? []), ...latter.hours].map(it => [it.way, it]),
  );
  return {
    ...latter,
    sizes: [...sizes.values()].sort((a, b) => a.size - b.size),
    hours: [...hours.values()],
    events: latter.events ?? former?.events,
  };
}
