import fc from 'fast-check';
import {
  describeShare,
  codeOf,
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
    ['holds back', 9, 10, 'deselected', false, 'however few they are'],
    ['holds back', 1, 1, 'deselected', false, 'however few they are'],
    ['approves', 2, 10, 'deselected', true, 'just within the limit'],
  ] as const)(
    '%s %i of %i removals on %s evidence (released: %s): %s',
    (_verb, count, total, grade, released, _why) => {
      const verdict = guard(removals(count, grade), total, limits);
      expect(verdict.released).toHaveLength(released ? count : 0);
      expect(verdict.heldBack).toHaveLength(released ? 0 : 1);
    },
  );

  it('lets exactly the share go that is the limit, whatever its number', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: 1, max: 10 }),
        (tenths, thousands) => {
          const set = removals(tenths * thousands, 'deselected');
          const total = 1_000 * thousands;
          const verdict = (maxPercentage: number) =>
            guard(set, total, { ...limits, maxPercentage }).heldBack.length;
          const share = Number(`${tenths}e-1`);
          expect([share, verdict(share)]).toEqual([share, 0]);
          expect([share, verdict(share - 0.05)]).toEqual([share, 1]);
        },
      ),
    );
  });

  it('holds back the inferred rest of an organization whose other entities are confirmed gone', () => {
    const verdict = guard(
      [...removals(5, 'confirmed'), ...removals(5, 'inferred')],
      10,
      limits,
    );
    expect(verdict.heldBack.map(({ grade }) => grade)).toEqual(['inferred']);
  });

  it('holds nothing back where nothing is to be removed', () => {
    expect(guard([], 0, limits)).toEqual({
      released: [],
      heldBack: [],
      used: [],
    });
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
    const allow = held?.code;
    expect(guard(set, 100, { ...limits, allow }).released).toHaveLength(40);
    expect(
      guard(removals(41, 'inferred'), 100, { ...limits, allow }).released,
    ).toHaveLength(0);
  });

  it('lets a set go once, and asks for another consent when the same is to go again', () => {
    const set = removals(5, 'deselected');
    const [held] = guard(set, 10, limits).heldBack;
    const allow = held?.code;
    const first = guard(set, 10, { ...limits, allow });
    expect(first.released).toHaveLength(5);
    expect(first.used).toEqual([allow]);

    const used = new Set(first.used);
    const second = guard(set, 10, { ...limits, allow, used });
    expect(second.released).toEqual([]);
    const again = second.heldBack[0]?.code;
    expect(again).not.toBe(allow);
    expect(
      guard(set, 10, { ...limits, allow: again, used }).released,
    ).toHaveLength(5);
  });

  it('takes no consent to one kind of evidence for consent to another', () => {
    const codes = (['confirmed', 'inferred', 'deselected'] as const).map(
      grade => codeOf(removals(3, 'confirmed').map(it => ({ ...it, grade }))),
    );
    expect(new Set(codes).size).toBe(3);
  });

  it('measures what the configuration takes against what was looked at under it', () => {
    const set = removals(10, 'deselected');
    expect(guard(set, 100, limits).released).toHaveLength(10);
    expect(guard(set, 100, limits, 10).heldBack).toEqual([
      expect.objectContaining({ count: 10, total: 100, percentage: 100 }),
    ]);
  });

  it('measures what events took before against what was there before them', () => {
    // 20 of 109, and not 20 of 90.
    const { released } = guard(removals(1, 'inferred'), 90, {
      ...limits,
      releasedBefore: 19,
    });
    expect(released).toHaveLength(1);
  });

  it('says first why most of what it holds back would go', () => {
    const set = removals(30, 'inferred').map((it, i) => ({
      ...it,
      reason: i < 10 ? 'of few' : 'of most',
    }));
    expect(guard(set, 100, limits).heldBack[0]?.reasons).toEqual([
      { reason: 'of most', count: 20 },
      { reason: 'of few', count: 10 },
    ]);
  });

  it('approves or holds back each removal that it is given, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 60 }),
        fc.nat({ max: 60 }),
        fc.nat({ max: 60 }),
        fc.nat({ max: 200 }),
        fc.nat({ max: 200 }),
        (inferred, confirmed, deselected, total, decided) => {
          const all = [
            ...removals(inferred, 'inferred'),
            ...removals(confirmed, 'confirmed'),
            ...removals(deselected, 'deselected'),
          ];
          const { released, heldBack } = guard(all, total, limits, decided);
          const held = heldBack.reduce((sum, r) => sum + r.count, 0);
          expect(released.length + held).toBe(all.length);
          expect(released.every(r => all.includes(r))).toBe(true);
        },
      ),
    );
  });

  it('lets no more go one by one than at once', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('confirmed', 'inferred', 'deselected'),
        fc.array(fc.integer({ min: 1, max: 9 })),
        fc.integer({ min: 1, max: 100 }),
        (grade, portions, total) => {
          let releasedBefore = 0;
          for (const portion of portions) {
            const count = Math.min(portion, total - releasedBefore);
            releasedBefore += guard(
              removals(count, grade),
              total - releasedBefore,
              { ...limits, releasedBefore },
            ).released.length;
          }
          const all = removals(releasedBefore, grade);
          expect(guard(all, total, limits).released).toEqual(all);
        },
      ),
    );
  });

  it('lets go by an approval the set that was shown and nothing else, once, whatever came or went meanwhile', () => {
    const grades = ['confirmed', 'inferred', 'deselected'] as const;
    const set = fc.uniqueArray(
      fc.record({
        entityRef: fc
          .constantFrom(...'abcdefgh')
          .map(it => `component:default/${it}`),
        grade: fc.constantFrom(...grades),
        reason: fc.constantFrom('gone', 'left out'),
      }),
      { selector: ({ entityRef }) => entityRef },
    );
    const nothing = { maxPercentage: 0, maxConfirmedPercentage: 0, minimum: 0 };
    fc.assert(
      fc.property(set, set, (shown, present) => {
        const keysOf = (removals: readonly ProposedRemoval[]) =>
          removals.map(it => `${it.grade} ${it.entityRef}`).sort();
        const { heldBack } = guard(shown, 8, nothing);
        const approved = new Set(heldBack.map(it => it.code));
        const { released, used } = guard(present, 8, { ...nothing, approved });
        for (const grade of grades) {
          const of = (removals: readonly ProposedRemoval[]) =>
            keysOf(removals.filter(it => it.grade === grade));
          const isSame = of(shown).join() === of(present).join();
          expect(of(released)).toEqual(isSame ? of(present) : []);
        }
        const again = guard(present, 8, {
          ...nothing,
          approved,
          used: new Set(used),
        });
        expect(again.released).toEqual([]);
      }),
    );
  });

  it('says which share it holds back so that it is more than the limit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 40_000 }),
        fc.nat({ max: 99 }),
        (count, total, maxPercentage) => {
          const [held] = guard(removals(count, 'deselected'), total, {
            ...limits,
            maxPercentage,
          }).heldBack;
          fc.pre(held !== undefined);
          const [, more, share] =
            /^(more than )?([\d.]+) %$/.exec(describeShare(held)) ?? [];
          const off = Number(share) - (more ? maxPercentage : held.percentage);
          expect([held.percentage, Math.abs(off) < 0.051]).toEqual([
            held.percentage,
            true,
          ]);
          expect(more !== undefined || Number(share) > maxPercentage).toBe(
            true,
          );
        },
      ),
    );
  });

  it('says that the share is not one of all entities, where it is not', () => {
    const [held] = guard(removals(10, 'deselected'), 100, limits, 10).heldBack;
    expect(describeShare(held!)).toBe('100 % of those that count');
  });

  it('shows which entities it holds back', () => {
    const [held] = guard(
      removals(3, 'deselected').reverse(),
      3,
      limits,
    ).heldBack;
    expect(held?.entityRefs).toEqual(
      [0, 1, 2].map(i => `component:default/deselected-${i}`),
    );
  });

  it('gives a set of removals the same code in any order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(removals(20, 'inferred')), set => {
        expect(codeOf(set)).toBe(codeOf([...set].reverse()));
      }),
    );
  });
});
