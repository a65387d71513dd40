import fc from 'fast-check';
import type { IndexedFile, Repository } from '../../../src/azure/types';
import { readDescriptorPath } from '../../../src/config/patterns';
import {
  compareWithLedger,
  countMissedChange,
  type Difference,
} from '../../../src/ingestion/hints';
import {
  startOrganizationReport,
  type OrganizationReport,
} from '../../../src/ingestion/report';
import type {
  KnownDescriptor,
  PathObservation,
} from '../../../src/policy/model';

const PATH = '/catalog-info.yaml';

function settled(id: string, verifiedAt: number, branch?: string) {
  const repository: Repository = {
    id,
    name: id,
    project: { id: 'p', name: 'p', state: 'wellFormed' },
    defaultBranch: branch,
    isDisabled: false,
    isFork: false,
  };
  return [id.toLowerCase(), { repository, verifiedAt }] as const;
}

const indexed = (
  repositoryId: string,
  objectId: string,
  changes: Partial<IndexedFile> = {},
): IndexedFile => ({
  repositoryId,
  path: PATH,
  objectId,
  branches: [],
  ...changes,
});

const stored = (repositoryId: string, objectId: string, path = PATH) => ({
  repositoryId,
  path,
  objectId,
});

function pathsOf(text: string) {
  const reading = readDescriptorPath(text);
  if (reading.expected !== undefined) throw new Error(reading.expected);
  return reading.paths;
}

const compare = (input: Partial<Parameters<typeof compareWithLedger>[0]>) =>
  compareWithLedger({
    files: [],
    ledger: [],
    repositories: new Map(),
    paths: pathsOf(PATH),
    differences: new Map(),
    now: 10,
    ...input,
  });

describe('the comparison of the search index with the ledger', () => {
  it('names repositories with a file that the ledger has otherwise or does not have, and no others', () => {
    const { changed, compared, same } = compare({
      repositories: new Map([
        settled('same', 1),
        settled('edited', 1),
        settled('new', 1),
        settled('gone', 1),
      ]),
      files: [
        indexed('same', 'a'),
        indexed('edited', 'b'),
        indexed('new', 'c'),
        indexed('not-selected', 'd'),
      ],
      ledger: [
        stored('same', 'a'),
        stored('edited', 'a'),
        stored('gone', 'a'),
        stored('not-selected', 'a'),
      ],
    });
    expect([...changed]).toEqual(['edited', 'new']);
    expect({ compared, same }).toEqual({ compared: 2, same: 1 });
  });

  it('knows a repository whose id the index spells in another case', () => {
    const input = {
      repositories: new Map([settled('AbC', 1)]),
      ledger: [stored('AbC', 'a')],
    };
    expect(compare({ ...input, files: [indexed('aBc', 'a')] }).same).toBe(1);
    expect([
      ...compare({ ...input, files: [indexed('aBc', 'b')] }).changed,
    ]).toEqual(['AbC']);
  });

  it('leaves out files that are not asked for, and files on another branch than the default one', () => {
    const { changed } = compare({
      repositories: new Map([
        settled('r', 1, 'main'),
        settled('branchless', 1),
      ]),
      files: [
        indexed('r', 'x', { path: '/docs/catalog-info.yaml' }),
        indexed('r', 'x', { branches: ['develop'] }),
        indexed('branchless', 'x', { branches: ['main'] }),
      ],
    });
    expect([...changed]).toEqual([]);
    expect([
      ...compare({
        repositories: new Map([settled('r', 1, 'main')]),
        files: [indexed('r', 'x', { branches: ['develop', 'main'] })],
      }).changed,
    ]).toEqual(['r']);
  });

  it('names a repository again until it has been verified after the index first showed the file', () => {
    const turn = (
      verifiedAt: number,
      now: number,
      objectId: string | undefined,
      differences: ReadonlyMap<string, Difference> = new Map(),
    ) =>
      compare({
        repositories: new Map([settled('r', verifiedAt)]),
        files: objectId === undefined ? [] : [indexed('r', objectId)],
        ledger: [stored('r', 'a')],
        differences,
        now,
      });
    const first = turn(5, 10, 'b');
    expect([...first.changed]).toEqual(['r']);
    // As when the refresh was aborted before the repository had its turn.
    const second = turn(5, 20, 'b', first.differences);
    expect([...second.changed]).toEqual(['r']);
    const third = turn(20, 30, 'b', second.differences);
    expect([...third.changed]).toEqual([]);
    // Another file is another change.
    const fourth = turn(20, 40, 'c', third.differences);
    expect([...fourth.changed]).toEqual(['r']);
    // What the index no longer shows is forgotten.
    const fifth = turn(40, 50, undefined, fourth.differences);
    expect(fifth.differences.size).toBe(0);
    expect([...turn(40, 60, 'c', fifth.differences).changed]).toEqual(['r']);
  });

  it('names every push once, whenever pushes and refreshes come, if who is named is read', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1 }), pushed => {
        let differences: ReadonlyMap<string, Difference> = new Map();
        let verifiedAt = 0;
        let tip = 0;
        let read = 0;
        pushed.forEach((isPushed, i) => {
          const now = 10 * (i + 1);
          tip += isPushed ? 1 : 0;
          const comparison = compare({
            repositories: new Map([settled('r', verifiedAt)]),
            files: [indexed('r', String(tip))],
            ledger: [stored('r', String(read))],
            differences,
            now,
          });
          differences = comparison.differences;
          expect(comparison.changed.has('r')).toBe(isPushed);
          if (comparison.changed.has('r')) {
            verifiedAt = now;
            read = tip;
          }
        });
      }),
    );
  });
});

describe('the count of changes that verification found and Code Search had not named', () => {
  const known = (path: string, objectId: string): KnownDescriptor => ({
    path,
    target: path,
    objectId,
    signature: 'before',
    bytes: 0,
    claims: [],
  });
  const present = (path: string, objectId: string): PathObservation => ({
    outcome: 'present',
    path,
    target: path,
    objectId,
    signature: 'after',
    claims: [],
    rejections: [],
    forbidden: [],
    unreadable: false,
  });
  const report = (hints: OrganizationReport['hints']): OrganizationReport => ({
    ...startOrganizationReport('dev.azure.com/contoso'),
    hints,
  });
  const before = [known('/a', '1'), known('/b', '2')];
  const count = (observations: PathObservation[]) => {
    const hints = { state: 'asked', requests: 1, named: 0, missed: 0 } as const;
    const filled = report({ ...hints });
    countMissedChange(filled, before, observations);
    return filled.hints?.state === 'asked' ? filled.hints.missed : undefined;
  };

  it.each<[string, PathObservation]>([
    ['is another', present('/a', '3')],
    ['is new', present('/c', '4')],
    ['is gone', { outcome: 'absent', path: '/b', reason: '404' }],
  ])('rises for a file that %s', (_, observation) => {
    expect(count([observation])).toBe(1);
    expect(count([observation, present('/d', '5')])).toBe(1);
  });

  it('does not rise for files that were only read under other settings, or were never there', () => {
    expect(
      count([
        { outcome: 'unchanged', path: '/a', objectId: '1', signature: 's' },
        present('/b', '2'),
        { outcome: 'deselected', path: '/a', reason: 'not asked for' },
        { outcome: 'absent', path: '/never', reason: '404' },
      ]),
    ).toBe(0);
  });

  it('is not kept while Code Search is not asked', () => {
    const off = report({ state: 'off', reason: 'not installed' });
    countMissedChange(off, before, [present('/a', '3')]);
    expect(off.hints).toEqual({ state: 'off', reason: 'not installed' });
    const none = report(undefined);
    countMissedChange(none, before, [present('/a', '3')]);
    expect(none.hints).toBeUndefined();
  });
});
