import fc from 'fast-check';
import { Limiter as Service } from '../../../dev/simulator/limiter';
import type { RateLimitSignal } from '../../../src/azure/headers';
import {
  admission,
  DEFAULT_LIMITER_OPTIONS as OPTIONS,
  finished,
  initialState,
  isThrottled,
  isWaitTooLong,
  type LimiterState,
  type Outcome,
  PRIORITIES,
  type Priority,
  started,
  takeRetry,
} from '../../../src/azure/limiter/state';
import { simulate } from './simulation';

const NOW = 1_700_000_000_000;

function finish(
  state: LimiterState,
  outcome: Outcome,
  now: number,
  signal?: RateLimitSignal,
  startedAt = now,
): LimiterState {
  return finished(
    state,
    { startedAt, outcome, signal, random: 1 },
    now,
    OPTIONS,
  );
}

function inFlight(count: number, now = NOW): LimiterState {
  let state = initialState(OPTIONS);
  for (let i = 0; i < count; i++) state = started(state, now);
  return state;
}

describe('A limiter', () => {
  it('starts with 8 requests at once', () => {
    expect(admission(inFlight(7), 'background', NOW).admitted).toBe(true);
    expect(admission(inFlight(8), 'background', NOW)).toEqual({
      admitted: false,
      because: 'concurrency',
      until: Infinity,
    });
  });

  it('grows with every answer while all goes well, up to 32', () => {
    let state = inFlight(8);
    for (let i = 0; i < 50; i++) {
      state = started(finish(state, 'served', NOW), NOW);
      while (state.inFlight < Math.floor(state.concurrency)) {
        state = started(state, NOW);
      }
      expect(state.concurrency).toBe(Math.min(32, 9 + i));
    }
  });

  it('grows by one a round once the service has throttled', () => {
    let state = finish(inFlight(8), 'throttled', NOW - 1, undefined, NOW - 2);
    while (state.inFlight > 0) {
      state = finish(state, 'unsent', NOW);
    }
    expect(state.concurrency).toBe(4);
    for (let round = 0; round < 100; round++) {
      const { concurrency } = state;
      const requests = Math.floor(concurrency);
      while (state.inFlight < requests) state = started(state, NOW);
      for (let i = 0; i < requests; i++) {
        state = started(finish(state, 'served', NOW), NOW);
      }
      expect(state.concurrency - concurrency).toBeLessThanOrEqual(1);
    }
    expect(state.concurrency).toBe(32);
  });

  it('allows no more requests at once while few are under way', () => {
    let state = initialState(OPTIONS);
    for (let i = 0; i < 1000; i++) {
      state = finish(started(state, NOW), 'served', NOW);
    }
    expect(state.concurrency).toBe(8);
  });

  it('halves once for all requests that were under way together', () => {
    let state = inFlight(8, NOW);
    for (let i = 0; i < 8; i++) {
      state = finish(state, 'throttled', NOW + 10, undefined, NOW);
    }
    expect(state).toMatchObject({ concurrency: 4, backoff: 1, inFlight: 0 });
  });

  it('sends nothing until the longest Retry-After is over', () => {
    let state = inFlight(2);
    state = finish(state, 'throttled', NOW, { retryAfterMs: 20_000 });
    state = finish(state, 'throttled', NOW, { retryAfterMs: 5_000 }, NOW - 1);
    for (const priority of PRIORITIES) {
      expect(admission(state, priority, NOW + 19_999)).toEqual({
        admitted: false,
        because: 'pause',
        until: NOW + 20_000,
      });
      expect(admission(state, priority, NOW + 20_000).admitted).toBe(true);
    }
  });

  it('sends nothing for as long as a 200 asks', () => {
    const state = finish(inFlight(8), 'served', NOW, { retryAfterMs: 3_000 });
    expect(state.concurrency).toBe(4);
    expect(admission(state, 'interactive', NOW)).toMatchObject({
      because: 'pause',
      until: NOW + 3_000,
    });
    expect(isThrottled(state, NOW)).toBe(true);
  });

  it('slows down when a success was held back', () => {
    const state = finish(inFlight(8), 'served', NOW, { delayMs: 500 });
    expect(state.concurrency).toBe(4);
  });

  it('doubles its own pauses, up to a minute, and shortens them again', () => {
    let state = initialState(OPTIONS);
    const pauses: number[] = [];
    let now = NOW;
    for (let i = 0; i < 9; i++) {
      state = finish(started(state, now), 'throttled', now);
      pauses.push((state.pausedUntil - now) / 1000);
      now = state.pausedUntil + 1;
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    // Half as long with other luck, so that many do not come back at once.
    const { pausedUntil } = finished(
      inFlight(1),
      { startedAt: NOW, outcome: 'throttled', random: 0 },
      NOW,
      OPTIONS,
    );
    expect(pausedUntil).toBe(NOW + 500);
    for (let i = 0; i < 16 * 9; i++) {
      state = finish(started(state, now), 'served', now);
    }
    state = finish(started(state, now + 1), 'throttled', now + 1);
    expect(state.pausedUntil - now - 1).toBe(1000);
  });

  it('pauses for an hour at most, however long the Retry-After', () => {
    const state = finish(inFlight(1), 'throttled', NOW, { retryAfterMs: 1e15 });
    expect(state.pausedUntil).toBe(NOW + 3_600_000);
  });

  it('stops before the budget is spent, and goes on as it comes back', () => {
    let state = inFlight(1, NOW);
    state = finish(state, 'served', NOW, {
      limit: 200,
      remaining: 2.5,
      cost: 1,
    });
    expect(admission(state, 'background', NOW)).toMatchObject({
      because: 'budget',
    });
    // While another is under way, its answer shows how much there is.
    expect(
      admission(started(state, NOW), 'background', NOW + 300_000),
    ).toMatchObject({ because: 'budget', until: Infinity });
    // A person may have what is left.
    expect(admission(state, 'interactive', NOW).admitted).toBe(true);
    expect(admission(state, 'background', NOW + 300_000).admitted).toBe(true);
  });

  it('pauses after a 401 while the service throttles, but does not count it as throttling', () => {
    let state = finish(inFlight(1, NOW), 'throttled', NOW);
    let now = NOW;
    for (let i = 0; i < 20; i++) {
      now = state.pausedUntil + 20_000;
      state = finish(started(state, now), 'doubtful', now);
      expect(state.pausedUntil).toBeGreaterThan(now);
    }
    expect(isThrottled(state, now)).toBe(false);
  });

  it('counts a wait from the first of several pauses on, and no wait for the budget', () => {
    let state = finish(inFlight(1), 'throttled', NOW, { retryAfterMs: 60_000 });
    const later = NOW + 60_000;
    // What was sent before the pause and served in it shows nothing.
    state = finish(started(state, later), 'served', later, undefined, NOW - 1);
    state = finish(started(state, later), 'throttled', later, {
      retryAfterMs: 60_000,
    });
    const isTooLong = (since: number, maxWaitMs: number) =>
      isWaitTooLong(state, since, maxWaitMs, later);
    // Whoever came before the pauses may have waited for the budget until then.
    expect(isTooLong(NOW - 300_000, 119_999)).toBe(true);
    expect(isTooLong(NOW - 300_000, 120_000)).toBe(false);
    expect(isTooLong(later, 59_999)).toBe(true);
    expect(isTooLong(later, 60_000)).toBe(false);
    expect(isWaitTooLong(state, NOW, 0, later + 60_000)).toBe(false);
  });

  it('counts a wait anew once a request was served', () => {
    const ends = NOW + 60_000;
    let state = finish(inFlight(1), 'throttled', NOW, { retryAfterMs: 60_000 });
    state = finish(started(state, ends), 'served', ends);
    state = finish(started(state, ends), 'throttled', ends + 1, {
      retryAfterMs: 60_000,
    });
    expect(isWaitTooLong(state, NOW, 60_000, ends + 1)).toBe(false);
  });

  it('permits 20 retries, and one more for every ten successes', () => {
    let state: LimiterState | undefined = initialState(OPTIONS);
    let taken = 0;
    for (let last = state; (state = takeRetry(state)); last = state) {
      taken++;
      if (taken > 1000) throw new Error('They never run out');
      expect(last.retries - state.retries).toBe(1);
    }
    expect(taken).toBe(20);
    let empty: LimiterState = { ...initialState(OPTIONS), retries: 0 };
    for (let i = 0; i < 10; i++) {
      expect(takeRetry(empty)).toBeUndefined();
      empty = finish(started(empty, NOW), 'served', NOW);
    }
    expect(
      takeRetry({ ...empty, retries: empty.retries + 1e-9 }),
    ).toBeDefined();
  });
});

describe('A limiter, whatever it is answered', () => {
  const number = (max: number) =>
    fc.option(fc.double({ min: 0, max, noNaN: true }), { nil: undefined });
  const signal = fc.option(
    fc.record({
      retryAfterMs: number(1e7),
      delayMs: number(30_000),
      limit: number(1000),
      remaining: number(1000),
      cost: number(300),
    }),
    { nil: undefined },
  );
  const step = fc.record({
    priority: fc.constantFrom<Priority>(...PRIORITIES),
    wait: fc.nat(400_000),
    finishes: fc.nat(3),
    outcome: fc.constantFrom<Outcome>(
      'served',
      'throttled',
      'doubtful',
      'failed',
      'unsent',
    ),
    signal,
    random: fc.double({ min: 0, max: 1, noNaN: true }),
  });

  it('never exceeds 32 requests at once, and always sends the next one in the end', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        let state = initialState(OPTIONS);
        let now = NOW;
        const under: number[] = [];
        for (const {
          priority,
          wait,
          finishes,
          outcome,
          signal,
          random,
        } of steps) {
          now += wait;
          const verdict = admission(state, priority, now);
          if (verdict.admitted) {
            expect(now).toBeGreaterThanOrEqual(state.pausedUntil);
            state = started(state, now);
            under.push(now);
            expect(state.inFlight).toBeLessThanOrEqual(32);
          } else {
            expect(verdict.until).toBeGreaterThan(now);
            if (verdict.until === Infinity) {
              expect(state.inFlight).toBeGreaterThan(0);
            }
          }
          for (let i = 0; i < finishes && under.length > 0; i++) {
            const startedAt = under.shift() ?? now;
            state = finished(
              state,
              { startedAt, outcome, signal, random },
              now,
              OPTIONS,
            );
          }
          expect(state.inFlight).toBe(under.length);
          expect(state.concurrency).toBeGreaterThanOrEqual(1);
          expect(state.concurrency).toBeLessThanOrEqual(32);
          expect(state.budget.cost).toBeGreaterThanOrEqual(0);
        }
        for (const startedAt of under) {
          state = finish(state, 'unsent', now, undefined, startedAt);
        }
        // With nothing under way, following its own word ends in a turn.
        for (let waits = 0; waits < 3; waits++) {
          const verdict = admission(state, 'background', now);
          if (verdict.admitted) {
            return;
          }
          expect(verdict.until).toBeGreaterThan(now);
          expect(verdict.until).toBeLessThan(Infinity);
          now = verdict.until;
        }
        throw new Error('It never lets anybody go');
      }),
      { numRuns: 300 },
    );
  });
});

describe('A refresh of thousands of requests', () => {
  // Totals are kept a little below whole multiples of the budget: there the
  // least time jumps by a window, and no margin at all could be afforded.
  const scenario = fc.record({
    windows: fc.integer({ min: 1, max: 6 }),
    part: fc.double({ min: 0.1, max: 0.8, noNaN: true }),
    requests: fc.integer({ min: 1000, max: 5000 }),
    latencyMs: fc.integer({ min: 5, max: 200 }),
    headersFrom: fc.double({ min: 0.3, max: 0.9, noNaN: true }),
    namesCost: fc.boolean(),
  });

  it('is never answered 429 when there are warnings, and takes at most 1.15 times what the budget demands', () => {
    fc.assert(
      fc.property(
        scenario,
        ({ windows, part, requests, latencyMs, headersFrom, namesCost }) => {
          const cost = ((windows + part) * 200) / requests;
          const service = { costs: { items: cost }, headersFrom };
          const { elapsedMs, verdicts } = simulate({
            requests,
            latencyMs,
            namesCost,
            service,
          });
          expect(verdicts).not.toContain('blocked');
          const least = new Service(service).leastDuration(requests * cost);
          // What 32 requests at once take anyway comes on top.
          const unhindered = (requests * latencyMs) / 32 + 16 * latencyMs;
          expect(elapsedMs).toBeLessThanOrEqual(1.15 * least + unhindered);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is not answered 429 when others spend from the same budget', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1_700, max: 10_000 }),
        fc.boolean(),
        (everyMs, namesCost) => {
          const { verdicts } = simulate({
            requests: 5000,
            latencyMs: 50,
            namesCost,
            service: { costs: { items: 0.1 } },
            others: { cost: 1, everyMs },
          });
          expect(verdicts).not.toContain('blocked');
          const held = verdicts.filter(verdict => verdict === 'delayed');
          expect(held.length).toBeLessThan(0.02 * verdicts.length);
        },
      ),
      { numRuns: 10 },
    );
  });

  it.each(['429-json', '429-plain', '429-bare', '503-html'] as const)(
    'is seldom answered %s when there is no warning',
    form => {
      const { elapsedMs, verdicts } = simulate({
        requests: 5000,
        latencyMs: 50,
        namesCost: false,
        service: {
          costs: { items: 0.1 },
          headersFrom: 9,
          blockFrom: 1.000001,
          blockForms: [form],
        },
      });
      const blocked = verdicts.filter(verdict => verdict === 'blocked');
      expect(blocked.length).toBeLessThan(0.03 * verdicts.length);
      expect(elapsedMs).toBeLessThanOrEqual(1.15 * 600_000);
    },
  );
});
