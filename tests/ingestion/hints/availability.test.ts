import {
  descriptor,
  HOUR,
  MINUTE,
  setHintStage,
  type HintStage,
  type Refreshed,
} from './support';

const PROJECTS = 4;

let stage: HintStage;
const start = async (settings: Parameters<typeof setHintStage>[0] = {}) => {
  stage = await setHintStage(settings);
  for (let i = 0; i < PROJECTS; i++) {
    const project = stage.organization.addProject(`p${i}`);
    for (let j = 0; j < 6; j++) {
      project.addRepository(`r${j}`, {
        files: { '/catalog-info.yaml': descriptor(`c${i}-${j}`) },
      });
    }
  }
  stage.advance(HOUR);
  const first = await stage.refresh();
  expect(first.requests.codesearch).toBe(0);
  expect(hintsOf(first)).toBeUndefined();
};
const later = async (milliseconds = 30 * MINUTE) => {
  stage.advance(milliseconds);
  return await stage.refresh();
};
const hintsOf = ({ report }: Refreshed) => report.organizations[0]?.hints;
const hinted = ({ report }: Refreshed) =>
  report.organizations[0]?.probes.reasons['hinted'] ?? 0;
const push = (project = 1, repository = 2) =>
  stage.organization
    .project(`p${project}`)
    .repository(`r${repository}`)
    .push({ files: { '/catalog-info.yaml': descriptor('pushed') } });

afterEach(async () => {
  await stage.stop();
});

describe('Code Search that gives no answers', () => {
  it.each([
    [
      'not installed',
      () => stage.simulator.parts.search.configure({ installed: false }),
      () => stage.simulator.parts.search.configure({}),
      'The extension ms.vss-code-search is not installed.',
      6 * HOUR,
    ],
    [
      'denied',
      () =>
        stage.simulator.inject({
          match: { endpoint: 'codesearch' },
          response: { status: 403 },
        }),
      () => stage.simulator.faults.removeAll(),
      '403',
      6 * HOUR,
    ],
    [
      'failing',
      () =>
        stage.simulator.inject({
          match: { endpoint: 'codesearch' },
          response: { status: 500 },
        }),
      () => stage.simulator.faults.removeAll(),
      '500',
      15 * MINUTE,
    ],
    [
      'still building its index',
      () =>
        stage.simulator.parts.search.configure({
          infoCode: 7,
          missingShare: 1,
        }),
      () => stage.simulator.parts.search.configure({}),
      'the search index of the organization is still being built',
      HOUR,
    ],
  ])(
    'because it is %s fails no refresh, is reported with the reason, and is asked again later',
    async (_, breakIt, mendIt, reason, pause) => {
      await start();
      breakIt();
      const second = await later();
      const until = stage.now() + pause;
      const off = {
        state: 'off',
        reason: expect.stringContaining(reason),
        until,
      };
      expect(second.report.outcome).toBe('complete');
      expect(second.requests.codesearch).toBeGreaterThan(0);
      expect(hintsOf(second)).toEqual(off);
      // Until that time it is not asked.
      while (stage.now() + 10 * MINUTE < until) {
        const next = await later(5 * MINUTE);
        expect(next.report.outcome).toBe('complete');
        expect(next.requests.codesearch).toBe(0);
        expect(hintsOf(next)).toEqual(off);
      }
      // Then it is, and fails again.
      const again = await later(10 * MINUTE);
      expect(again.requests.codesearch).toBeGreaterThan(0);
      expect(hintsOf(again)).toEqual({ ...off, until: stage.now() + pause });
      expect(
        stage.logs
          .filter(({ message }) => message.includes('no hints'))
          .map(({ level, message }) => [level, message]),
      ).toEqual([
        [
          'info',
          expect.stringMatching(
            `^dev.azure.com/contoso: Code Search gives no hints until ${new Date(until).toISOString()}: .*Nothing is lost`,
          ),
        ],
      ]);
      mendIt();
      push();
      const mended = await later(pause);
      expect(hintsOf(mended)).toMatchObject({ state: 'asked' });
      expect(await stage.references()).toContain('component:default/pushed');
    },
  );

  it('still leaves hints where only a part of the index is being built', async () => {
    await start();
    stage.simulator.parts.search.configure({ infoCode: 9, missingShare: 0.3 });
    expect(hintsOf(await later())).toMatchObject({ state: 'asked' });
  });

  it.each([
    [{ branch: 'main' }, "the branch 'main'"],
    [{ path: '/*.yaml' }, 'the configured paths'],
  ])(
    'because of the settings %j is not asked, and the report says why',
    async (settings, reason) => {
      await start(settings);
      const second = await later();
      expect(second.requests.codesearch).toBe(0);
      expect(hintsOf(second)).toEqual({
        state: 'off',
        reason: expect.stringContaining(reason),
      });
    },
  );

  it('because the configuration switches it off is not asked', async () => {
    await start({ hints: { codeSearch: false } });
    const second = await later();
    expect(second.requests.codesearch).toBe(0);
    expect(hintsOf(second)).toBeUndefined();
  });
});

describe('a refresh with Code Search', () => {
  it('that is aborted while it searches ends, and the next one is complete', async () => {
    await start();
    stage.simulator.inject({
      match: { endpoint: 'codesearch' },
      fault: 'hang',
    });
    stage.advance(30 * MINUTE);
    const controller = new AbortController();
    const refreshed = stage.refresh(controller.signal);
    await stage.requested('codesearch');
    controller.abort();
    await expect(refreshed).rejects.toThrow();
    stage.simulator.faults.removeAll();
    const next = await later();
    expect(next.report.outcome).toBe('complete');
    expect(hintsOf(next)).toMatchObject({ state: 'asked' });
  });

  it('reads a repository once for a push, and once more at most while the index is late', async () => {
    await start();
    push();
    const named: number[] = [];
    for (let i = 0; i < 14; i++) {
      named.push(hinted(await later(10 * MINUTE)));
    }
    expect(named[0]).toBe(1);
    expect(named.slice(1).every(it => it === 0)).toBe(true);

    // Verification finds this one first, and the index shows the former file until the end.
    stage.simulator.parts.search.configure({ lagMs: 100 * HOUR });
    push(2, 3);
    let again = 0;
    for (let i = 0; i < 16; i++) {
      again += hinted(await later());
    }
    expect(again).toBeLessThanOrEqual(2);
    expect(await stage.references()).toContain('component:default/pushed');
  });

  it('finds a change in a fork, which no search shows, within verifyEvery', async () => {
    await start({ verifyEvery: { hours: 2 } });
    const fork = stage.organization
      .project('p0')
      .repository('r0')
      .fork(stage.organization.project('p1'), 'fork');
    await later();
    stage.advance(HOUR);
    fork.push({ files: { '/catalog-info.yaml': descriptor('forked') } });
    let added = 0;
    for (let i = 0; i < 5; i++) {
      added += (await later()).report.added;
    }
    expect(added).toBe(1);
  });

  it('removes nothing because the index lacks it', async () => {
    await start();
    const before = await stage.references();
    stage.simulator.parts.search.configure({ missingShare: 1 });
    for (let i = 0; i < 4; i++) {
      expect((await later()).report).toMatchObject({
        outcome: 'complete',
        removed: 0,
      });
    }
    expect(await stage.references()).toEqual(before);
  });

  const pushToAll = () => {
    for (let i = 0; i < PROJECTS; i++) {
      for (let j = 0; j < 6; j++) {
        stage.organization
          .project(`p${i}`)
          .repository(`r${j}`)
          .push({
            files: { '/catalog-info.yaml': descriptor(`c${i}-${j}`, 'new') },
          });
      }
    }
  };

  it('reads all repositories at once when all were pushed to', async () => {
    await start();
    await later();
    pushToAll();
    const refreshed = await later();
    expect(hinted(refreshed)).toBe(PROJECTS * 6);
    expect(refreshed.report.added).toBe(PROJECTS * 6);
  });

  it('takes no hints from an index in which no object id was ever that of Git', async () => {
    await start();
    // While no object id has ever been the same, an index that is late looks like this too.
    pushToAll();
    const refreshed = await later();
    expect(hinted(refreshed)).toBe(0);
    expect(hintsOf(refreshed)).toEqual({
      state: 'off',
      reason:
        'none of 24 descriptors has the same object id in the search index as in Git',
      until: stage.now() + 6 * HOUR,
    });
  });

  it('finds a change though the index has more files of that name than results can be reached', async () => {
    await start({ path: '/*/catalog-info.yaml' });
    for (let i = 0; i < PROJECTS; i++) {
      stage.organization
        .project(`p${i}`)
        .repository('r0')
        .push({
          files: {
            '/a/catalog-info.yaml': descriptor(`own-${i}`),
            ...Object.fromEntries(
              Array.from({ length: 800 }, (_, j) => [
                `/a/${j}/catalog-info.yaml`,
                '',
              ]),
            ),
          },
        });
    }
    await later();
    await later(6 * HOUR);
    stage.organization
      .project('p3')
      .repository('r0')
      .push({ files: { '/a/catalog-info.yaml': descriptor('edited') } });
    const refreshed = await later(MINUTE);
    // Two pages of all four projects, and two of each half.
    expect(refreshed.requests.codesearch).toBe(6);
    expect(hintsOf(refreshed)).toMatchObject({ state: 'asked', named: 1 });
    expect(await stage.references()).toContain('component:default/edited');
  });
});
