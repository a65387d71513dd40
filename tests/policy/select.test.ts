import fc from 'fast-check';
import type { Repository } from '../../src/azure/types';
import { nameFilter } from '../../src/config/patterns';
import {
  type SelectionSettings,
  selectRepositories,
} from '../../src/policy/select';

const ALL: SelectionSettings = {
  project: nameFilter(['*'], []),
  repository: nameFilter(['*'], []),
  branch: undefined,
  skipForkedRepos: false,
};

function repository(changes: Partial<Repository> = {}): Repository {
  return {
    id: 'b2f1f0d6-9a4e-4c67-8d36-6a1e3a4f7c11',
    name: 'api',
    project: { id: 'p', name: 'Payments', state: 'wellFormed' },
    defaultBranch: 'main',
    isDisabled: false,
    isFork: false,
    ...changes,
  };
}

function verdictOn(changes: Partial<Repository>, settings = ALL): string {
  const { selected, skipped } = selectRepositories({
    settings,
    repositories: [repository(changes)],
  });
  expect(selected.length + skipped.length).toBe(1);
  const [skip] = skipped;
  return skip ? `${skip.reason} (${skip.evidence})` : 'selected';
}

const deleting = { id: 'p', name: 'Payments', state: 'deleting' };

describe('the selection of repositories', () => {
  it.each<[string, Partial<Repository>, Partial<SelectionSettings>, string]>([
    ['an ordinary one', {}, {}, 'selected'],
    ['a disabled one', { isDisabled: true }, {}, 'disabled (disabled)'],
    ['an empty one', { defaultBranch: undefined }, {}, 'empty (state)'],
    [
      'one without a default branch where a branch is configured',
      { defaultBranch: undefined },
      { branch: 'main' },
      'selected',
    ],
    [
      'one whose project is being deleted',
      { project: deleting },
      {},
      'project-not-well-formed (state)',
    ],
    ['a fork', { isFork: true }, {}, 'selected'],
    [
      'a fork where forks are skipped',
      { isFork: true },
      { skipForkedRepos: true },
      'fork (configuration)',
    ],
    [
      'one of another project',
      {},
      { project: nameFilter(['Other'], []) },
      'project-filter (configuration)',
    ],
    [
      'one of an excluded project',
      {},
      { project: nameFilter(['*'], ['pay*']) },
      'project-filter (configuration)',
    ],
    [
      'one of another name',
      {},
      { repository: nameFilter(['web'], []) },
      'repository-filter (configuration)',
    ],
    [
      'one of an excluded name',
      {},
      { repository: nameFilter(['*'], ['API']) },
      'repository-filter (configuration)',
    ],
    // The weaker evidence where there are two.
    [
      'one that is disabled and not asked for',
      { isDisabled: true },
      { repository: nameFilter(['web'], []) },
      'repository-filter (configuration)',
    ],
    [
      'a disabled fork where forks are skipped',
      { isDisabled: true, isFork: true },
      { skipForkedRepos: true },
      'fork (configuration)',
    ],
    [
      'one that is disabled in a project being deleted',
      { isDisabled: true, project: deleting },
      {},
      'disabled (disabled)',
    ],
  ])('decides on %s', (_, changes, settings, expected) => {
    expect(verdictOn(changes, { ...ALL, ...settings })).toBe(expected);
  });

  const names = fc.constantFrom(
    'api',
    'API',
    'web',
    'Web-old',
    'my app',
    'x[1]',
  );
  const patterns = fc.array(
    fc.constantFrom('*', 'api', 'WEB*', '*-old', 'my ?pp', 'x[1]', 'none'),
    { maxLength: 3 },
  );
  const filter = fc
    .tuple(patterns, patterns)
    .map(([include, exclude]) => ({ include, exclude }));
  const settings = fc.record({
    project: filter,
    repository: filter,
    branch: fc.option(fc.constant('main'), { nil: undefined }),
    skipForkedRepos: fc.boolean(),
  });
  const repositories = fc.uniqueArray(
    fc.record<Repository>({
      id: fc.uuid(),
      name: names,
      project: fc.record({
        id: fc.uuid(),
        name: names,
        state: fc.constantFrom(
          'wellFormed',
          'deleting',
          'new',
          'createPending',
        ),
      }),
      defaultBranch: fc.option(fc.constantFrom('main', 'master'), {
        nil: undefined,
      }),
      isDisabled: fc.boolean(),
      isFork: fc.boolean(),
    }),
    { selector: r => r.id, maxLength: 20 },
  );

  type Raw = { include: string[]; exclude: string[] };
  type RawSettings = {
    project: Raw;
    repository: Raw;
    branch: string | undefined;
    skipForkedRepos: boolean;
  };
  const compile = (raw: RawSettings): SelectionSettings => ({
    ...raw,
    project: nameFilter(raw.project.include, raw.project.exclude),
    repository: nameFilter(raw.repository.include, raw.repository.exclude),
  });
  const selectedIds = (raw: RawSettings, list: readonly Repository[]) =>
    selectRepositories({ settings: compile(raw), repositories: list })
      .selected.map(r => r.id)
      .sort();

  it('has every repository either selected or skipped, in the order of the list', () => {
    fc.assert(
      fc.property(settings, repositories, (raw, list) => {
        const { selected, skipped } = selectRepositories({
          settings: compile(raw),
          repositories: list,
        });
        const left = selected.map(r => list.indexOf(r));
        const right = skipped.map(s => list.indexOf(s.repository));
        expect([...left, ...right].sort((a, b) => a - b)).toEqual(
          list.map((_, i) => i),
        );
        for (const side of [left, right]) {
          expect(side).toEqual([...side].sort((a, b) => a - b));
        }
      }),
    );
  });

  it('is the same for a repository whatever else is in the list', () => {
    fc.assert(
      fc.property(
        settings,
        repositories,
        fc.infiniteStream(fc.nat()),
        (raw, list, dice) => {
          const shuffled = list
            .map(r => ({ r, at: dice.next().value }))
            .sort((a, b) => a.at - b.at)
            .map(({ r }) => r);
          expect(selectedIds(raw, shuffled)).toEqual(selectedIds(raw, list));
        },
      ),
    );
  });

  it('has no more for one more exclusion, and no fewer for one more inclusion', () => {
    fc.assert(
      fc.property(
        settings,
        repositories,
        names,
        fc.constantFrom('project', 'repository'),
        (raw, list, pattern, which) => {
          const before = selectedIds(raw, list);
          const with_ = (side: keyof Raw) =>
            selectedIds(
              {
                ...raw,
                [which]: {
                  ...raw[which],
                  [side]: [...raw[which][side], pattern],
                },
              },
              list,
            );
          expect(before).toEqual(expect.arrayContaining(with_('exclude')));
          expect(with_('include')).toEqual(expect.arrayContaining(before));
        },
      ),
    );
  });

  it('ignores the case of names', () => {
    fc.assert(
      fc.property(settings, repositories, (raw, list) => {
        const loud = list.map(r => ({
          ...r,
          name: r.name.toUpperCase(),
          project: { ...r.project, name: r.project.name.toLowerCase() },
        }));
        expect(selectedIds(raw, loud)).toEqual(selectedIds(raw, list));
      }),
    );
  });

  it('has nothing that is disabled, empty, or in a project that is not ready', () => {
    fc.assert(
      fc.property(settings, repositories, (raw, list) => {
        const { selected } = selectRepositories({
          settings: compile(raw),
          repositories: list,
        });
        for (const r of selected) {
          expect(r.isDisabled).toBe(false);
          expect(r.project.state).toBe('wellFormed');
          expect(r.defaultBranch ?? raw.branch).toBeDefined();
        }
      }),
    );
  });
});
