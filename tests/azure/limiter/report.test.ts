import { type Hold, PacingReporter } from '../../../src/azure/limiter/report';

const FREE = { by: 'nothing' } as const;
const slow = (until: number) => ({ by: 'budget', until, limit: 200 }) as const;
const pause = (until: number) => ({ by: 'pause', until }) as const;

function create() {
  const changes: Array<Hold['by']> = [];
  const reporter = new PacingReporter(({ by }) => changes.push(by));
  return { reporter, changes };
}

describe('The log of pacing', () => {
  it('is silent while nothing is held up', () => {
    const { reporter, changes } = create();
    reporter.observe(FREE, false, 0);
    reporter.observe(FREE, true, 1_000_000);
    expect(changes).toEqual([]);
  });

  it('has one line for a slow time, however many waves of requests it has', () => {
    const { reporter, changes } = create();
    for (let wave = 0; wave < 10; wave++) {
      const now = wave * 300_000;
      reporter.observe(FREE, false, now);
      reporter.observe(slow(now + 290_000), false, now + 10_000);
    }
    expect(changes).toEqual(['budget']);
  });

  it('adds up for how long requests were held up, and nothing after the end of a hold, whenever somebody looks', () => {
    const { reporter } = create();
    reporter.observe(slow(10_000), false, 0);
    expect(reporter.heldMs(4_000)).toBe(4_000);
    reporter.observe(pause(20_000), false, 5_000);
    expect(reporter.heldMs(60_000)).toBe(20_000);
    reporter.observe(FREE, true, 90_000);
    expect(reporter.heldMs(95_000)).toBe(20_000);
    // Until those end that are under way.
    reporter.observe(slow(Infinity), false, 100_000);
    reporter.observe(FREE, false, 101_000);
    expect(reporter.heldMs(200_000)).toBe(21_000);
  });

  it('has a line when it gets worse, and none when it only gets a little better', () => {
    const { reporter, changes } = create();
    reporter.observe(slow(10), false, 0);
    reporter.observe(pause(20), false, 1);
    reporter.observe(slow(30), false, 21);
    reporter.observe(pause(40), false, 31);
    expect(changes).toEqual(['budget', 'pause']);
  });

  it('reports that requests flow again after a minute of it, or when all are done', () => {
    const { reporter, changes } = create();
    reporter.observe(pause(1_000), false, 0);
    reporter.observe(FREE, false, 60_999);
    expect(changes).toEqual(['pause']);
    reporter.observe(FREE, false, 61_000);
    expect(changes).toEqual(['pause', 'nothing']);
    reporter.observe(slow(Infinity), false, 100_000);
    reporter.observe(FREE, true, 100_001);
    expect(changes).toEqual(['pause', 'nothing', 'budget', 'nothing']);
  });
});
