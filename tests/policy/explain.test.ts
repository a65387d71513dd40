import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Repository } from '../../src/azure/types';
import { nameFilter, readDescriptorPath } from '../../src/config/patterns';
import {
  describeExplanation,
  explainNoProvider,
  explainProvider,
  REASONS,
  type FileFacts,
  type LookFacts,
  type ProviderQuestion,
  type ReferenceFacts,
} from '../../src/policy/explain';

const NAMES = ['a', 'b', 'Cross Team', '%'];
const PATHS = ['/catalog-info.yaml', '/catalog-info.yml', '/x/catalog.yaml'];
const REFS = ['component:default/a', 'component:default/b'];
const GUID = '00000000-0000-4000-8000-000000000000';

const name = fc.constantFrom(...NAMES);
const maybe = <T>(it: fc.Arbitrary<T>) => fc.option(it, { nil: undefined });
const rarely = <T>(it: fc.Arbitrary<T>) =>
  fc.oneof(
    { weight: 7, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: it },
  );
const mostly = <T, U>(usual: T, it: fc.Arbitrary<U>) =>
  fc.oneof(
    { weight: 7, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: it },
  );
const time = fc.constantFrom(0, 1_764_000_000_000, -1, 9e15, Number.NaN);
const filter = mostly(
  nameFilter(['*'], []),
  fc
    .tuple(
      fc.array(fc.constantFrom('*', ...NAMES), { minLength: 1, maxLength: 2 }),
      fc.array(name, { maxLength: 1 }),
    )
    .map(([include, exclude]) => nameFilter(include, exclude)),
);
const removal = fc.record({
  grade: fc.constantFrom('confirmed', 'inferred', 'deselected'),
  reason: fc.constant('the repository is disabled'),
} as const);

const file: fc.Arbitrary<FileFacts> = fc.record({
  path: mostly(PATHS[0] ?? '', fc.constantFrom(...PATHS)),
  url: fc.constant('https://dev.azure.com/o/p/_git/r?path=/c'),
  objectId: mostly('1'.repeat(40), fc.constant('2'.repeat(40))),
  rejections: mostly(
    [],
    fc.array(
      fc.record({
        index: fc.nat(3),
        reason: fc.constantFrom('rules', 'syntax'),
        message: fc.constant('something is wrong'),
        line: maybe(fc.nat(9)),
        column: maybe(fc.nat(9)),
      }),
      { maxLength: 2 },
    ),
  ),
  entityRefs: fc.subarray(REFS),
});

const reference: fc.Arbitrary<ReferenceFacts> = fc.record({
  owner: maybe(
    fc.record({
      isOwn: mostly(true, fc.boolean()),
      path: mostly(PATHS[0] ?? '', fc.constantFrom(...PATHS)),
      url: fc.constant('https://dev.azure.com/o/p/_git/other?path=/c'),
    }),
  ),
  removal: rarely(removal),
  isApplied: mostly(true, fc.boolean()),
  catalogKey: fc.constantFrom(undefined, null, 'url:here', 'url:elsewhere'),
  locationKey: fc.constant('url:here'),
});

const repository: fc.Arbitrary<Repository> = fc.record({
  id: fc.constant(GUID),
  name,
  project: fc.record({
    id: fc.constant(GUID),
    name,
    state: mostly('wellFormed', fc.constant('createPending')),
  }),
  defaultBranch: mostly('main', maybe(fc.constant('trunk'))),
  isDisabled: mostly(false, fc.boolean()),
  isFork: fc.boolean(),
});

const files = fc.uniqueArray(file, { selector: it => it.path, maxLength: 2 });

const look: fc.Arbitrary<LookFacts> = fc.oneof(
  fc.constant<LookFacts>({ outcome: 'not-visible' }),
  fc.constant<LookFacts>({
    outcome: 'failed',
    message: 'it answered 503. What to do: Wait.',
  }),
  fc.record({
    outcome: fc.constant('found' as const),
    repository,
    files: maybe(files),
    problem: rarely(fc.constant('one file could not be read')),
    isBranchMissing: mostly(false, fc.boolean()),
    isEmpty: mostly(false, fc.boolean()),
    lookalikes: fc.subarray(['/Catalog-Info.yaml', '/docs/catalog-info.yaml']),
  }),
);

const ledger = fc.record({
  repository: maybe(
    fc.record({
      id: fc.constant(GUID),
      organization: fc.constant('dev.azure.com/o'),
      projectId: fc.constant(GUID),
      project: name,
      name,
      branch: mostly('main', maybe(fc.constant('trunk'))),
      outcome: mostly('conclusive' as const, fc.constant('unknown' as const)),
      problem: maybe(fc.constant('it answered 403')),
      verifiedAt: maybe(time),
      missed: mostly(0, fc.nat(2)),
    } as const),
  ),
  files,
  references: fc
    .tuple(maybe(reference), maybe(reference))
    .map(
      ([a, b]) =>
        new Map(
          [a, b].flatMap((it, i) => (it ? [[REFS[i] ?? '', it] as const] : [])),
        ),
    ),
  isDue: fc.boolean(),
  organizationProblem: rarely(fc.constant('o: the list failed')),
  heldBack: rarely(
    fc.constant([
      {
        grade: 'inferred' as const,
        count: 3,
        total: 4,
        percentage: 75,
        limit: 20,
        code: '0123456789ab',
        reasons: [{ reason: 'it is out of sight', count: 3 }],
        entityRefs: ['component:default/b'],
        isApproved: false,
      },
    ]),
  ),
});

const question: fc.Arbitrary<ProviderQuestion> = fc.record({
  settings: fc.record({
    id: fc.constant('main'),
    project: filter,
    repository: filter,
    branch: rarely(fc.constantFrom('main', 'mian')),
    paths: fc.constantFrom(
      ...['/catalog-info.yaml', '/**/catalog*.yaml'].map(text => {
        const reading = readDescriptorPath(text);
        return reading.expected === undefined ? reading.paths : [];
      }),
    ),
    skipForkedRepos: mostly(false, fc.boolean()),
    annotations: fc.boolean(),
    removals: fc.constant({
      confirmations: 3,
      maxPercentage: 20,
      maxConfirmedPercentage: 50,
      minimum: 10,
    }),
    verifyEveryMs: fc.constantFrom(3_600_000, Number.POSITIVE_INFINITY),
  }),
  organization: fc.constant('dev.azure.com/o'),
  asked: fc.record({
    project: maybe(fc.oneof(name, fc.constant(GUID))),
    repository: fc.oneof(name, fc.constant(GUID)),
    path: rarely(fc.constantFrom(...PATHS, '/README.md')),
    branch: rarely(fc.constantFrom('main', 'feature')),
  }),
  entityRef: rarely(fc.constantFrom(...REFS)),
  ledger: maybe(ledger),
  look: maybe(look),
  nextRefreshAt: maybe(time),
});

const runs = { numRuns: Number(process.env.LONG_TESTS ? 50_000 : 3_000) };

describe('The answer to why something is in the catalog or not', () => {
  it('is given whatever is known, each reason somewhere, with what to do and where to read more, and is the same each time', () => {
    const seen = new Set<string>([
      'unsupported-url',
      'no-provider',
      'misconfigured',
      'no-such-entity',
    ]);
    fc.assert(
      fc.property(question, it => {
        const answer = explainProvider(it);
        seen.add(answer.reason);
        expect(REASONS).toContain(answer.reason);
        expect(answer.cause).toMatch(/^\S[^]*[^\s.]$/);
        expect(answer.cure).toMatch(/^\S[^]*[^\s.]$/);
        expect(describeExplanation(answer)).toMatch(
          /[.?] What to do: .+ \(https:\/\/[^ ]+\/docs\/explain\.md#[a-z-]+\)$/,
        );
        for (const text of [answer.cause, answer.cure]) {
          expect(text).not.toMatch(/undefined|null|NaN|Invalid|\s\s|; ?;/);
        }
        expect(explainProvider(it)).toEqual(answer);
        // It travels as JSON.
        expect(() => JSON.stringify(answer)).not.toThrow();
      }),
      runs,
    );
    expect([...seen].sort()).toEqual([...REASONS].sort());
  });

  it('is that it is in the catalog only where the ledger has the reference as given to the catalog by that very file', () => {
    let times = 0;
    fc.assert(
      fc.property(question, it => {
        const { reason, facts } = explainProvider(it);
        if (reason !== 'in-catalog') return;
        times++;
        expect(facts.entityRefs?.length).toBeGreaterThan(0);
        for (const ref of facts.entityRefs ?? []) {
          const known = it.ledger?.references.get(ref);
          expect(known).toMatchObject({
            isApplied: true,
            owner: { isOwn: true },
          });
          expect(known?.removal).toBeUndefined();
          expect([undefined, 'url:here']).toContain(known?.catalogKey);
          const own = it.ledger?.files.find(
            ({ path }) => path === known?.owner?.path,
          );
          expect(own?.entityRefs).toContain(ref);
        }
      }),
      runs,
    );
    expect(times).toBeGreaterThan(0);
  });

  describe('is found in steps that can be counted', () => {
    let reads = 0;
    const counted = <T>(list: readonly T[]) =>
      new Proxy(list, {
        get: (target, key) => {
          reads++;
          return Reflect.get(target, key) as unknown;
        },
      });
    const refsOf = (name: string, count: number) =>
      Array.from({ length: count }, (_, i) => `component:default/${name}-${i}`);
    const fileOf = (
      path: string,
      entityRefs: readonly string[],
    ): FileFacts => ({
      path,
      url: `https://dev.azure.com/o/p/_git/r?path=${path}`,
      objectId: '1'.repeat(40),
      rejections: [],
      entityRefs,
    });

    /** What a settled repository with these files is explained with. */
    function explain(
      files: readonly FileFacts[],
      more: Partial<ProviderQuestion['ledger']> = {},
    ): string {
      const [of] = fc.sample(question, { numRuns: 1, seed: 1 });
      return explainProvider({
        ...of!,
        settings: {
          ...of!.settings,
          project: nameFilter(['*'], []),
          repository: nameFilter(['*'], []),
          branch: undefined,
        },
        asked: { project: 'p', repository: 'r' },
        entityRef: undefined,
        look: undefined,
        ledger: {
          repository: {
            id: GUID,
            organization: 'dev.azure.com/o',
            projectId: GUID,
            project: 'p',
            name: 'r',
            branch: 'main',
            outcome: 'conclusive',
            missed: 0,
          },
          files,
          references: new Map(
            files.flatMap(({ path, url, entityRefs }) =>
              entityRefs.map(ref => [
                ref,
                {
                  owner: { isOwn: true, path, url },
                  isApplied: true,
                  locationKey: 'url:here',
                },
              ]),
            ),
          ),
          isDue: false,
          ...more,
        },
      }).reason;
    }

    beforeEach(() => {
      reads = 0;
    });

    it('however many entities the repository gives while others are held back', () => {
      const own = counted(refsOf('own', 1_000));
      const reason = explain([fileOf('/catalog-info.yaml', own)], {
        heldBack: [
          {
            grade: 'inferred',
            count: 1_000,
            total: 2_000,
            percentage: 50,
            limit: 20,
            code: '0123456789ab',
            reasons: [{ reason: 'it is out of sight', count: 1_000 }],
            entityRefs: counted(refsOf('other', 1_000)),
            isApproved: false,
          },
        ],
      });
      expect(reason).toBe('in-catalog');
      expect(reads).toBeLessThan(50_000);
    });

    it('however many files the repository has', () => {
      const files = refsOf('own', 1_000).map((ref, i) =>
        fileOf(`/${i}/catalog-info.yaml`, [ref]),
      );
      expect(explain(counted(files))).toBe('in-catalog');
      expect(reads).toBeLessThan(50_000);
    });
  });
});

describe('The answer about an organization that no provider reads', () => {
  const configured = ['dev.azure.com/fabrikam', 'tfs.example.com/tfs/Main'];

  it.each([
    ['dev.azure.com/fabricam', 'dev.azure.com/fabrikam'],
    ['dev.azure.com/Main', 'tfs.example.com/tfs/Main'],
    ['dev.azure.com/contoso', undefined],
    ['dev.azure.com/tailspin', undefined],
    ['tfs.example.com/tfs/Other', undefined],
  ])('proposes for %s, whose host says nothing, %s', (organization, meant) => {
    const { facts } = explainNoProvider({ organization, configured });
    expect(facts.didYouMean).toBe(meant);
  });
});

it('docs/explain.md has a section for each reason, in the order of the code, and for no other', () => {
  const text = readFileSync(
    join(__dirname, '..', '..', 'docs', 'explain.md'),
    'utf8',
  );
  const sections = [...text.matchAll(/^### (.+)\n\n\S/gm)].map(([, it]) => it);
  expect(sections).toEqual([...REASONS]);
});
