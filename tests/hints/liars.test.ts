import {
  descriptor,
  HOUR,
  MINUTE,
  setHintStage,
  type HintStage,
} from './support';

const PROJECTS = 6;
const REPOSITORIES = 240;
const VERIFY_EVERY = 6 * HOUR;

/** An organization in which, every half hour, five repositories are pushed to. */
async function live(
  stage: HintStage,
  hours: number,
  each: (turn: {
    /** How long each change that has come to the catalog in this refresh took to come, in milliseconds. */
    delays: number[];
    refreshed: Awaited<ReturnType<HintStage['refresh']>>;
  }) => void,
): Promise<void> {
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
    const delays: number[] = [];
    for (const [reference, pushedAt] of waiting) {
      if (references.has(reference)) {
        delays.push(stage.now() - pushedAt);
        waiting.delete(reference);
      }
    }
    expect(refreshed.report.outcome).toBe('complete');
    expect(references.size).toBe(REPOSITORIES);
    each({ delays, refreshed });
  }
  // Nothing waits for longer than a full round of verification.
  for (const pushedAt of waiting.values()) {
    expect(stage.now() - pushedAt).toBeLessThanOrEqual(VERIFY_EVERY);
  }
}

describe('hints in an organization that is alive', () => {
  let stage: HintStage;
  const start = async (settings: Parameters<typeof setHintStage>[0]) => {
    stage = await setHintStage(settings);
    for (let i = 0; i < REPOSITORIES; i++) {
      const name = `p${i % PROJECTS}`;
      const project =
        [...stage.organization.projects()].find(it => it.name === name) ??
        stage.organization.addProject(name);
      project.addRepository(`r${i}`, {
        files: { '/catalog-info.yaml': descriptor(`c${i}v0`) },
      });
    }
    stage.advance(HOUR);
    await stage.refresh();
  };
  const hintsOf = ({ report }: Awaited<ReturnType<HintStage['refresh']>>) =>
    Object.fromEntries(
      report.organizations[0]?.hints.map(it => [it.source, it.state]) ?? [],
    );
  const notes = () => stage.logs.filter(({ level }) => level === 'warn');
  afterEach(async () => {
    await stage.stop();
  });

  it('bring every change with the next refresh, and are believed', async () => {
    await start({});
    let longest = 0;
    await live(stage, 8, ({ delays, refreshed }) => {
      longest = Math.max(longest, ...delays);
      expect(delays).toHaveLength(5);
      expect(Object.values(hintsOf(refreshed))).not.toContain('dropped');
      expect(refreshed.report.organizations[0]?.notes).toEqual([]);
    });
    expect(longest).toBeLessThanOrEqual(30 * MINUTE);
  });

  const liars = {
    'activity metrics that lack one change in twenty': {
      source: 'activityMetrics',
      honest: 'codeSearch',
      lie: () =>
        stage.simulator.parts.activity.configure({ droppedShare: 0.05 }),
    },
    'activity metrics that are two hours late': {
      source: 'activityMetrics',
      honest: 'codeSearch',
      lie: () => stage.simulator.parts.activity.configure({ lagMs: 2 * HOUR }),
    },
    'a search index that lacks one change in twenty': {
      source: 'codeSearch',
      honest: 'activityMetrics',
      lie: () => stage.simulator.parts.search.configure({ droppedShare: 0.05 }),
    },
    'a search index that is two hours late': {
      source: 'codeSearch',
      honest: 'activityMetrics',
      lie: () => stage.simulator.parts.search.configure({ lagMs: 2 * HOUR }),
    },
  } as const;

  it.each(Object.entries(liars))(
    'from %s cost freshness up to verifyEvery, until the source is dropped and reported',
    async (_, { source, honest, lie }) => {
      await start({ hints: { [honest]: false } });
      lie();
      let longest = 0;
      let droppedAfter: number | undefined;
      let turn = 0;
      await live(stage, 16, ({ delays, refreshed }) => {
        turn += 1;
        longest = Math.max(longest, ...delays);
        const { [source]: state } = hintsOf(refreshed);
        droppedAfter ??= state === 'dropped' ? turn : undefined;
        expect(state).toBe(droppedAfter === undefined ? 'asked' : 'dropped');
        expect(refreshed.report.organizations[0]?.problems).toEqual([]);
        expect(refreshed.report.organizations[0]?.notes).toHaveLength(
          droppedAfter === undefined ? 0 : 1,
        );
      });
      expect(droppedAfter).toBeDefined();
      expect(longest).toBeGreaterThan(30 * MINUTE);
      expect(longest).toBeLessThanOrEqual(VERIFY_EVERY + 30 * MINUTE);
      expect(notes()).toHaveLength(1);
      expect(notes()[0]?.message).toMatch(
        /^dev\.azure\.com\/contoso: no hints are taken from .* until 2026-03-\d\d.*a probe at .* found a change of \/catalog-info\.yaml in p\d\/r\d+/,
      );

      // Another process knows of it, and gives another chance after a week.
      stage.restart();
      stage.advance(30 * MINUTE);
      const later = await stage.refresh();
      expect(hintsOf(later)[source]).toBe('dropped');
      expect(later.requests).toMatchObject({ activity: 0, codesearch: 0 });
      stage.simulator.parts.activity.configure({});
      stage.simulator.parts.search.configure({});
      stage.advance(8 * 24 * HOUR);
      const reformed = await stage.refresh();
      expect(hintsOf(reformed)[source]).toBe('asked');
    },
  );

  it('from a source that lies cost nothing while another is honest', async () => {
    await start({});
    stage.simulator.parts.activity.configure({ droppedShare: 0.3 });
    let longest = 0;
    let last: Record<string, string> = {};
    await live(stage, 8, ({ delays, refreshed }) => {
      longest = Math.max(longest, ...delays);
      last = hintsOf(refreshed);
    });
    expect(longest).toBeLessThanOrEqual(30 * MINUTE);
    expect(last).toEqual({ codeSearch: 'asked', activityMetrics: 'dropped' });
  });
});
