import { Limiter, type Turn } from '../../../src/azure/limiter/limiter';
import {
  DEFAULT_LIMITER_OPTIONS,
  type Lane,
  type LimiterOptions,
} from '../../../src/azure/limiter/options';
import type { PacingReport } from '../../../src/azure/limiter/report';
import { ManualClock } from '../support/clock';

function create(options: Partial<LimiterOptions> = {}) {
  const clock = new ManualClock();
  const reports: PacingReport[] = [];
  const limiter = new Limiter({
    options: { ...DEFAULT_LIMITER_OPTIONS, ...options },
    clock,
    random: () => 1,
    onReport: report => reports.push(report),
  });
  const turns: string[] = [];
  /** Asks for a turn, and notes down when it comes. */
  const ask = (name: string, lane: Lane = 'background', signal?: AbortSignal) =>
    limiter.acquire(lane, signal).then(turn => {
      turns.push(`${name} ${turn.outcome}`);
      return turn;
    });
  return { clock, limiter, reports, turns, ask };
}

function startOf(turn: Turn): number {
  if (turn.outcome !== 'admitted') {
    throw new Error(`Expected a turn, got ${turn.outcome}`);
  }
  return turn.startedAt;
}

/** Lets promises settle. */
const settle = () => new Promise(resolve => setImmediate(resolve));

describe('Limiter', () => {
  it('serves first come first, people before machines, repeats before newcomers', async () => {
    const { limiter, turns, ask } = create({
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
    limiter.finish(first, 'served');
    for (const turn of all) {
      void turn.then(t => limiter.finish(startOf(t), 'served'));
    }
    await Promise.all(all);
    expect(turns.map(turn => turn.split(' ')[0])).toEqual([
      'first',
      'i1',
      'i2',
      'r1',
      'b1',
      'b2',
    ]);
  });

  it('lets nobody go before a pause is over, and then in the order of coming', async () => {
    const { limiter, clock, turns, ask } = create();
    limiter.finish(startOf(await ask('first')), 'shed', { retryAfterMs: 5000 });
    const all = [ask('a'), ask('b')];
    clock.advance(4999);
    all.push(ask('c'));
    await settle();
    expect(turns).toEqual(['first admitted']);
    clock.advance(1);
    await Promise.all(all);
    expect(turns.slice(1)).toEqual(['a admitted', 'b admitted', 'c admitted']);
  });

  it('ends a wait when its signal is aborted, and keeps no timer for it', async () => {
    const { limiter, clock, ask } = create();
    limiter.finish(startOf(await ask('first')), 'shed', { retryAfterMs: 5000 });
    const controller = new AbortController();
    const turn = ask('aborted', 'background', controller.signal);
    expect(clock.pending).toBe(1);
    controller.abort();
    await expect(turn).resolves.toEqual({ outcome: 'aborted' });
    expect(clock.pending).toBe(0);
    await expect(
      limiter.acquire('background', controller.signal),
    ).resolves.toEqual({ outcome: 'aborted' });
    expect(limiter.snapshot()).toMatchObject({ waiting: 0, inFlight: 0 });
  });

  it('does not keep people waiting for a long pause, nor anybody for a very long one', async () => {
    const { limiter, ask } = create();
    limiter.finish(startOf(await ask('a')), 'shed', { retryAfterMs: 60_000 });
    await expect(ask('person', 'interactive')).resolves.toEqual({
      outcome: 'refused',
      retryAfterMs: 60_000,
    });
    const waiting = ask('machine');
    await settle();
    expect(limiter.snapshot().waiting).toBe(1);
    const late = create();
    late.limiter.finish(startOf(await late.ask('a')), 'shed', {
      retryAfterMs: 1_800_000,
    });
    await expect(late.ask('machine')).resolves.toMatchObject({
      outcome: 'refused',
    });
    limiter.close();
    await expect(waiting).resolves.toEqual({ outcome: 'closed' });
  });

  it('sends those who wait away when the service refuses everything for ten minutes', async () => {
    const { limiter, clock, ask } = create({ initialConcurrency: 1 });
    let probe = startOf(await ask('first'));
    const waiting = [ask('a'), ask('b')];
    for (let i = 0; i < 100 && limiter.snapshot().waiting > 0; i++) {
      const next = limiter.acquire('repeat');
      limiter.finish(probe, 'shed');
      clock.skip();
      const turn = await next;
      if (turn.outcome !== 'admitted') {
        break;
      }
      probe = turn.startedAt;
    }
    for (const turn of await Promise.all(waiting)) {
      expect(turn).toMatchObject({ outcome: 'refused' });
    }
    expect(clock.now() - 1_700_000_000_000).toBeGreaterThanOrEqual(600_000);
    expect(clock.now() - 1_700_000_000_000).toBeLessThan(700_000);
  });

  it('turns everybody away once it is closed', async () => {
    const { limiter, clock, ask } = create();
    limiter.finish(startOf(await ask('a')), 'shed');
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
      ask(String(i), 'background', signal).then(turn =>
        limiter.finish(startOf(turn), 'served'),
      ),
    );
    await Promise.all(all);
    await settle();
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  it('tells of a change of pace once', async () => {
    const { limiter, clock, reports, ask } = create();
    for (let i = 0; i < 20; i++) {
      const turn = ask(`a${i}`);
      clock.advance(2000);
      limiter.finish(startOf(await turn), 'served', { retryAfterMs: 2000 });
    }
    expect(reports.map(({ change }) => change)).toEqual(['paused']);
    clock.advance(2000);
    limiter.finish(startOf(await ask('last')), 'served');
    expect(reports.map(({ change }) => change)).toEqual(['paused', 'resumed']);
  });

  it('says how it paces', async () => {
    const { limiter, clock, reports, ask } = create();
    limiter.finish(startOf(await ask('a')), 'served', {
      limit: 200,
      remaining: 1,
      resetInMs: 300_000,
      cost: 1,
    });
    const waiting = ask('b');
    await settle();
    expect(limiter.snapshot()).toEqual({
      concurrency: 8,
      inFlight: 0,
      waiting: 1,
      pausedUntil: undefined,
      throttled: false,
      limit: 200,
      remaining: 1,
      cost: 1,
    });
    expect(reports).toEqual([
      { change: 'slowed', until: clock.now() + 15_000, limit: 200 },
    ]);
    limiter.close();
    await waiting;
  });
});
