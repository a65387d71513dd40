import fc from 'fast-check';
import type { ClassifiedFault } from '../../src/azure/classify';
import { retryDelay, type RepeatQuestion } from '../../src/azure/retry';

const FAULT: ClassifiedFault = {
  kind: 'unavailable',
  seen: 'the service answered 500',
  retryable: true,
  throttling: false,
};

function plan(question: Partial<RepeatQuestion> = {}) {
  return retryDelay({
    fault: FAULT,
    attempts: 1,
    elapsedMs: 0,
    priority: 'background',
    random: 1,
    ...question,
  });
}

describe('retryDelay', () => {
  it('repeats what may succeed later, a few times, with growing delays', () => {
    expect([1, 2, 3, 4].map(attempts => plan({ attempts }))).toEqual([
      250,
      500,
      1000,
      undefined,
    ]);
  });

  it('leaves the delay after throttling to the limiter', () => {
    const fault = { ...FAULT, kind: 'throttled', throttling: true } as const;
    expect(plan({ fault })).toBe(0);
    expect(plan({ fault, attempts: 6 })).toBeUndefined();
  });

  it('does not repeat what nobody but a person can cure', () => {
    expect(plan({ fault: { ...FAULT, retryable: false } })).toBeUndefined();
  });

  it('stops when the caller has waited long enough', () => {
    expect(
      plan({ priority: 'interactive', elapsedMs: 30_000 }),
    ).toBeUndefined();
    expect(plan({ priority: 'background', elapsedMs: 30_000 })).toBe(250);
    expect(
      plan({ priority: 'background', elapsedMs: 900_000 }),
    ).toBeUndefined();
  });

  it('ends, whatever happens, and never waits for more than 10 s', () => {
    const kind = fc.constantFrom<ClassifiedFault['kind']>(
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
