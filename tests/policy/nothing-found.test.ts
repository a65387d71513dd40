import fc from 'fast-check';
import type { Repository } from '../../src/azure/types';
import { literalPath, nameFilter } from '../../src/config/patterns';
import {
  explainNothingFound,
  findCause,
  type Findings,
} from '../../src/policy/nothing-found';
import { selectRepositories } from '../../src/policy/select';

const name = fc.constantFrom('a', 'b', 'Cross Team', 'Cross%20Team', '%', '*');
const names = fc.array(name, { minLength: 1, maxLength: 2 });

const repository: fc.Arbitrary<Repository> = fc.record({
  id: fc.uuid(),
  name,
  project: fc.record({
    id: fc.uuid(),
    name,
    state: fc.constantFrom('wellFormed', 'deleting'),
  }),
  defaultBranch: fc.option(fc.constantFrom('main', 'trunk'), {
    nil: undefined,
  }),
  isDisabled: fc.boolean(),
  isFork: fc.boolean(),
});

const findings: fc.Arbitrary<Findings> = fc
  .record({
    project: fc.tuple(names, fc.array(name, { maxLength: 1 })),
    repository: fc.tuple(names, fc.array(name, { maxLength: 1 })),
    branch: fc.option(fc.constantFrom('main', 'mian'), { nil: undefined }),
    skipForkedRepos: fc.boolean(),
    annotations: fc.boolean(),
    lists: fc.array(fc.array(repository, { maxLength: 4 }), {
      minLength: 1,
      maxLength: 2,
    }),
    descriptors: fc.nat(1),
    found: fc.nat(3),
  })
  .map(({ lists, found, descriptors, ...given }) => {
    const settings = {
      id: 'main',
      ...given,
      project: nameFilter(...given.project),
      repository: nameFilter(...given.repository),
      paths: [literalPath('/catalog-info.yml')],
    };
    return {
      settings,
      lists: lists.map((repositories, i) => ({
        organization: `dev.azure.com/org${i}`,
        repositories,
        ...selectRepositories({ settings, repositories }),
      })),
      descriptors,
      nearMisses: [{ path: '/catalog-info.yaml', found, lookedAt: 3 }],
    };
  });

describe('The reason why a provider found nothing', () => {
  it('is given wherever nothing was found, and nowhere else', () => {
    fc.assert(
      fc.property(findings, it => {
        const selected = it.lists.flatMap(list => list.selected);
        const empty = it.lists.filter(list => list.repositories.length === 0);
        const isAllEmpty = empty.length === it.lists.length;
        const foundNothing =
          !isAllEmpty && (selected.length === 0 || it.descriptors === 0);
        expect(findCause(it) !== undefined).toBe(foundNothing);
        expect(explainNothingFound(it)).toHaveLength(
          empty.length + (foundNothing ? 1 : 0),
        );
      }),
    );
  });

  it('says what to do, or what was probably meant', () => {
    fc.assert(
      fc.property(findings, it => {
        for (const message of explainNothingFound(it)) {
          expect(message).toMatch(/What to do: |did you mean /);
          expect(message).not.toMatch(/undefined|\.\.|\s\s/);
        }
      }),
    );
  });

  it('is, of a key and what is excluded from it, the one without which there would be something', () => {
    fc.assert(
      fc.property(findings, it => {
        const cause = findCause(it);
        const key = cause?.replace('exclude.', '');
        fc.pre(key === 'project' || key === 'repository');
        const { include } = it.settings[key];
        const settings = { ...it.settings, [key]: nameFilter(include, []) };
        const lists = it.lists.map(list => ({
          ...list,
          ...selectRepositories({ settings, repositories: list.repositories }),
        }));
        const without = findCause({ ...it, lists, settings });
        expect(without === key).toBe(cause === key);
      }),
      { numRuns: 1_000 },
    );
  });

  it('names how many repositories are in what state, of those that are selected alone', () => {
    const repositoryOf = (over: Partial<Repository>): Repository => ({
      id: 'r',
      name: 'r',
      project: { id: 'p', name: 'p', state: 'wellFormed' },
      defaultBranch: 'main',
      isDisabled: false,
      isFork: false,
      ...over,
    });
    const settings = {
      id: 'main',
      project: nameFilter(['p'], []),
      repository: nameFilter(['*'], []),
      skipForkedRepos: true,
      paths: [],
    };
    const repositories = [
      repositoryOf({ project: { id: 'q', name: 'q', state: 'wellFormed' } }),
      repositoryOf({ isDisabled: true }),
      repositoryOf({ defaultBranch: undefined }),
      repositoryOf({ isFork: true }),
      repositoryOf({ project: { id: 'p', name: 'p', state: 'deleting' } }),
    ];
    expect(
      explainNothingFound({
        settings,
        lists: [
          {
            organization: 'dev.azure.com/o',
            repositories,
            ...selectRepositories({ settings, repositories }),
          },
        ],
        descriptors: 0,
      }),
    ).toEqual([
      expect.stringMatching(
        /\(disabled: 1, empty: 1, left out as a fork, by the key skipForkedRepos: 1, in a project that is being created or deleted: 1\)/,
      ),
    ]);
  });

  it('is never a key that takes everything', () => {
    fc.assert(
      fc.property(findings, ({ settings, ...it }) => {
        const everything = {
          ...settings,
          project: nameFilter(['*'], []),
          repository: nameFilter(['*'], []),
          skipForkedRepos: false,
          annotations: false,
        };
        const lists = it.lists.map(list => ({
          ...list,
          ...selectRepositories({
            settings: everything,
            repositories: list.repositories,
          }),
        }));
        expect([undefined, 'state', 'branch', 'path']).toContain(
          findCause({ ...it, lists, settings: everything }),
        );
      }),
    );
  });
});
