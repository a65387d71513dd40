import fc from 'fast-check';
import {
  excessOf,
  holdingsFound,
  replace,
  REPOSITORY_BUDGET,
  sumOf,
  type Holdings,
} from '../../src/policy/budget';

const amount = fc.nat({ max: 20 });
const holdings: fc.Arbitrary<Holdings> = fc.record({
  descriptors: fc.constant(1),
  entities: amount,
  bytes: amount,
});
const budget = fc.record({
  descriptors: amount,
  entities: amount,
  bytes: amount,
  parsingMs: amount,
});

describe('what a repository gives', () => {
  it('is never more than its budget, whatever files come, change and shrink', () => {
    fc.assert(
      fc.property(
        budget,
        fc.array(fc.tuple(fc.nat({ max: 5 }), holdings)),
        (limit, changes) => {
          const files = new Map<number, Holdings>();
          let total = sumOf([]);
          for (const [file, found] of changes) {
            const next = replace(total, files.get(file), found);
            if (excessOf(limit, total, next) === undefined) {
              files.set(file, found);
              total = next;
            }
          }
          expect(total).toEqual(sumOf([...files.values()]));
          expect(total.descriptors).toBeLessThanOrEqual(limit.descriptors);
          expect(total.entities).toBeLessThanOrEqual(limit.entities);
          expect(total.bytes).toBeLessThanOrEqual(limit.bytes);
        },
      ),
    );
  });

  it('may shrink and change within what it is, also beyond its budget', () => {
    fc.assert(
      fc.property(budget, holdings, holdings, (limit, before, by) => {
        const after = {
          descriptors: before.descriptors,
          entities: Math.max(0, before.entities - by.entities),
          bytes: Math.max(0, before.bytes - by.bytes),
        };
        expect(excessOf(limit, before, after)).toBeUndefined();
      }),
    );
  });

  it('is counted in bytes of UTF-8, with what is said of rejected documents', () => {
    expect(
      holdingsFound({
        outcome: 'present',
        path: '/c.yaml',
        target: 't',
        objectId: '1',
        signature: 's',
        claims: [{ entityRef: 'r', kind: 'entity', entity: '{"a":"é"}' }],
        rejections: [{ index: 1, reason: 'syntax', message: 'odd' }],
        forbidden: [],
        unreadable: true,
      }),
    ).toEqual({ descriptors: 1, entities: 1, bytes: 10 + 3 });
  });

  it('is said with how much it is and how much it may be', () => {
    const none = { descriptors: 0, entities: 0, bytes: 0 };
    const excess = (more: Partial<Holdings>) =>
      excessOf(REPOSITORY_BUDGET, none, { ...none, ...more });
    expect([
      excess({ descriptors: 50_001 }),
      excess({ entities: 60_000 }),
      excess({ bytes: 200 * 1_048_576 }),
      excess({ descriptors: 50_000, entities: 50_000, bytes: 128 * 1_048_576 }),
    ]).toEqual([
      '50,001 descriptors, and a repository may give 50,000 descriptors',
      '60,000 entities, and a repository may give 50,000 entities',
      '200 MiB of entities, and a repository may give 128 MiB of entities',
      undefined,
    ]);
  });
});
