import fc from 'fast-check';
import { judgeMissing } from '../../src/policy/missing';
import type { KnownRepository } from '../../src/policy/model';

const PROJECTS = ['payments', 'platform', 'sandbox'] as const;

function repository(id: string, projectId: string): KnownRepository {
  return {
    id,
    organization: 'dev.azure.com/contoso',
    projectId,
    project: `name of ${projectId}`,
    name: id,
    outcome: 'conclusive',
    missed: 0,
    ticket: 0,
  };
}

/** What the list has and what it lacks of two repositories in each of three projects, and what the service calls deleted. */
const situation = fc
  .record({
    known: fc.subarray(
      PROJECTS.flatMap(project => [
        repository(`${project}-1`, project),
        repository(`${project}-2`, project),
      ]),
    ),
    isListed: fc.func(fc.boolean()),
    deletedRepositories: fc.subarray(
      PROJECTS.flatMap(project => [`${project}-1`, `${project}-2`]),
    ),
    deletedProjects: fc.subarray([...PROJECTS]),
  })
  .map(({ known, isListed, deletedRepositories, deletedProjects }) => {
    const listed = known.filter(({ id }) => isListed(id));
    return {
      known,
      missing: known.filter(it => !listed.includes(it)),
      listed: new Map(listed.map(({ id, projectId }) => [id, projectId])),
      deletions: {
        repositories: new Set(deletedRepositories),
        projects: new Set<string>(deletedProjects),
      },
      isWhole: true,
    };
  });

const idsOf = (repositories: readonly KnownRepository[]) =>
  repositories.map(({ id }) => id);

describe('a repository that the list lacks', () => {
  it('is not missed once more by a list that has something in it which may be that repository', () => {
    fc.assert(
      fc.property(situation, input => {
        const whole = judgeMissing(input);
        const verdict = judgeMissing({ ...input, isWhole: false });
        expect(verdict).toEqual({ ...whole, missedOnceMore: [] });
      }),
    );
  });

  it('is deleted, missed once more, or out of sight, and only one of these', () => {
    fc.assert(
      fc.property(situation, input => {
        const { deleted, missedOnceMore, outOfSight } = judgeMissing(input);
        const hidden = outOfSight.flatMap(it => it.repositories);
        expect(
          idsOf([...deleted, ...missedOnceMore, ...hidden]).sort(),
        ).toEqual(idsOf(input.missing).sort());
      }),
    );
  });

  it('is deleted when the service says so of it or of its project, and never otherwise', () => {
    fc.assert(
      fc.property(situation, input => {
        const { repositories, projects } = input.deletions;
        expect(idsOf(judgeMissing(input).deleted)).toEqual(
          idsOf(
            input.missing.filter(
              ({ id, projectId }) =>
                repositories.has(id) || projects.has(projectId),
            ),
          ),
        );
      }),
    );
  });

  it('counts as missed only where the list has another known one of its project', () => {
    fc.assert(
      fc.property(situation, input => {
        const visible = new Set(input.listed.values());
        const { missedOnceMore, outOfSight } = judgeMissing(input);
        expect(missedOnceMore.every(it => visible.has(it.projectId))).toBe(
          true,
        );
        for (const { project, repositories } of outOfSight) {
          expect(repositories.some(it => visible.has(it.projectId))).toBe(
            false,
          );
          expect(project === undefined).toBe(visible.size === 0);
        }
      }),
    );
  });

  it('is out of sight with its project, by name, when the rest of the organization is listed', () => {
    const known = [
      repository('a', 'payments'),
      repository('b', 'payments'),
      repository('c', 'platform'),
    ];
    const [a, b] = known;
    expect(
      judgeMissing({
        known,
        missing: known.slice(0, 2),
        listed: new Map([['c', 'platform']]),
        deletions: { repositories: new Set(), projects: new Set() },
        isWhole: true,
      }).outOfSight,
    ).toEqual([
      {
        project: { id: 'payments', name: 'name of payments' },
        repositories: [a, b],
      },
    ]);
  });

  it('is out of sight when all that the list has of its project is new', () => {
    const known = [repository('a', 'payments'), repository('b', 'payments')];
    expect(
      judgeMissing({
        known,
        missing: known,
        listed: new Map([['new', 'payments']]),
        deletions: { repositories: new Set(), projects: new Set() },
        isWhole: true,
      }),
    ).toEqual({
      deleted: [],
      missedOnceMore: [],
      outOfSight: [{ repositories: known }],
    });
  });

  it('is out of sight when what else was in its project has moved to another', () => {
    const known = [repository('a', 'payments'), repository('b', 'payments')];
    const { missedOnceMore, outOfSight } = judgeMissing({
      known,
      missing: known.slice(0, 1),
      listed: new Map([['b', 'platform']]),
      deletions: { repositories: new Set(), projects: new Set() },
      isWhole: true,
    });
    expect(missedOnceMore).toEqual([]);
    expect(outOfSight).toHaveLength(1);
  });
});

it('a hundred thousand repositories of one project that go out of sight are judged without keeping anybody waiting', () => {
  const missing = Array.from({ length: 100_000 }, (_, i) =>
    repository(`r${i}`, 'payments'),
  );
  const none = new Set<string>();
  const before = process.cpuUsage();
  const { outOfSight } = judgeMissing({
    known: missing,
    missing,
    listed: new Map(),
    deletions: { repositories: none, projects: none },
    isWhole: true,
  });
  // Of the processor, which a busy machine does not add to: it was a minute.
  const { user } = process.cpuUsage(before);
  expect(outOfSight[0]?.repositories).toHaveLength(100_000);
  expect(user).toBeLessThan(5_000_000);
});
