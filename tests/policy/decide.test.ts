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
  });

  it('stays where a document cannot be read', () => {
    expect(grades(known(), { ...shortened, unreadable: true })).toEqual([]);
  });
});
