import fc from 'fast-check';
import type { Repository } from '../../src/azure/types';
import {
  planPass,
  weakestEvidence,
  type PlanInput,
} from '../../src/policy/plan';
import type { KnownRepository } from '../../src/policy/model';

const ORGANIZATION = 'dev.azure.com/contoso';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function repository(id: string, changes: Partial<Repository> = {}): Repository {
  return {
    id,
    name: id,
    project: { id: 'p', name: 'p', state: 'wellFormed' },
    defaultBranch: 'main',
    isDisabled: false,
    isFork: false,
    ...changes,
  };
}

function known(
  id: string,
  changes: Partial<KnownRepository> = {},
): KnownRepository {
  return {
    id,
    organization: ORGANIZATION,
    projectId: 'p',
    project: 'p',
    name: id,
    branch: 'main',
    signature: `signature of ${id}`,
    outcome: 'conclusive',
    verifiedAt: 0,
    missed: 0,
    ticket: 0,
    ...changes,
  };
}

function input(changes: Partial<PlanInput> = {}): PlanInput {
  return {
    selected: [],
    skipped: [],
    odd: [],
    known: new Map(),
    signatureOf: r => `signature of ${r.name}`,
    doubtful: new Map(),
    hinted: new Set(),
    now: 0,
    lastPassAt: 0,
    verifyEveryMs: 6 * HOUR,
    ...changes,
  };
}

function reasons(plan: ReturnType<typeof planPass>) {
  return plan.probes.map(p => `${p.repository.id}: ${p.reason}`);
}

function knownMap(...rows: KnownRepository[]) {
  return new Map(rows.map(row => [row.id, row]));
}

describe('the plan of a pass', () => {
  it('probes at once what the list shows to be new or different', () => {
    const plan = planPass(
      input({
        selected: [
          repository('settled'),
          repository('new'),
          repository('renamed', { name: 'other name' }),
          repository('moved', { defaultBranch: 'trunk' }),
          repository('unknown'),
          repository('doubtful'),
          repository('hinted'),
        ],
        known: knownMap(
          known('settled'),
          known('renamed'),
          known('moved'),
          known('unknown', { outcome: 'unknown' }),
          known('doubtful'),
          known('hinted'),
        ),
        doubtful: new Map([['doubtful', 'confirmed']]),
        hinted: new Set(['hinted']),
      }),
    );
    expect(reasons(plan)).toEqual([
      'new: new',
      'renamed: changed',
      'moved: changed',
      'hinted: hinted',
      'unknown: unfinished',
      'doubtful: unfinished',
    ]);
  });

  it('probes a known repository that the list shows without a branch, once', () => {
    const skipped = [
      {
        repository: repository('r', { defaultBranch: undefined }),
        reason: 'empty' as const,
        evidence: 'state' as const,
      },
    ];
    const emptied = planPass(input({ skipped, known: knownMap(known('r')) }));
    expect(reasons(emptied)).toEqual(['r: changed']);
    expect(emptied.gone).toEqual([]);
    const settled = planPass(
      input({ skipped, known: knownMap(known('r', { branch: undefined })) }),
    );
    expect(settled.probes).toEqual([]);
    const unread = planPass(
      input({
        skipped,
        known: knownMap(known('r', { branch: undefined, outcome: 'unknown' })),
      }),
    );
    expect(reasons(unread)).toEqual(['r: changed']);
  });

  it('compares with the branch that the configuration names, where it names one', () => {
    const plan = planPass(
      input({
        selected: [repository('settled'), repository('read otherwise')],
        known: knownMap(
          known('settled', { branch: 'release' }),
          known('read otherwise', { branch: 'main' }),
        ),
        branch: 'release',
      }),
    );
    expect(reasons(plan)).toEqual(['read otherwise: changed']);
  });

  it('has a repository of which the list shows no more than its id as listed, and leaves it alone', () => {
    const plan = planPass(
      input({
        odd: [{ id: 'odd', seen: 'no name' }],
        known: knownMap(known('odd', { missed: 1 })),
      }),
    );
    expect(plan).toEqual({
      probes: [],
      gone: [],
      missing: [],
      takenBack: ['odd'],
    });
  });

  it('marks a disabled repository as confirmed gone, a deselected one as gone by the configuration, and a missing one as neither', () => {
    const plan = planPass(
      input({
        skipped: [
          {
            repository: repository('disabled', { isDisabled: true }),
            reason: 'disabled',
            evidence: 'disabled',
          },
          {
            repository: repository('deselected'),
            reason: 'repository-filter',
            evidence: 'configuration',
          },
        ],
        known: knownMap(
          known('disabled'),
          known('deselected'),
          known('missing'),
        ),
      }),
    );
    expect(
      plan.gone.map(({ repositoryId, removal }) => [
        repositoryId,
        removal.grade,
      ]),
    ).toEqual([
      ['disabled', 'confirmed'],
      ['deselected', 'deselected'],
    ]);
    expect(plan.missing.map(({ id }) => id)).toEqual(['missing']);
  });

  it.each([
    ['while its project is being created', 'project-not-well-formed', 'state'],
    ['while it is empty', 'empty', 'state'],
    ['while it is disabled', 'disabled', 'disabled'],
    ['when its name is filtered out', 'repository-filter', 'configuration'],
  ] as const)(
    'counts the lists that lack a repository anew after a list that has it %s',
    (_when, reason, evidence) => {
      const plan = planPass(
        input({
          skipped: [{ repository: repository('back'), reason, evidence }],
          known: knownMap(known('back', { missed: 1 })),
        }),
      );
      expect(plan.takenBack).toEqual(['back']);
    },
  );

  it('withdraws the inferred evidence against a repository that is listed again', () => {
    const skipped = (id: string, evidence: 'state' | 'configuration') => ({
      repository: repository(id),
      reason: 'project-not-well-formed' as const,
      evidence,
    });
    const plan = planPass(
      input({
        selected: ['back', 'doubtful', 'shortened', 'r'].map(id =>
          repository(id),
        ),
        skipped: [
          skipped('not ready', 'state'),
          skipped('filtered out', 'configuration'),
        ],
        known: knownMap(
          known('back', { missed: 2 }),
          known('doubtful'),
          known('shortened'),
          known('r'),
          known('not ready'),
          known('filtered out'),
        ),
        doubtful: new Map([
          ['doubtful', 'inferred'],
          // By its file, which is no matter of the list.
          ['shortened', 'confirmed'],
          ['not ready', 'inferred'],
          ['filtered out', 'inferred'],
        ]),
      }),
    );
    expect(plan.takenBack).toEqual(['back', 'doubtful', 'not ready']);
  });

  it('withdraws the evidence of the configuration against a repository that the list lacks, and of the service against one that is there again', () => {
    const plan = planPass(
      input({
        selected: [repository('enabled'), repository('file gone')],
        skipped: [
          {
            repository: repository('disabled'),
            reason: 'disabled',
            evidence: 'disabled',
          },
        ],
        known: knownMap(
          known('enabled', { outcome: 'gone' }),
          known('file gone'),
          known('disabled', { outcome: 'gone' }),
          known('missing'),
          known('deleted', { outcome: 'gone' }),
        ),
        doubtful: new Map([
          ['enabled', 'confirmed'],
          ['file gone', 'confirmed'],
          ['disabled', 'confirmed'],
          ['missing', 'deselected'],
          ['deleted', 'confirmed'],
        ]),
      }),
    );
    expect(plan.takenBack).toEqual(['enabled', 'missing']);
  });

  it('takes a repository for doubtful on the weakest evidence against anything of it', () => {
    const marks = (['deselected', 'confirmed'] as const).map(grade => ({
      repositoryId: 'r',
      grade,
    }));
    for (const some of [marks, [...marks].reverse()]) {
      expect(weakestEvidence(some)).toEqual(new Map([['r', 'deselected']]));
    }
  });

  it('verifies every repository within the time promised, at an even rate', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 1, max: 12 }),
        (count, passes) => {
          const verifyEveryMs = 6 * HOUR;
          const every = verifyEveryMs / passes;
          const ids = Array.from({ length: count }, (_, i) => `r${i}`);
          const verifiedAt = new Map(ids.map(id => [id, 0]));
          for (let pass = 1; pass <= 3 * passes; pass++) {
            const now = pass * every;
            const plan = planPass(
              input({
                selected: ids.map(id => repository(id)),
                known: knownMap(
                  ...ids.map(id =>
                    known(id, { verifiedAt: verifiedAt.get(id) }),
                  ),
                ),
                now,
                lastPassAt: now - every,
                verifyEveryMs,
              }),
            );
            expect(plan.probes.length).toBeLessThanOrEqual(
              Math.ceil(count / passes),
            );
            for (const { repository: r } of plan.probes) {
              verifiedAt.set(r.id, now);
            }
            const longestAgo = Math.min(...verifiedAt.values());
            expect(now - longestAgo).toBeLessThan(verifyEveryMs);
          }
        },
      ),
      // Where the share of one pass is not exact in binary.
      { examples: [[70, 7]] },
    );
  });

  it('goes on where a first pass was aborted, and does not begin again', () => {
    const now = 10 * MINUTE;
    const plan = planPass(
      input({
        selected: ['a', 'b', 'c', 'd'].map(id => repository(id)),
        known: knownMap(
          known('a', { verifiedAt: now - MINUTE }),
          known('b', { verifiedAt: now - MINUTE }),
          known('c', { verifiedAt: now - 2 * MINUTE }),
        ),
        now,
        lastPassAt: undefined,
      }),
    );
    expect(reasons(plan)).toEqual(['d: new', 'c: verify']);
  });

  it('verifies repositories in time though an earlier clock was ahead', () => {
    const year = 365 * 24 * HOUR;
    const plan = planPass(
      input({
        selected: [repository('a'), repository('b'), repository('c')],
        known: knownMap(
          known('a', { verifiedAt: 10 * year }),
          known('b', { verifiedAt: year }),
          // Another replica's clock, five minutes ahead: no reason for haste.
          known('c', { verifiedAt: year + 5 * MINUTE }),
        ),
        now: year,
        lastPassAt: year,
      }),
    );
    expect(reasons(plan)).toEqual(['a: verify']);
  });

  it('looks again at what could not be read only in turn, so that it keeps nothing else waiting', () => {
    const plan = planPass(
      input({
        selected: ['a', 'b', 'c', 'd'].map(id => repository(id)),
        known: knownMap(
          known('a', { outcome: 'unknown', ticket: 4 }),
          known('b', { ticket: 3 }),
          known('c', { outcome: 'unknown', ticket: 2 }),
          known('d', { ticket: 1 }),
        ),
        now: 6 * HOUR,
      }),
    );
    expect(reasons(plan)).toEqual([
      'd: verify',
      'c: unfinished',
      'b: verify',
      'a: unfinished',
    ]);
  });

  it('plans each repository at most once, and nothing that is not listed', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    fc.assert(
      fc.property(
        fc.uniqueArray(id),
        fc.uniqueArray(id),
        fc.uniqueArray(id),
        fc.nat({ max: 24 }),
        (selected, inLedger, hinted, hours) => {
          const plan = planPass(
            input({
              selected: selected.map(name => repository(name)),
              known: knownMap(...inLedger.map(name => known(name))),
              hinted: new Set(hinted),
              now: hours * HOUR,
            }),
          );
          const planned = plan.probes.map(p => p.repository.id);
          expect(new Set(planned).size).toBe(planned.length);
          expect(
            planned.every(name => selected.some(other => other === name)),
          ).toBe(true);
          expect(plan.gone).toEqual([]);
          expect(plan.missing.map(m => m.id).sort()).toEqual(
            inLedger.filter(name => !selected.includes(name)).sort(),
          );
        },
      ),
    );
  });
});
