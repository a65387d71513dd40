import fc from 'fast-check';
import { RequestLog, type RequestEntry } from '../../dev/simulator/requests';

function entry(changes: Partial<RequestEntry> = {}): RequestEntry {
  return {
    method: 'GET',
    url: 'https://dev.azure.com/contoso/_apis/git/repositories',
    host: 'dev.azure.com',
    endpoint: 'repositories',
    identity: 'alice',
    organization: 'contoso',
    headers: {},
    door: 'cloud',
    at: 0,
    ...changes,
  };
}

describe('the request log of the simulator', () => {
  it('counts a request from its arrival, under its status from its answer', () => {
    const log = new RequestLog(10);
    const pending = log.add(entry());
    expect([log.count(), log.count({ status: 0 })]).toEqual([1, 1]);
    pending.answered(200, 5);
    pending.sent(7);
    expect(log.count({ status: 0 })).toBe(0);
    expect(log.count({ status: 200, organization: 'CONTOSO' })).toBe(1);
    expect(log.bytes()).toBe(12);
    expect(log.totals()).toHaveLength(1);
  });

  it('keeps the latest requests in full and counts all', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(
          fc.record({
            endpoint: fc.constantFrom('items', 'refs'),
            status: fc.constantFrom(200, 404),
          }),
        ),
        (capacity, requests) => {
          const log = new RequestLog(capacity);
          for (const [at, { endpoint, status }] of requests.entries()) {
            log.add(entry({ endpoint, at })).answered(status, 1);
          }
          expect(log.list().map(({ at }) => at)).toEqual(
            requests.map((_, at) => at).slice(-capacity),
          );
          expect(log.count()).toBe(requests.length);
          for (const endpoint of ['items', 'refs']) {
            for (const status of [200, 404]) {
              expect(log.count({ endpoint, status })).toBe(
                requests.filter(
                  each => each.endpoint === endpoint && each.status === status,
                ).length,
              );
            }
          }
        },
      ),
    );
  });

  it('forgets requests at a reset, those under way too', () => {
    const log = new RequestLog(10);
    const pending = log.add(entry());
    log.reset();
    pending.answered(200, 5);
    log.add(entry()).answered(200, 3);
    expect([log.count(), log.bytes(), log.list().length]).toEqual([1, 3, 1]);
  });
});
