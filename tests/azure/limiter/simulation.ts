import {
  Limiter as Service,
  type LimiterOptions as ServiceOptions,
  type LimiterAnswer,
} from '../../../dev/simulator/limiter';
import { readRateLimit } from '../../../src/azure/headers';
import {
  admission,
  DEFAULT_LIMITER_OPTIONS,
  finished,
  initialState,
  type LimiterState,
  type Outcome,
  started,
} from '../../../src/azure/limiter/state';

interface Scenario {
  readonly requests: number;
  readonly latencyMs: number;
  readonly service: ServiceOptions;
  /** Whether answers name their cost, as only newer ones do. */
  readonly namesCost: boolean;
  /** What somebody else spends with the same identity: TSTUs, every so often. */
  readonly others?: { readonly cost: number; readonly everyMs: number };
}

interface SimulationResult {
  /** From the first request to the last answer. */
  readonly elapsedMs: number;
  readonly verdicts: ReadonlyArray<LimiterAnswer['phase']>;
  readonly state: LimiterState;
  /** The most that was ever under way at once. */
  readonly mostInFlight: number;
}

interface Arriving {
  readonly at: number;
  readonly startedAt: number;
  readonly verdict: LimiterAnswer;
}

/** The state machine against the simulator's account of TSTUs, without I/O: time jumps from event to event. */
export function simulate(scenario: Scenario): SimulationResult {
  const options = DEFAULT_LIMITER_OPTIONS;
  const service = new Service({
    ...scenario.service,
    costs: { others: scenario.others?.cost ?? 0, ...scenario.service.costs },
  });
  const began = 1_700_000_000_000;
  let now = began;
  let state = initialState(options);
  let toSend = scenario.requests;
  let nextOther = began;
  let mostInFlight = 0;
  const arriving: Arriving[] = [];
  const verdicts: LimiterAnswer['phase'][] = [];

  while (toSend > 0 || arriving.length > 0) {
    let until = Infinity;
    while (toSend > 0) {
      const verdict = admission(state, 'background', now);
      if (!verdict.admitted) {
        until = verdict.until;
        break;
      }
      state = started(state, now);
      mostInFlight = Math.max(mostInFlight, state.inFlight);
      toSend--;
      const answer = service.admit('identity', 'items', now);
      verdicts.push(answer.phase);
      const delay = answer.phase === 'blocked' ? 0 : answer.delayMs;
      arriving.push({
        at: now + scenario.latencyMs + delay,
        startedAt: now,
        verdict: answer,
      });
      arriving.sort((a, b) => a.at - b.at);
    }
    const next = Math.min(arriving[0]?.at ?? Infinity, until);
    if (next === Infinity) {
      throw new Error('Nothing will ever happen again');
    }
    if (next <= now && arriving[0]?.at !== next) {
      throw new Error(`Time stands still at ${now - began}`);
    }
    while (scenario.others && nextOther <= next) {
      service.admit('identity', 'others', nextOther);
      nextOther += scenario.others.everyMs;
    }
    now = next;
    const [first] = arriving;
    if (first && first.at <= now) {
      arriving.shift();
      const { verdict, startedAt } = first;
      state = finished(
        state,
        {
          startedAt,
          outcome: outcomeOf(verdict),
          signal: readRateLimit(lowerCased(verdict, scenario.namesCost), now),
          random: 0.5,
        },
        now,
        options,
      );
      if (verdict.phase === 'blocked') {
        toSend++;
      }
    }
  }
  return { elapsedMs: now - began, verdicts, state, mostInFlight };
}

function outcomeOf(verdict: LimiterAnswer): Outcome {
  return verdict.phase === 'blocked' ? 'throttled' : 'served';
}

function lowerCased(
  verdict: LimiterAnswer,
  namesCost: boolean,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(verdict.headers)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => namesCost || name !== 'x-ratelimit-cost'),
  );
}
