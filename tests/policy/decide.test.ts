import fc from 'fast-check';
import { decide } from '../../src/policy/decide';
import type {
  KnownDescriptor,
  PathObservation,
  Removal,
} from '../../src/policy/model';

const PATH = '/catalog-info.yaml';

function known(branch?: string, removal?: Removal): KnownDescriptor {
  return {
    path: PATH,
    target: 'https://dev.azure.com/contoso/p/_git/r?path=/catalog-info.yaml',
    objectId: '1',
    signature: 's',
    bytes: 1,
    branch,
    claims: ['a', 'b'].map(name => ({
      entityRef: `component:default/${name}`,
      kind: 'entity',
      hash: name,
      locationKey: 'k',
      removal: name === 'b' ? removal : undefined,
    })),
  };
}

const absent: PathObservation = {
  outcome: 'absent',
  path: PATH,
  reason: 'TF401174: not there',
};

/** The file with the first of the two documents alone. */
const shortened: Extract<PathObservation, { outcome: 'present' }> = {
  outcome: 'present',
  path: PATH,
  target: 'https://dev.azure.com/contoso/p/_git/r?path=/catalog-info.yaml',
  objectId: '2',
  signature: 's',
  claims: [{ entityRef: 'component:default/a', kind: 'entity', entity: '{}' }],
  rejections: [],
  forbidden: [],
  unreadable: false,
};

function grades(...input: Parameters<typeof decide>) {
  return decide(...input).proposed.map(
    ({ entityRef, removal }) => `${entityRef.slice(-1)}: ${removal.grade}`,
  );
}

describe('what a probe finds missing', () => {
  it('is confirmed gone when it is missing from the branch that it was read from', () => {
    expect(grades(known(), absent)).toEqual(['a: confirmed', 'b: confirmed']);
    expect(grades(known('next'), absent, 'next')).toEqual([
      'a: confirmed',
      'b: confirmed',
    ]);
    expect(grades(known('next'), shortened, 'next')).toEqual(['b: confirmed']);
  });

  it.each([
    ['names another branch', 'main', 'mian'],
    ['names a branch for the first time', undefined, 'mian'],
    ['no longer names a branch', 'release', undefined],
  ])(
    'goes by the configuration where that %s',
    (_what, readFrom, configured) => {
      expect(grades(known(readFrom), absent, configured)).toEqual([
        'a: deselected',
        'b: deselected',
      ]);
      expect(grades(known(readFrom), shortened, configured)).toEqual([
        'b: deselected',
      ]);
    },
  );

  it('still goes by the configuration when the file is read again as it is', () => {
    const removal = { grade: 'deselected', reason: 'another branch' } as const;
    expect(grades(known('next', removal), shortened, 'next')).toEqual([
      'b: deselected',
    ]);
  });

  it('goes by the configuration where catalog.rules forbid what they allowed', () => {
    const forbidden = { ...shortened, forbidden: ['component:default/b'] };
    expect(grades(known(), forbidden)).toEqual(['b: deselected']);
    expect(grades(known(), { ...forbidden, unreadable: true })).toEqual([
      'b: deselected',
    ]);
  });

  it('stays where a document cannot be read', () => {
    expect(grades(known(), { ...shortened, unreadable: true })).toEqual([]);
  });

  it('goes with the errors that it showed, also where another document cannot be read', () => {
    const errors = { ...known().claims[1]!, kind: 'error' as const };
    expect(
      grades(
        { ...known('next'), claims: [errors] },
        { ...shortened, unreadable: true },
      ),
    ).toEqual(['b: confirmed']);
  });

  it('stays, all of it, when the file was about to go and is there unchanged', () => {
    const unchanged: PathObservation = {
      outcome: 'unchanged',
      path: PATH,
      objectId: '1',
      signature: 's',
    };
    const removal = { grade: 'inferred', reason: 'not listed' } as const;
    expect(decide({ ...known(), removal }, unchanged)).toMatchObject({
      kept: ['component:default/a', 'component:default/b'],
      removal: null,
    });
    expect(decide(known(), unchanged)).toMatchObject({ kept: [] });
  });
});

describe('what a file gave before and what it gives now', () => {
  const refs = ['a', 'b', 'c', 'd'].map(name => `component:default/${name}`);
  const branch = fc.constantFrom(undefined, 'main', 'next');
  const former = fc.record({
    branch,
    claims: fc.uniqueArray(
      fc.record({
        entityRef: fc.constantFrom(...refs),
        kind: fc.constantFrom('entity' as const, 'error' as const),
        hash: fc.constant('h'),
        locationKey: fc.constantFrom('url:first', 'url:second'),
      }),
      { selector: it => it.entityRef },
    ),
  });
  const found = fc.record({
    named: fc.subarray(refs),
    forbidden: fc.subarray(refs),
    unreadable: fc.boolean(),
  });

  it('is of each entity that it is given, stays, or is to go, and only one of these', () => {
    fc.assert(
      fc.property(
        former,
        found,
        branch,
        (was, { named, forbidden, unreadable }, configured) => {
          const decision = decide(
            { ...known(was.branch), claims: was.claims },
            {
              ...shortened,
              claims: named.map(entityRef => ({
                entityRef,
                kind: 'entity',
                entity: '{}',
              })),
              forbidden,
              unreadable,
            },
            configured,
          );
          const goes = decision.proposed.map(it => it.entityRef);
          const all = [...named, ...decision.kept, ...goes];
          expect(new Set(all).size).toBe(all.length);
          expect(new Set(all)).toEqual(
            new Set([...named, ...was.claims.map(it => it.entityRef)]),
          );
          for (const { entityRef, removal } of decision.proposed) {
            const { kind } = was.claims.find(it => it.entityRef === entityRef)!;
            if (kind === 'error') continue;
            // On the service's word only where it was read from this branch, and nothing forbids it.
            expect(removal.grade === 'confirmed').toBe(
              was.branch === configured && !forbidden.includes(entityRef),
            );
            expect(unreadable && !forbidden.includes(entityRef)).toBe(false);
          }
          // The location key is kept for as long as the entity is given.
          for (const { entityRef, locationKey } of decision.claims) {
            expect(locationKey).toBe(
              was.claims.find(it => it.entityRef === entityRef)?.locationKey ??
                `url:${shortened.target}`,
            );
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
