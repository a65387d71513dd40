import type { LoggerService } from '@backstage/backend-plugin-api';
import fc from 'fast-check';
import { TokenError } from '../../src/credentials/errors';
import type { AccessToken } from '../../src/credentials/access-token';
import { TokenSource } from '../../src/credentials/token-source';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Those of the test. What one has not answered by the end of it would be waited for. */
const issuers: Issuer[] = [];
afterEach(async () => {
  for (const issuer of issuers.splice(0)) {
    while (issuer.pending.length > 0) await issuer.fail();
  }
});

/** A token service whose every answer the test gives by hand, and a clock that it sets. */
class Issuer {
  now = 1_000_000;
  warnings: string[] = [];
  readonly pending: Array<{
    instead: AccessToken | undefined;
    resolve: (token: AccessToken) => void;
    reject: (error: Error) => void;
  }> = [];
  asked = 0;

  readonly source: TokenSource;

  constructor(timeoutMs = 60_000) {
    issuers.push(this);
    this.source = new TokenSource({
      name: 'test credential',
      acquire: instead => {
        this.asked += 1;
        return new Promise((resolve, reject) => {
          this.pending.push({ instead, resolve, reject });
        });
      },
      logger: { warn: (line: string) => this.warnings.push(line) } as Pick<
        LoggerService,
        'warn'
      > as LoggerService,
      now: () => this.now,
      timeoutMs,
    });
  }

  async give(token: string, life = HOUR): Promise<void> {
    this.pending.shift()?.resolve({ token, expiresAt: this.now + life });
    await settle();
  }

  async fail(problem: TokenError['problem'] = 'token-service-unavailable') {
    this.pending.shift()?.reject(new TokenError(problem));
    await settle();
  }

  /** A source that holds a token. */
  static async holding(token: string): Promise<Issuer> {
    const issuer = new Issuer();
    const first = issuer.source.get();
    await issuer.give(token, HOUR);
    expect((await first).token).toBe(token);
    issuer.asked = 0;
    return issuer;
  }
}

/** Lets everything run that only waits for promises. */
async function settle(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve));
}

describe('the first token', () => {
  it('is asked for once, however many wait for it', async () => {
    const issuer = new Issuer();
    const callers = Array.from({ length: 100 }, () => issuer.source.get());
    await issuer.give('one');
    const tokens = await Promise.all(callers);
    expect(new Set(tokens.map(t => t.token))).toEqual(new Set(['one']));
    expect(issuer.asked).toBe(1);
  });

  it('is missing for all who wait when it cannot be had, and is not asked for again at once', async () => {
    const issuer = new Issuer();
    const callers = [issuer.source.get(), issuer.source.get()];
    const outcomes = Promise.allSettled(callers);
    await settle();
    await issuer.fail('client-secret-expired');
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { problem: 'client-secret-expired' },
      });
    }
    await expect(issuer.source.get()).rejects.toThrow('client-secret-expired');
    expect(issuer.asked).toBe(1);
  });

  it('is asked for after a pause that grows to a minute, and then obtained without a restart', async () => {
    const issuer = new Issuer();
    const pauses: number[] = [];
    for (let i = 0; i < 8; i += 1) {
      const attempt = issuer.source.get();
      const outcome = expect(attempt).rejects.toThrow();
      await settle();
      await issuer.fail();
      await outcome;
      const failedAt = issuer.now;
      const before = issuer.asked;
      while (issuer.asked === before) {
        issuer.now += 1_000;
        const probe = issuer.source.get();
        probe.catch(() => {});
        await settle();
      }
      pauses.push((issuer.now - failedAt) / 1000);
    }
    expect(pauses).toEqual([2, 4, 8, 16, 32, 60, 60, 60]);
    await issuer.give('finally');
    expect((await issuer.source.get()).token).toBe('finally');

    // What fails after that is the first failure again.
    issuer.now += 2 * HOUR;
    const next = expect(issuer.source.get()).rejects.toThrow();
    await settle();
    await issuer.fail();
    await next;
    const { asked } = issuer;
    issuer.now += 2_000;
    issuer.source.get().catch(() => {});
    await settle();
    expect(issuer.asked).toBe(asked + 1);
  });

  it('is given up when no answer comes', async () => {
    const issuer = new Issuer(20);
    await expect(issuer.source.get()).rejects.toMatchObject({
      problem: 'token-timeout',
    });
  });

  it('is still obtained for others when one of those who wait gives up', async () => {
    const issuer = new Issuer();
    const controller = new AbortController();
    const hasty = issuer.source.get(controller.signal);
    const patient = issuer.source.get();
    const gone = expect(hasty).rejects.toThrow('enough');
    controller.abort(new Error('enough'));
    await gone;
    await issuer.give('one');
    expect((await patient).token).toBe('one');
    expect(issuer.asked).toBe(1);
    await expect(issuer.source.get(controller.signal)).rejects.toThrow(
      'enough',
    );
  });

  it('is a failure when it has expired already', async () => {
    const issuer = new Issuer();
    const outcome = expect(issuer.source.get()).rejects.toMatchObject({
      problem: 'token-malformed',
    });
    await issuer.give('stale', 0);
    await outcome;
  });
});

describe('the renewal of a token', () => {
  it('begins ahead of expiry, while the old one is handed out', async () => {
    const issuer = await Issuer.holding('old');
    issuer.now += 44 * MINUTE;
    await issuer.source.get();
    expect(issuer.asked).toBe(0);
    issuer.now += 1 * MINUTE;
    for (let i = 0; i < 10; i += 1) {
      expect((await issuer.source.get()).token).toBe('old');
    }
    expect(issuer.asked).toBe(1);
    await issuer.give('new');
    expect((await issuer.source.get()).token).toBe('new');
    expect(issuer.asked).toBe(1);
  });

  it('leaves the valid token in use when it fails', async () => {
    const issuer = await Issuer.holding('old');
    issuer.now += 50 * MINUTE;
    await issuer.source.get();
    await issuer.fail();
    expect(issuer.warnings).toHaveLength(1);
    expect(issuer.warnings[0]).toMatch(
      /test credential could not be renewed; the current one is used until/,
    );
    expect((await issuer.source.get()).token).toBe('old');
    await settle();
    expect(issuer.asked).toBe(1);
    expect(issuer.warnings).toHaveLength(1);
    issuer.now += MINUTE;
    await issuer.source.get();
    expect(issuer.asked).toBe(2);
    await issuer.give('new');
    expect((await issuer.source.get()).token).toBe('new');
  });

  it('is repeated once the library no longer answers from its cache', async () => {
    const issuer = await Issuer.holding('old');
    const expiresAt = issuer.now + HOUR;
    issuer.now += 46 * MINUTE;
    await issuer.source.get();
    issuer.pending.shift()?.resolve({ token: 'old', expiresAt });
    await settle();
    issuer.now = expiresAt - 5 * MINUTE;
    await issuer.source.get();
    expect(issuer.asked).toBe(1);
    issuer.now += 1_000;
    await issuer.source.get();
    expect(issuer.asked).toBe(2);
  });

  it('is waited for once the token has expired', async () => {
    const issuer = await Issuer.holding('old');
    // It has to arrive while it is valid.
    issuer.now += HOUR - 10_000;
    const waiting = issuer.source.get();
    await issuer.give('new');
    expect((await waiting).token).toBe('new');
  });
});

describe('a token that Azure DevOps denies', () => {
  it('is replaced once, however many requests it was denied in', async () => {
    const issuer = await Issuer.holding('old');
    const replaced = Promise.all(
      Array.from({ length: 20 }, () => issuer.source.replace('old')),
    );
    const meanwhile = issuer.source.get();
    await settle();
    expect(issuer.pending[0]?.instead?.token).toBe('old');
    await issuer.give('new');
    expect(new Set(await replaced)).toEqual(new Set([true]));
    expect((await meanwhile).token).toBe('new');
    expect(issuer.asked).toBe(1);
  });

  it('is worth a repeat without a request when another is there already', async () => {
    const issuer = await Issuer.holding('new');
    expect(await issuer.source.replace('old')).toBe(true);
    expect(issuer.asked).toBe(0);
  });

  it('is not replaced again soon when its replacement is denied too', async () => {
    const issuer = await Issuer.holding('one');
    const first = issuer.source.replace('one');
    await issuer.give('two');
    expect(await first).toBe(true);
    expect(await issuer.source.replace('two')).toBe(false);
    issuer.now += 10 * MINUTE - 1;
    expect(await issuer.source.replace('two')).toBe(false);
    expect(issuer.asked).toBe(1);
    issuer.now += 1;
    const later = issuer.source.replace('two');
    await issuer.give('three');
    expect(await later).toBe(true);
  });

  it('stays in use when there is no other, since a service under load denies valid ones', async () => {
    const issuer = await Issuer.holding('old');
    const replaced = issuer.source.replace('old');
    await issuer.fail();
    expect(await replaced).toBe(false);
    expect((await issuer.source.get()).token).toBe('old');
  });

  it('is not worth a repeat when the library gives the same one again', async () => {
    const issuer = await Issuer.holding('old');
    const replaced = issuer.source.replace('old');
    await issuer.give('old');
    expect(await replaced).toBe(false);
  });
});

it('the source of a token never has two requests in flight, nor drops a valid token, whatever happens', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('get' as const) }),
    fc.record({ kind: fc.constant('replace' as const) }),
    fc.record({
      kind: fc.constant('give' as const),
      life: fc.constantFrom(2 * MINUTE, 10 * MINUTE, HOUR, 24 * HOUR),
    }),
    fc.record({ kind: fc.constant('fail' as const) }),
    fc.record({
      kind: fc.constant('wait' as const),
      milliseconds: fc.constantFrom(1_000, MINUTE, 14 * MINUTE, HOUR),
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
      const issuer = new Issuer();
      let given = 0;
      let best = Number.NEGATIVE_INFINITY;
      for (const s of steps) {
        if (s.kind === 'wait') issuer.now += s.milliseconds;
        if (s.kind === 'give' && issuer.pending.length > 0) {
          given += 1;
          best = issuer.now + s.life;
          await issuer.give(`token ${given}`, s.life);
        }
        if (s.kind === 'fail') await issuer.fail();
        if (s.kind === 'replace') {
          void issuer.source.replace(`token ${given}`);
        }
        if (s.kind === 'get') {
          const got = issuer.source.get();
          // A token with time left is handed out without waiting for anybody.
          const replacing = issuer.pending.some(p => p.instead);
          if (issuer.now < best - 20_000 && !replacing) {
            const token = await Promise.race([got, settle().then(settle)]);
            expect(token).toMatchObject({ token: `token ${given}` });
          } else {
            got.catch(() => {});
          }
        }
        await settle();
        expect(issuer.pending.length).toBeLessThanOrEqual(1);
      }
      while (issuer.pending.length > 0) await issuer.fail();
      issuers.pop();
    }),
    { numRuns: 200 },
  );
});
