import { Limiter, type Permit } from '../../../src/azure/limiter/limiter';
import {
  DEFAULT_LIMITER_OPTIONS,
  type Priority,
  type LimiterOptions,
} from '../../../src/azure/limiter/state';
import type { Hold } from '../../../src/azure/limiter/report';
import { ManualClock } from '../support/clock';

function create(options: Partial<LimiterOptions> = {}) {
  const clock = new ManualClock();
  const reports: Hold[] = [];
  const limiter = new Limiter({
    options: { ...DEFAULT_LIMITER_OPTIONS, ...options },
    clock,
    random: () => 1,
    onReport: report => reports.push(report),
  });
  const permits: string[] = [];
  /** Asks for a permit, and notes down when it comes. */
  const ask = (
    name: string,
    priority: Priority = 'background',
    signal?: AbortSignal,
  ) =>
    limiter.acquire(priority, { signal }).then(permit => {
      permits.push(`${name} ${permit.outcome}`);
      return permit;
    });
  return { clock, limiter, reports, permits, ask };
}

function startOf(permit: Permit): number {
  if (permit.outcome !== 'granted') {
    throw new Error(`Expected a permit, got ${permit.outcome}`);
  }
  return permit.startedAt;
}

/** Lets promises settle. */
const settle = () => new Promise(resolve => setImmediate(resolve));

describe('The queue of requests', () => {
  it('serves first come first, people before machines, repeats before newcomers', async () => {
    const { limiter, permits, ask } = create({
      initialConcurrency: 1,
      maxConcurrency: 1,
    });
    const first = startOf(await ask('first'));
    const all = [
      ask('b1'),
      ask('b2'),
      ask('r1', 'repeat'),
      ask('i1', 'interactive'),
      ask('i2', 'interactive'),
    ];
    limiter.release(first, 'served');
    for (const permit of all) {
      void permit.then(t => limiter.release(startOf(t), 'served'));
    }
    await Promise.all(all);
    expect(permits.map(permit => permit.split(' ')[0])).toEqual([
      'first',
      'i1',
      'i2',
      'r1',
      'b1',
      'b2',
    ]);
  });

  it('grants no permit before a pause is over, and then in the order of coming', async () => {
    const { limiter, clock, permits, ask } = create();
    limiter.release(startOf(await ask('first')), 'throttled', {
      retryAfterMs: 5000,
    });
    const all = [ask('a'), ask('b')];
    clock.advance(4999);
    all.push(ask('c'));
    await settle();
    expect(permits).toEqual(['first granted']);
    clock.advance(1);
    await Promise.all(all);
    expect(permits.slice(1)).toEqual(['a granted', 'b granted', 'c granted']);
  });

  it('ends a wait when its signal is aborted, and leaves no timer behind', async () => {
    const { limiter, clock, ask } = create();
    limiter.release(startOf(await ask('first')), 'throttled', {
      retryAfterMs: 5000,
    });
    const controller = new AbortController();
    const permit = ask('aborted', 'background', controller.signal);
    expect(clock.pending).toBe(1);
    controller.abort();
    await expect(permit).resolves.toEqual({ outcome: 'aborted' });
    expect(clock.pending).toBe(0);
    await expect(
      limiter.acquire('background', { signal: controller.signal }),
    ).resolves.toEqual({ outcome: 'aborted' });
    expect(limiter.snapshot()).toMatchObject({ waiting: 0, inFlight: 0 });
  });

  it('rejects at once what would have to wait for too long, and people sooner than machines', async () => {
    const { limiter, ask } = create();
    limiter.release(startOf(await ask('a')), 'throttled', {
      retryAfterMs: 60_000,
    });
    await expect(ask('person', 'interactive')).resolves.toEqual({
      outcome: 'rejected',
      retryAfterMs: 60_000,
    });
    const waiting = ask('machine');
    await settle();
    expect(limiter.snapshot().waiting).toBe(1);
    const late = create();
    late.limiter.release(startOf(await late.ask('a')), 'throttled', {
      retryAfterMs: 120_001,
    });
    await expect(late.ask('machine')).resolves.toMatchObject({
      outcome: 'rejected',
    });
    limiter.close();
    await expect(waiting).resolves.toEqual({ outcome: 'closed' });
  });

  it('rejects all that are queued when the service throttles for two minutes without serving anything', async () => {
    const { limiter, clock, ask } = create({ initialConcurrency: 1 });
    const began = clock.now();
    let probe = startOf(await ask('first'));
    const waiting = [ask('a'), ask('b')];
    for (let i = 0; i < 100 && limiter.snapshot().waiting > 0; i++) {
      const next = limiter.acquire('repeat', { since: began });
      limiter.release(probe, 'throttled');
      clock.skip();
      const permit = await next;
      if (permit.outcome !== 'granted') {
        break;
      }
      probe = permit.startedAt;
    }
    for (const permit of await Promise.all(waiting)) {
      expect(permit).toMatchObject({ outcome: 'rejected' });
    }
    expect(clock.now() - began).toBeGreaterThanOrEqual(60_000);
    expect(clock.now() - began).toBeLessThanOrEqual(120_000);
  });

  it('rejects no request for waiting for the budget, however long that takes', async () => {
    const { limiter, clock, ask } = create();
    const spent = { limit: 200, remaining: 0, cost: 1 };
    limiter.release(startOf(await ask('first')), 'served', spent);
    const waiting = Array.from({ length: 30 }, (_, i) => ask(String(i)));
    for (const [i, permit] of waiting.slice(0, 20).entries()) {
      clock.advance(15_000);
      // The last answer asks for a pause as well.
      const retryAfterMs = i === 19 ? 60_000 : undefined;
      const signal = { ...spent, retryAfterMs };
      limiter.release(startOf(await permit), 'served', signal);
    }
    await settle();
    expect(limiter.snapshot()).toMatchObject({ waiting: 10, remaining: 0 });
    limiter.close();
    await Promise.all(waiting);
  });

  it('ends every wait when it is closed', async () => {
    const { limiter, clock, ask } = create();
    limiter.release(startOf(await ask('a')), 'throttled');
    const waiting = ask('b');
    limiter.close();
    await expect(waiting).resolves.toEqual({ outcome: 'closed' });
    await expect(ask('c')).resolves.toEqual({ outcome: 'closed' });
    expect(clock.pending).toBe(0);
  });

  it('does not fill up with listeners when thousands share a signal', async () => {
    const { limiter, ask } = create({
      initialConcurrency: 1,
      maxConcurrency: 1,
    });
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    const { signal } = new AbortController();
    const all = Array.from({ length: 3000 }, (_, i) =>
      ask(String(i), 'background', signal).then(permit =>
        limiter.release(startOf(permit), 'served'),
      ),
    );
    await Promise.all(all);
    await settle();
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  it('reports a change of pace once', async () => {
    const { limiter, clock, reports, ask } = create();
    for (let i = 0; i < 20; i++) {
      const permit = ask(`a${i}`);
      clock.advance(2000);
      limiter.release(startOf(await permit), 'served', { retryAfterMs: 2000 });
    }
    expect(reports.map(({ by }) => by)).toEqual(['pause']);
    clock.advance(2000);
    limiter.release(startOf(await ask('last')), 'served');
    expect(reports.map(({ by }) => by)).toEqual(['pause', 'nothing']);
  });

  it('shows budget and waiting requests in its snapshot', async () => {
    const { limiter, clock, reports, ask } = create();
    limiter.release(startOf(await ask('a')), 'served', {
      limit: 200,
      remaining: 1,
      cost: 1,
    });
    const waiting = ask('b');
    await settle();
    expect(limiter.snapshot()).toEqual({
      inFlight: 0,
      waiting: 1,
      pausedUntil: undefined,
      throttled: false,
      throttledMs: 0,
      limit: 200,
      remaining: 1,
    });
    expect(reports).toEqual([
      { by: 'budget', until: clock.now() + 15_000, limit: 200 },
    ]);
    limiter.close();
    await waiting;
  });
});
