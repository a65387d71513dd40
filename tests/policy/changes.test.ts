import fc from 'fast-check';
import { changesOf, type SeenPath } from '../../src/policy/changes';
import type { KnownDescriptor } from '../../src/policy/model';
import { present } from '../ledger/support';

const PATH = '/catalog-info.yaml';
const OTHER = '/other/catalog-info.yaml';
const ABSENT = { outcome: 'absent', path: PATH, reason: 'gone' } as const;
const now = present(['api']);

function known(over: Partial<KnownDescriptor> = {}): KnownDescriptor {
  return {
    path: PATH,
    target: now.target,
    objectId: now.objectId,
    signature: 's',
    bytes: 1,
    claims: [],
    ...over,
  };
}

describe('what is told of a file that gave entities', () => {
  it.each<[string, readonly SeenPath[], readonly unknown[]]>([
    ['that is as it was: nothing', [{ observation: now, known: known() }], []],
    [
      'with other content: that it changed',
      [{ observation: now, known: known({ objectId: 'another' }) }],
      [{ kind: 'updated', url: now.target }],
    ],
    ['that is new: nothing', [{ observation: now, known: undefined }], []],
    [
      'that is gone: that it was deleted',
      [{ observation: ABSENT, known: known() }],
      [{ kind: 'deleted', url: now.target }],
    ],
    [
      'that is still gone: nothing more',
      [
        {
          observation: ABSENT,
          known: known({ removal: { grade: 'confirmed', reason: 'gone' } }),
        },
      ],
      [],
    ],
    [
      'that is at another path with the same content: that it was moved',
      [
        { observation: ABSENT, known: known() },
        {
          observation: {
            ...present(['api'], { path: OTHER }),
            objectId: now.objectId,
          },
          known: undefined,
        },
      ],
      [
        {
          kind: 'moved',
          from: now.target,
          to: present(['api'], { path: OTHER }).target,
        },
      ],
    ],
    [
      'whose repository was renamed: that it was moved',
      [
        {
          observation: present(['api'], { repository: 'new' }),
          known: known(),
        },
      ],
      [
        {
          kind: 'moved',
          from: now.target,
          to: present(['api'], { repository: 'new' }).target,
        },
      ],
    ],
    [
      'that another branch of the configuration lacks: nothing',
      [{ observation: ABSENT, known: known(), branch: 'release' }],
      [],
    ],
    [
      'that another branch of the configuration has: nothing',
      [
        {
          observation: { ...now, target: `${now.target}&version=GBrelease` },
          known: known(),
          branch: 'release',
        },
      ],
      [],
    ],
  ])('%s', (_what, seen, changes) => {
    expect(changesOf(seen)).toEqual(changes);
  });

  it('that comes and goes is told once for each file, and no two files are told to have moved to one', () => {
    const path = fc.constantFrom('/a.yaml', '/b.yaml', '/c.yaml', '/d.yaml');
    const objectId = fc.constantFrom('1', '2');
    const seenPath = fc
      .record({
        path,
        wasId: fc.option(objectId, { nil: undefined }),
        isId: fc.option(objectId, { nil: undefined }),
        isMarked: fc.boolean(),
      })
      .map(({ path: at, wasId, isId, isMarked }): SeenPath => {
        const target = `https://x?path=${at}`;
        return {
          known:
            wasId === undefined
              ? undefined
              : known({
                  path: at,
                  target,
                  objectId: wasId,
                  removal: isMarked
                    ? { grade: 'confirmed', reason: 'gone' }
                    : undefined,
                }),
          observation:
            isId === undefined
              ? { outcome: 'absent', path: at, reason: 'gone' }
              : { ...now, path: at, target, objectId: isId },
        };
      });
    fc.assert(
      fc.property(
        fc.uniqueArray(seenPath, { selector: it => it.observation.path }),
        seen => {
          const changes = changesOf(seen);
          const from = changes.map(it =>
            it.kind === 'moved' ? it.from : it.url,
          );
          expect(new Set(from).size).toBe(from.length);
          const to = changes.flatMap(it => (it.kind === 'moved' ? it.to : []));
          expect(new Set(to).size).toBe(to.length);
          const gone = seen.filter(
            it =>
              it.observation.outcome === 'absent' &&
              it.known &&
              !it.known.removal,
          );
          expect(changes.filter(it => it.kind !== 'updated').length).toBe(
            gone.length,
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});
