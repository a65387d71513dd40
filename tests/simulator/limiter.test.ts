import fc from 'fast-check';
import { Limiter, type LimiterAnswer } from '../../dev/simulator/limiter';

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
): LimiterAnswer[] {
  return Array.from({ length: count }, () => subject.admit(key, 'items', at));
}

describe('the simulated rate limit', () => {
  it('sends no header far from the limit', () => {
    const answers = admit(limiter(), 49);
    expect(new Set(answers.map(({ phase }) => phase))).toEqual(
      new Set(['served']),
    );
    expect(answers.every(({ headers }) => !Object.keys(headers).length)).toBe(
      true,
    );
  });

  it('sends limit, remainder, cost and the end of the window near the limit', () => {
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

  it('resets a window after the latest request, not after the first', () => {
    const subject = limiter();
    admit(subject, 49, START);
    const [verdict] = admit(subject, 1, START + 60_000);
    expect(verdict?.headers['X-RateLimit-Reset']).toBe(
      String((START + 60_000 + WINDOW) / 1000),
    );
  });

  it('delays longer and longer above the limit and still succeeds', () => {
    const answers = admit(limiter(), 150).slice(100);
    const delays = answers.map(verdict =>
      verdict.phase === 'delayed' ? verdict.delayMs : NaN,
    );
    expect(delays[0]).toBe(600);
    expect(delays.at(-1)).toBe(30_000);
    expect([...delays].sort((a, b) => a - b)).toEqual(delays);
    expect(answers[0]?.headers).toMatchObject({
      'Retry-After': '300',
      'X-RateLimit-Delay': '0.600',
      'X-RateLimit-Remaining': '0',
    });
  });

  it('sends a Retry-After after which nothing is delayed', () => {
    const subject = limiter();
    admit(subject, 60, START);
    const answers = admit(subject, 60, START + 100_000);
    const last = answers.at(-1);
    expect(last?.phase).toBe('delayed');
    const wait = Number(last?.headers['Retry-After']) * 1000;
    expect(wait).toBe(200_000);
    const [after] = admit(subject, 1, START + 100_000 + wait);
    expect(after?.phase).toBe('warned');
  });

  it('blocks far above the limit, at no cost, until the window has moved on', () => {
    const subject = limiter();
    admit(subject, 150);
    const blocked = admit(subject, 20);
    expect(new Set(blocked.map(({ phase }) => phase))).toEqual(
      new Set(['blocked']),
    );
    expect(blocked[0]).toMatchObject({
      form: '429-json',
      headers: { 'Retry-After': '300', 'X-RateLimit-Remaining': '0' },
    });
    expect(admit(subject, 1, START + WINDOW)[0]?.phase).toBe('served');
  });

  it('blocks in each form in turn, of which only some say how long to wait', () => {
    const subject = limiter({
      blockForms: [
        '429-json',
        '429-plain',
        '429-bare',
        '503-html',
        '401',
        '203',
      ],
    });
    admit(subject, 150);
    const answers = admit(subject, 7).map(verdict =>
      verdict.phase === 'blocked'
        ? [verdict.form, 'Retry-After' in verdict.headers]
        : [verdict.phase],
    );
    expect(answers).toEqual([
      ['429-json', true],
      ['429-plain', true],
      ['429-bare', false],
      ['503-html', false],
      ['401', false],
      ['203', false],
      ['429-json', true],
    ]);
  });

  it('keeps a budget for every identity', () => {
    const subject = limiter();
    admit(subject, 151, START, 'contoso/alice');
    expect(admit(subject, 1, START, 'contoso/bob')[0]?.phase).toBe('served');
    expect(admit(subject, 1, START, 'fabrikam/alice')[0]?.phase).toBe('served');
  });

  it('takes costs from the options, then from the defaults', () => {
    const subject = new Limiter({
      headersFrom: 0,
      costs: { items: 0.7, default: 0.3 },
    });
    const costOf = (endpoint: string) =>
      subject.admit('contoso/alice', endpoint, START).headers[
        'X-RateLimit-Cost'
      ];
    expect(costOf('items')).toBe('0.70000');
    expect(costOf('codesearch')).toBe('2.00000');
    expect(costOf('something else')).toBe('0.30000');
  });

  const steps = fc.array(
    fc.record({
      wait: fc.integer({ min: 0, max: 120_000 }),
      count: fc.integer({ min: 1, max: 40 }),
    }),
    { maxLength: 60 },
  );

  it('never admits more than it blocks from in any window', () => {
    fc.assert(
      fc.property(steps, history => {
        const subject = limiter();
        const admitted: number[] = [];
        let now = START;
        for (const { wait, count } of history) {
          now += wait;
          for (const verdict of admit(subject, count, now)) {
            if (verdict.phase !== 'blocked') admitted.push(now);
          }
          const inWindow = admitted.filter(at => at > now - WINDOW).length;
          expect(inWindow).toBeLessThanOrEqual(150);
        }
      }),
    );
  });

  it('needs no time for what fits into the budget at once', () => {
    expect(limiter().leastDuration(100)).toBe(0);
  });

  it('needs at least what the quickest client needs that is never delayed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), total => {
        const subject = limiter();
        let now = START;
        for (let done = 0; done < total; done++) {
          // The quickest: everything that fits, then the wait until one more does.
          if (done > 0 && done % 100 === 0) now += WINDOW;
          expect(admit(subject, 1, now)[0]?.phase).not.toBe('delayed');
        }
        expect(now - START).toBe(subject.leastDuration(total));
      }),
      { numRuns: 20 },
    );
  });
});
