import fc from 'fast-check';
import {
  GRACE_MS,
  isDue,
  review,
  SENTENCE_MS,
  suspect,
  type Trust,
  TRUSTED,
} from '../../../src/ingestion/hints/trust';
import {
  FULL_TRUST,
  readTrust,
  writeTrust,
} from '../../../src/ingestion/hints/trust-record';
import type {
  MissedChange,
  Recollection,
} from '../../../src/ingestion/hints/types';

const HOUR = 60 * 60 * 1_000;

function missed(name: string, foundAt = 10 * HOUR): MissedChange {
  return {
    repositoryId: name,
    projectId: 'p',
    repository: `P/${name}`,
    path: '/catalog-info.yaml',
    formerObjectId: '0'.repeat(40),
    since: foundAt - HOUR,
    foundAt,
  };
}

const change = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    foundAt: fc.integer({ min: 0, max: 30 * HOUR }),
  })
  .map(({ name, foundAt }) => missed(name, foundAt));

const step = fc.oneof(
  fc.record({
    kind: fc.constant('found' as const),
    changes: fc.array(change, { maxLength: 30 }),
  }),
  fc.record({
    kind: fc.constant('asked' as const),
    says: fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      fc.constantFrom<Recollection>('named', 'silent', undefined),
    ),
    now: fc.integer({ min: 0, max: 40 * HOUR }),
  }),
);

describe('the trust in a source of hints', () => {
  it('ends when the source does not know of a change an hour after it was found', () => {
    const suspected = suspect(TRUSTED, [missed('a')]);
    const early = review(suspected, () => 'silent', 11 * HOUR - 1);
    expect(early).toEqual(suspected);
    expect(review(early, () => 'silent', 11 * HOUR)).toEqual({
      suspicions: [],
      caught: { ...missed('a'), at: 11 * HOUR },
    });
  });

  it('stays when the source names it in time, or was not asked', () => {
    const suspected = suspect(TRUSTED, [missed('a'), missed('b')]);
    const heard = review(
      suspected,
      ({ repositoryId }) => (repositoryId === 'a' ? 'named' : undefined),
      11 * HOUR,
    );
    expect(heard).toEqual({ suspicions: [missed('b')] });
    // What it was never asked about again is forgotten.
    expect(review(heard, () => undefined, 34 * HOUR - 1)).toEqual(heard);
    expect(review(heard, () => undefined, 34 * HOUR)).toEqual(TRUSTED);
  });

  it('comes back after a week', () => {
    const caught = review(
      suspect(TRUSTED, [missed('a')]),
      () => 'silent',
      11 * HOUR,
    );
    const end = 11 * HOUR + SENTENCE_MS;
    expect(review(caught, () => undefined, end - 1)).toBe(caught);
    expect(review(caught, () => undefined, end)).toBe(TRUSTED);
    expect(suspect(caught, [missed('b')])).toBe(caught);
  });

  it('is decided by the first time that a change was found', () => {
    const twice = suspect(suspect(TRUSTED, [missed('a', HOUR)]), [
      missed('a', 2 * HOUR),
    ]);
    expect(twice.suspicions).toEqual([missed('a', HOUR)]);
  });

  it('is never lost without a change that the source was silent about when it was due, and never kept in spite of one', () => {
    fc.assert(
      fc.property(fc.array(step), steps => {
        let trust: Trust = TRUSTED;
        for (const each of steps) {
          const before = trust;
          if (each.kind === 'found') {
            trust = suspect(before, each.changes);
            expect(trust.caught).toBe(before.caught);
            expect(trust.suspicions.length).toBeLessThanOrEqual(20);
            for (const suspicion of before.suspicions) {
              expect(trust.suspicions).toContain(suspicion);
            }
          } else {
            const says = (it: MissedChange) => each.says[it.repositoryId];
            trust = review(before, says, each.now);
            const guilty = before.suspicions.filter(
              it => says(it) === 'silent' && isDue(it, each.now),
            );
            if (!before.caught) {
              expect(trust.caught !== undefined).toBe(guilty.length > 0);
            }
            if (!trust.caught && !before.caught) {
              for (const suspicion of trust.suspicions) {
                expect(before.suspicions).toContain(suspicion);
                expect(says(suspicion)).not.toBe('named');
              }
            }
          }
          expect(
            trust.caught === undefined || trust.suspicions.length === 0,
          ).toBe(true);
          const record = { ...FULL_TRUST, codeSearch: trust };
          expect(readTrust(writeTrust(record))).toEqual(record);
        }
      }),
    );
  });

  it('is given time: an hour', () => {
    expect(GRACE_MS).toBe(HOUR);
  });
});

describe('what the ledger keeps of trust', () => {
  it.each([
    undefined,
    '',
    'null',
    '[]',
    '{"codeSearch":{"suspicions":[{"repositoryId":1}]}}',
    '{"codeSearch":{"caught":{"at":5}}}',
    '{"codeSearch":{"suspicions":"all"}}',
  ])('is full trust where it reads %s', json => {
    expect(readTrust(json)).toEqual(FULL_TRUST);
  });

  it('reads whatever stands there', () => {
    fc.assert(
      fc.property(fc.jsonValue(), json => {
        const { codeSearch } = readTrust(JSON.stringify({ codeSearch: json }));
        expect(Array.isArray(codeSearch.suspicions)).toBe(true);
      }),
    );
  });
});
