import fc from 'fast-check';
import { mediaTypeOf, readRateLimit } from '../../src/azure/headers';

const NOW = Date.parse('2026-03-01T12:00:00Z');

describe('The rate limit in the headers of an answer', () => {
  it('is unknown where there are none', () => {
    expect(
      readRateLimit({ 'content-type': 'application/json' }, NOW),
    ).toBeUndefined();
  });

  it('has everything that the service documents', () => {
    expect(
      readRateLimit(
        {
          date: 'Sun, 01 Mar 2026 12:00:00 GMT',
          'retry-after': '17',
          'x-ratelimit-resource': 'Concurrency',
          'x-ratelimit-delay': '1.250',
          'x-ratelimit-limit': '200',
          'x-ratelimit-remaining': '12.5',
          'x-ratelimit-reset': String(NOW / 1000 + 240),
          'x-ratelimit-cost': '0.05000',
        },
        NOW,
      ),
    ).toEqual({
      retryAfterMs: 17_000,
      delayMs: 1250,
      limit: 200,
      remaining: 12.5,
      cost: 0.05,
    });
  });

  it("is read against the service's clock, not ours", () => {
    const signal = readRateLimit(
      {
        date: 'Sun, 01 Mar 2026 12:00:00 GMT',
        'retry-after': 'Sun, 01 Mar 2026 12:00:30 GMT',
        'x-ratelimit-remaining': '0',
      },
      NOW + 5 * 60_000,
    );
    expect(signal).toMatchObject({ retryAfterMs: 30_000 });
  });

  it('asks for no wait when its time has passed', () => {
    expect(
      readRateLimit({ 'retry-after': 'Sun, 01 Mar 2026 11:00:00 GMT' }, NOW),
    ).toMatchObject({ retryAfterMs: 0 });
  });

  it.each(['', 'soon', 'NaN', '-5x', '1e999'])(
    'asks for no wait when Retry-After is %j',
    value => {
      expect(
        readRateLimit({ 'retry-after': value }, NOW)?.retryAfterMs,
      ).toBeUndefined();
    },
  );

  it('has only finite numbers of 0 or more, whatever is in the headers', () => {
    const value = fc.oneof(
      fc.string(),
      fc.double().map(String),
      fc.constantFrom('-1', 'Infinity', '0x10', ' 5 ', '1e400'),
    );
    const names = [
      'date',
      'retry-after',
      'x-ratelimit-delay',
      'x-ratelimit-limit',
      'x-ratelimit-remaining',
      'x-ratelimit-reset',
      'x-ratelimit-cost',
    ];
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom(...names),
          fc.oneof(value, fc.array(value)),
        ),
        headers => {
          const signal = readRateLimit(headers, NOW) ?? {};
          for (const number of Object.values(signal)) {
            if (number !== undefined) {
              expect(Number.isFinite(number)).toBe(true);
              expect(number).toBeGreaterThanOrEqual(0);
            }
          }
        },
      ),
    );
  });
});

describe('The media type of an answer', () => {
  it.each([
    ['application/json; charset=utf-8; api-version=7.1', 'application/json'],
    [' Text/HTML ;charset=x', 'text/html'],
    ['', ''],
  ])('finds in %j %j', (header, type) => {
    expect(mediaTypeOf({ 'content-type': header })).toBe(type);
  });

  it('is empty where there is none', () => {
    expect(mediaTypeOf({})).toBe('');
  });
});
