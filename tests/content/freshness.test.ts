import { ServiceUnavailableError } from '@backstage/errors';
import fc from 'fast-check';
import { Freshness } from '../../src/content/freshness';
import { Organization } from '../../src/organization';
import { type LogLine, recordingLogger } from '../support/logs';

let now = 0;
let logs: LogLine[] = [];

function freshness(): Freshness {
  now = 0;
  logs = [];
  return new Freshness({
    logger: recordingLogger(logs),
    now: () => now,
  });
}

describe('an answer', () => {
  it('is fresh until its time is over or its repository is invalidated, whichever comes first', () => {
    const step = fc.oneof(
      fc.constantFrom('a', 'b', 'c').map(id => ({ change: id })),
      // The clock may be set right meanwhile, in either direction.
      fc.integer({ min: -30, max: 30 }).map(ms => ({ pass: ms })),
    );
    fc.assert(
      fc.property(
        fc.array(step),
        fc.array(step),
        fc.constantFrom('a', 'b', 'c'),
        fc.nat(60),
        (before, after, id, maxAgeMs) => {
          const fresh = freshness();
          const take = (steps: typeof before) =>
            steps.forEach(each =>
              'change' in each
                ? fresh.invalidate(each.change.toUpperCase())
                : (now += each.pass),
            );
          take(before);
          const asked = fresh.asked();
          const askedAt = now;
          take(after);
          expect(fresh.isFresh(asked, id, maxAgeMs)).toBe(
            Math.abs(now - askedAt) < maxAgeMs &&
              !after.some(each => 'change' in each && each.change === id),
          );
        },
      ),
    );
  });

  it('is stale once more repositories were invalidated than are remembered', () => {
    const fresh = freshness();
    const asked = fresh.asked();
    fresh.invalidate('first');
    for (let i = 0; i < 250_000; i++) {
      fresh.invalidate(`repository ${i}`);
    }
    expect(fresh.isFresh(asked, 'first', 1)).toBe(false);
    expect(fresh.isFresh(fresh.asked(), 'first', 1)).toBe(true);
    expect(fresh.isFresh(fresh.asked(), 'repository 249999', 1)).toBe(true);
  });
});

describe('a service that cannot answer', () => {
  const read = async (fresh: Freshness, name: string) =>
    await fresh.serveStaleOnError(
      { asked: { at: now, ticket: 0 } },
      { organization: new Organization('dev.azure.com', name), what: 'x' },
      () => Promise.reject(new ServiceUnavailableError('not now')),
    );

  it('is in the log once a minute for each organization, with the number of reads', async () => {
    const fresh = freshness();
    for (let i = 0; i < 5; i++) {
      await read(fresh, 'contoso');
      await read(fresh, 'fabrikam');
    }
    expect(logs).toHaveLength(2);
    now += 60_000;
    await read(fresh, 'contoso');
    expect(logs).toHaveLength(3);
    expect(logs[2]!.message).toContain('and 4 more since');
  });
});
