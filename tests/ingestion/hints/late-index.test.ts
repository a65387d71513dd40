import {
  descriptor,
  HOUR,
  MINUTE,
  setHintStage,
  type HintStage,
  type Refreshed,
} from './support';

const PROJECTS = 6;
const REPOSITORIES = 240;
const REFRESH_EVERY = 30 * MINUTE;
const VERIFY_EVERY = 6 * HOUR;

/** What came of the changes in some hours of an organization in which five repositories are pushed to every half hour. */
interface Outcome {
  /** How long the change that took longest took to come to the catalog, in milliseconds. */
  longest: number;
  /** Changes that verification found and that Code Search had not named. */
  missed: number;
}

async function live(stage: HintStage, hours: number): Promise<Outcome> {
  const outcome = { longest: 0, missed: 0 };
  const waiting = new Map<string, number>();
  let pushes = 0;
  for (let turn = 0; turn < hours * 2; turn++) {
    for (let i = 0; i < 5; i++) {
      stage.advance(6 * MINUTE - 1);
      const number = (pushes * 47) % REPOSITORIES;
      pushes += 1;
      const name = `c${number}v${pushes}`;
      stage.organization
        .project(`p${number % PROJECTS}`)
        .repository(`r${number}`)
        .push({ files: { '/catalog-info.yaml': descriptor(name) } });
      waiting.set(`component:default/${name}`, stage.now());
    }
    stage.advance(4);
    const refreshed = await stage.refresh();
    const references = new Set(await stage.references());
    expect(references.size).toBe(REPOSITORIES);
    expect(refreshed.report.outcome).toBe('complete');
    let came = 0;
    for (const [reference, pushedAt] of waiting) {
      if (references.has(reference)) {
        came += 1;
        outcome.longest = Math.max(outcome.longest, stage.now() - pushedAt);
        waiting.delete(reference);
      }
    }
    const missed = missedIn(refreshed);
    expect(missed).toBeLessThanOrEqual(came);
    outcome.missed += missed;
  }
  for (const pushedAt of waiting.values()) {
    expect(stage.now() - pushedAt).toBeLessThanOrEqual(VERIFY_EVERY);
  }
  return outcome;
}

function missedIn({ report }: Refreshed): number {
  const hints = report.organizations[0]?.hints;
  if (hints?.state !== 'asked') {
    throw new Error(`Code Search was not asked: ${JSON.stringify(hints)}`);
  }
  return hints.missed;
}

describe('pushes to an organization with Code Search', () => {
  let stage: HintStage;
  beforeEach(async () => {
    stage = await setHintStage();
    for (let i = 0; i < PROJECTS; i++) {
      stage.organization.addProject(`p${i}`);
    }
    for (let i = 0; i < REPOSITORIES; i++) {
      stage.organization.project(`p${i % PROJECTS}`).addRepository(`r${i}`, {
        files: { '/catalog-info.yaml': descriptor(`c${i}v0`) },
      });
    }
    stage.advance(HOUR);
    await stage.refresh();
  });
  afterEach(async () => {
    await stage.stop();
  });

  it('all come to the catalog with the next refresh when the index is up to date', async () => {
    const { longest, missed } = await live(stage, 8);
    expect(longest).toBeLessThanOrEqual(REFRESH_EVERY);
    expect(missed).toBe(0);
  });

  it.each([
    ['drops one push in twenty', { droppedShare: 0.05 }],
    ['is two hours late', { lagMs: 2 * HOUR }],
  ])(
    'all come within verifyEvery when the index %s, and the report counts what it had not named',
    async (_, index) => {
      stage.simulator.parts.search.configure(index);
      const { longest, missed } = await live(stage, 16);
      expect(longest).toBeGreaterThan(REFRESH_EVERY);
      expect(longest).toBeLessThanOrEqual(VERIFY_EVERY + REFRESH_EVERY);
      expect(missed).toBeGreaterThan(0);
      expect(stage.logs.filter(({ level }) => level !== 'info')).toEqual([]);
    },
  );

  it('leave the catalog within verifyEvery when they delete a file, which an index cannot show', async () => {
    stage.organization
      .project('p1')
      .repository('r1')
      .push({ files: { '/catalog-info.yaml': null, '/README.md': '# gone' } });
    const deletedAt = stage.now();
    let missed = 0;
    for (
      let references = await stage.references();
      references.length === REPOSITORIES;
      references = await stage.references()
    ) {
      stage.advance(REFRESH_EVERY);
      missed += missedIn(await stage.refresh());
      expect(stage.now() - deletedAt).toBeLessThanOrEqual(
        VERIFY_EVERY + REFRESH_EVERY,
      );
    }
    expect(await stage.references()).toHaveLength(REPOSITORIES - 1);
    expect(missed).toBe(1);
  });
});
