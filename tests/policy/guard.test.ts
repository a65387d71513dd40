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

describe('guard', () => {
  it.each([
    [
      '10 of 10, inferred: never more than the minimum',
      10,
      10,
      'inferred',
      true,
    ],
    ['20 of 100, inferred: just within', 20, 100, 'inferred', true],
    ['21 of 100, inferred', 21, 100, 'inferred', false],
    ['50 of 100, confirmed: just within', 50, 100, 'confirmed', true],
    ['51 of 100, confirmed', 51, 100, 'confirmed', false],
    ['all of 11, confirmed', 11, 11, 'confirmed', false],
    ['11 of none that are counted', 11, 0, 'inferred', false],
  ] as const)('%s', (_name, count, total, grade, released) => {
    const verdict = guard(removals(count, grade), total, limits);
    expect(verdict.released).toHaveLength(released ? count : 0);
    expect(verdict.heldBack).toHaveLength(released ? 0 : 1);
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

  it('lets exactly the allowed set go, and no other', () => {
    const set = removals(40, 'inferred');
    const [held] = guard(set, 100, limits).heldBack;
    const allow = held?.fingerprint;
    expect(guard(set, 100, { ...limits, allow }).released).toHaveLength(40);
    expect(
      guard(removals(41, 'inferred'), 100, { ...limits, allow }).released,
    ).toHaveLength(0);
  });

  it('splits what it is given, and adds nothing', () => {
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
          const refused = heldBack.reduce((sum, r) => sum + r.count, 0);
          expect(released.length + refused).toBe(all.length);
          expect(released.every(r => all.includes(r))).toBe(true);
        },
      ),
    );
  });

  it('names a set of removals whatever their order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(removals(20, 'inferred')), set => {
        expect(fingerprintOf(set)).toBe(fingerprintOf([...set].reverse()));
      }),
    );
  });
});
