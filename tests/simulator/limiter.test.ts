import fc from 'fast-check';
import { Limiter, type LimiterVerdict } from '../../dev/simulator/limiter';

const START = Date.parse('2026-03-02T08:00:00Z');
const WINDOW = 300_000;

/** A limiter whose requests cost one TSTU each. */
function limiter(options: ConstructorParameters<typeof Limiter>[0] = {}) {
  return new Limiter({ budget: 100, costs: { items: 1 }, ...options });
}

function admit(
  subject: Limiter,
  count: number,
  at = START,
  key = 'contoso/alice',
): LimiterVerdict[] {
  return Array.from({ length: count }, () => subject.admit(key, 'items', at));
}

describe('far from the limit', () => {
  it('says nothing about limits', () => {
    const verdicts = admit(limiter(), 49);
    expect(new Set(verdicts.map(({ phase }) => phase))).toEqual(
      new Set(['served']),
    );
    expect(verdicts.every(({ headers }) => !Object.keys(headers).length)).toBe(
      true,
    );
  });
});

describe('near the limit', () => {
  it('tells limit, remainder, cost and the end of the window', () => {
    const [verdict] = admit(limiter(), 50).slice(-1);
    expect(verdict).toEqual({
      phase: 'warned',
      cost: 1,
      delayMs: 0,
      headers: {
        'X-RateLimit-Resource': 'Concurrency',
        'X-RateLimit-Limit': '100',
        'X-RateLimit-Remaining': '50',
        'X-RateLimit-Reset': String((START + WINDOW) / 1000),
        'X-RateLimit-Cost': '1.00000',
      },
    });
  });

  it('tells the reset of the latest request, not of the first', () => {
    const subject = limiter();
    admit(subject, 49, START);
    const [verdict] = admit(subject, 1, START + 60_000);
    expect(verdict?.headers['X-RateLimit-Reset']).toBe(
      String((START + 60_000 + WINDOW) / 1000),
    );
  });
});

describe('above the limit', () => {
  it('delays longer and longer, up to the longest delay, and still succeeds', () => {
    const verdicts = admit(limiter(), 150).slice(100);
    const delays = verdicts.map(verdict =>
      verdict.phase === 'delayed' ? verdict.delayMs : NaN,
    );
    expect(delays[0]).toBe(600);
    expect(delays.at(-1)).toBe(30_000);
    expect([...delays].sort((a, b) => a - b)).toEqual(delays);
    expect(verdicts[0]?.headers).toMatchObject({
      'Retry-After': '300',
      'X-RateLimit-Delay': '0.600',
      'X-RateLimit-Remaining': '0',
    });
  });

  it('promises a Retry-After after which nothing is delayed', () => {
    const subject = limiter();
    admit(subject, 60, START);
    const verdicts = admit(subject, 60, START + 100_000);
    const last = verdicts.at(-1);
    expect(last?.phase).toBe('delayed');
    const wait = Number(last?.headers['Retry-After']) * 1000;
    expect(wait).toBe(200_000);
    const [after] = admit(subject, 1, START + 100_000 + wait);
    expect(after?.phase).toBe('warned');
  });
});

describe('far above the limit', () => {
  it('refuses, at no cost, until the window has moved on', () => {
    const subject = limiter();
    admit(subject, 150);
    const refused = admit(subject, 20);
    expect(new Set(refused.map(({ phase }) => phase))).toEqual(
      new Set(['refused']),
    );
    expect(refused[0]).toMatchObject({
      form: '429-json',
      message:
        'TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource Concurrency in namespace VSID.',
      headers: { 'Retry-After': '300', 'X-RateLimit-Remaining': '0' },
    });
    expect(subject.usage('contoso/alice', START)).toBe(150);
    expect(admit(subject, 1, START + WINDOW)[0]?.phase).toBe('served');
  });

  it('lets a refused request cost something where it is told to', () => {
    const subject = limiter({ refusalCost: 2 });
    admit(subject, 151);
    expect(subject.usage('contoso/alice', START)).toBe(152);
  });

  it('takes turns among the forms, of which only some say how long to wait', () => {
    const subject = limiter({
      refusals: ['429-json', '429-plain', '429-bare', '503-html', '401', '203'],
    });
    admit(subject, 150);
    const told = admit(subject, 7).map(verdict =>
      verdict.phase === 'refused'
        ? [verdict.form, 'Retry-After' in verdict.headers]
        : [verdict.phase],
    );
    expect(told).toEqual([
      ['429-json', true],
      ['429-plain', true],
      ['429-bare', false],
      ['503-html', false],
      ['401', false],
      ['203', false],
      ['429-json', true],
    ]);
  });
});

it('keeps a budget for every identity', () => {
  const subject = limiter();
  admit(subject, 151, START, 'contoso/alice');
  expect(admit(subject, 1, START, 'contoso/bob')[0]?.phase).toBe('served');
  expect(admit(subject, 1, START, 'fabrikam/alice')[0]?.phase).toBe('served');
});

it('can be changed while it runs, and counts what others spend', () => {
  const subject = limiter({ budget: Infinity });
  expect(admit(subject, 500).at(-1)?.phase).toBe('served');
  subject.configure({ budget: 100 });
  expect(admit(subject, 1)[0]?.phase).toBe('refused');
  subject.configure({ budget: 1200 });
  expect(admit(subject, 1)[0]?.phase).toBe('served');
  subject.spend('contoso/alice', START, 1200);
  expect(admit(subject, 1)[0]?.phase).toBe('delayed');
});

it('takes costs from the options, then from the defaults', () => {
  const subject = new Limiter({ costs: { items: 0.7, default: 0.3 } });
  expect(subject.cost('items')).toBe(0.7);
  expect(subject.cost('codesearch')).toBe(2);
  expect(subject.cost('something else')).toBe(0.3);
});

it.each([
  [
    { budget: 0 },
    "Expected the limiter's `budget` to be a number above 0, got 0",
  ],
  [
    { windowMs: -1 },
    "Expected the limiter's `windowMs` to be a number above 0, got -1",
  ],
  [
    { refuseFrom: 1 },
    "Expected the limiter's `refuseFrom` to be a number above 1, got 1",
  ],
  [
    { refusals: [] },
    "Expected the limiter's `refusals` to name at least one form, got none",
  ],
])('refuses the options %j', (options, message) => {
  expect(() => new Limiter(options)).toThrow(message);
});

describe('whatever is asked when', () => {
  const steps = fc.array(
    fc.record({
      wait: fc.integer({ min: 0, max: 120_000 }),
      count: fc.integer({ min: 1, max: 40 }),
    }),
    { maxLength: 60 },
  );

  it('never admits more than the refusal threshold in any window', () => {
    fc.assert(
      fc.property(steps, history => {
        const subject = limiter();
        const admitted: number[] = [];
        let now = START;
        for (const { wait, count } of history) {
          now += wait;
          for (const verdict of admit(subject, count, now)) {
            if (verdict.phase !== 'refused') admitted.push(now);
          }
          const inWindow = admitted.filter(at => at > now - WINDOW).length;
          expect(inWindow).toBeLessThanOrEqual(150);
        }
      }),
    );
  });

  it('counts exactly what the window holds, to the width of a slot', () => {
    fc.assert(
      fc.property(steps, history => {
        const subject = limiter({ refuseFrom: 1e9 });
        const admitted: number[] = [];
        let now = START;
        for (const { wait, count } of history) {
          now += wait;
          admit(subject, count, now).forEach(() => admitted.push(now));
          const within = (age: number) =>
            admitted.filter(at => at > now - age).length;
          const usage = subject.usage('contoso/alice', now);
          expect(usage).toBeGreaterThanOrEqual(within(WINDOW));
          expect(usage).toBeLessThanOrEqual(within(WINDOW + WINDOW / 300));
        }
      }),
    );
  });
});

describe('leastDuration', () => {
  it('is no time for what fits into the budget at once', () => {
    expect(limiter().leastDuration(100)).toBe(0);
  });

  it('is what the quickest client needs that is never delayed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), total => {
        const subject = limiter();
        let now = START;
        for (let done = 0; done < total; done++) {
          // The quickest: everything that fits, then the wait until one more does.
          while (subject.usage('contoso/alice', now) + 1 > 100) now += 100_000;
          expect(admit(subject, 1, now)[0]?.phase).not.toBe('delayed');
        }
        expect(now - START).toBe(subject.leastDuration(total));
      }),
      { numRuns: 20 },
    );
  });
});
