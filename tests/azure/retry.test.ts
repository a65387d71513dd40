import fc from 'fast-check';
import type { RequestFault } from '../../src/azure/errors';
import { retryDelay } from '../../src/azure/retry';

const FAULT: RequestFault = {
  kind: 'unavailable',
  seen: 'the service answered 500',
  retryable: true,
  throttling: false,
};

function plan(question: Partial<Parameters<typeof retryDelay>[0]> = {}) {
  return retryDelay({
    fault: FAULT,
    attempts: 1,
    elapsedMs: 0,
    priority: 'background',
    random: 1,
    ...question,
  });
}

describe('A failed request', () => {
  it('is sent again a few times with growing delays when it may succeed later', () => {
    expect([1, 2, 3, 4].map(attempts => plan({ attempts }))).toEqual([
      250,
      500,
      1000,
      undefined,
    ]);
  });

  it('is sent again as soon as the limiter permits after throttling', () => {
    const fault = { ...FAULT, kind: 'throttled', throttling: true } as const;
    expect(plan({ fault })).toBe(0);
    expect(plan({ fault, attempts: 6 })).toBeUndefined();
  });

  it('is not sent again when only a person can cure it', () => {
    expect(plan({ fault: { ...FAULT, retryable: false } })).toBeUndefined();
  });

  it('is not sent again after 30 s when a person waits', () => {
    expect(
      plan({ priority: 'interactive', elapsedMs: 30_000 }),
    ).toBeUndefined();
    expect(plan({ priority: 'background', elapsedMs: 30_000 })).toBe(250);
  });

  it('is sent six times at most, and never waits for more than 10 s', () => {
    const kind = fc.constantFrom<RequestFault['kind']>(
      'unauthorized',
      'sign-in',
      'forbidden',
      'not-found',
      'throttled',
      'unavailable',
      'network',
      'timeout',
      'aborted',
      'malformed',
      'too-large',
      'bad-request',
      'redirected',
    );
    fc.assert(
      fc.property(
        kind,
        fc.boolean(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (name, throttling, random) => {
          const fault = { ...FAULT, kind: name, throttling };
          expect(plan({ fault, attempts: 6, random })).toBeUndefined();
          for (let attempts = 1; attempts < 6; attempts++) {
            const delay = plan({ fault, attempts, random }) ?? 0;
            expect(delay).toBeGreaterThanOrEqual(0);
            expect(delay).toBeLessThanOrEqual(10_000);
          }
        },
      ),
    );
  });
});
