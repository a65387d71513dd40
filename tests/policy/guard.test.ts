import fc from 'fast-check';
import {
  fingerprintOf,
  guard,
  type ProposedRemoval,
} from '../../src/policy/guard';

const limits = { maxPercentage: 20, maxConfirmedPercentage: 50, minimum: 10 };

function removals(
  count: number,
  grade: ProposedRemoval['grade'],
): ProposedRemoval[] {
  return Array.from({ length: count }, (_, i) => ({
    entityRef: `component:default/${grade}-${i}`,
    grade,
    reason: 'it is not there',
  }));
}

describe('the guard', () => {
  it.each([
    ['approves', 10, 100, 'inferred', true, 'up to the minimum'],
    ['holds back', 10, 10, 'inferred', false, 'which is all of them'],
    ['approves', 10, 11, 'inferred', true, 'which leaves one'],
    ['approves', 20, 100, 'inferred', true, 'just within the limit'],
    ['holds back', 21, 100, 'inferred', false, 'beyond the limit'],
    ['holds back', 11, 0, 'inferred', false, 'none of which is counted'],
    ['approves', 1, 1, 'confirmed', true, 'on the word of the service'],
    ['approves', 50, 100, 'confirmed', true, 'just within the limit'],
    ['holds back', 51, 100, 'confirmed', false, 'beyond the limit'],
    ['holds back', 11, 11, 'confirmed', false, 'more than the minimum'],
  ] as const)(
    '%s %i of %i removals on %s evidence (released: %s): %s',
    (_verb, count, total, grade, released, _why) => {
      const verdict = guard(removals(count, grade), total, limits);
      expect(verdict.released).toHaveLength(released ? count : 0);
      expect(verdict.heldBack).toHaveLength(released ? 0 : 1);
    },
  );

  it('holds back the inferred rest of an organization whose other entities are confirmed gone', () => {
    const verdict = guard(
      [...removals(5, 'confirmed'), ...removals(5, 'inferred')],
      10,
      limits,
    );
    expect(verdict.heldBack.map(({ grade }) => grade)).toEqual(['inferred']);
  });

  it('holds nothing back where nothing is to be removed', () => {
    expect(guard([], 0, limits)).toEqual({ released: [], heldBack: [] });
  });

  it('judges the two grades of evidence separately', () => {
    const verdict = guard(
      [...removals(30, 'inferred'), ...removals(30, 'confirmed')],
      100,
      limits,
    );
    expect(new Set(verdict.released.map(r => r.grade))).toEqual(
      new Set(['confirmed']),
    );
    expect(verdict.heldBack).toEqual([
      expect.objectContaining({
        grade: 'inferred',
        count: 30,
        total: 100,
        percentage: 30,
        limit: 20,
        reasons: [{ reason: 'it is not there', count: 30 }],
      }),
    ]);
  });

  it('approves exactly the set of removals that the operator allowed, and no other', () => {
    const set = removals(40, 'inferred');
    const [held] = guard(set, 100, limits).heldBack;
    const allow = held?.fingerprint;
    expect(guard(set, 100, { ...limits, allow }).released).toHaveLength(40);
    expect(
      guard(removals(41, 'inferred'), 100, { ...limits, allow }).released,
    ).toHaveLength(0);
  });

  it('approves or holds back each removal that it is given, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 60 }),
        fc.nat({ max: 60 }),
        fc.nat({ max: 200 }),
        (inferred, confirmed, total) => {
          const all = [
            ...removals(inferred, 'inferred'),
            ...removals(confirmed, 'confirmed'),
          ];
          const { released, heldBack } = guard(all, total, limits);
          const held = heldBack.reduce((sum, r) => sum + r.count, 0);
          expect(released.length + held).toBe(all.length);
          expect(released.every(r => all.includes(r))).toBe(true);
        },
      ),
    );
  });

  it('gives a set of removals the same fingerprint in any order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(removals(20, 'inferred')), set => {
        expect(fingerprintOf(set)).toBe(fingerprintOf([...set].reverse()));
      }),
    );
  });
});
