import { describeOff } from '../../src/ingestion/hints/saying';
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
  expect(first.requests).toMatchObject({ activity: 0, codesearch: 0 });
  expect(first.report.organizations[0]?.hints).toEqual([]);
};
const later = async (milliseconds = 30 * MINUTE) => {
  stage.advance(milliseconds);
  return await stage.refresh();
};
const hintsOf = ({ report }: Refreshed) =>
  Object.fromEntries(
    report.organizations[0]?.hints.map(it => [it.source, it]) ?? [],
  );
const statesOf = (refreshed: Refreshed) =>
  Object.fromEntries(
    Object.values(hintsOf(refreshed)).map(it => [it.source, it.state]),
  );
const push = (project = 1, repository = 2) =>
  stage.organization
    .project(`p${project}`)
    .repository(`r${repository}`)
    .push({ files: { '/catalog-info.yaml': descriptor('pushed') } });

afterEach(async () => {
  await stage.stop();
});

describe('a source of hints that is not there', () => {
  it('is Code Search without the extension: it is left alone for hours, and the other has its share', async () => {
    await start();
    stage.simulator.parts.search.configure({ installed: false });
    push();
    const second = await later();
    expect(second.report.outcome).toBe('complete');
    expect(second.requests.codesearch).toBe(1);
    expect(second.requests.activity).toBeGreaterThanOrEqual(PROJECTS - 1);
    const { codeSearch } = hintsOf(second);
    expect(codeSearch).toMatchObject({ state: 'off', requests: 0, named: 0 });
    expect(codeSearch?.reason).toContain(
      'The extension ms.vss-code-search is not installed.',
    );
    for (let i = 0; i < 11; i++) {
      const next = await later();
      expect(next.requests).toMatchObject({
        codesearch: 0,
        activity: PROJECTS,
      });
      expect(hintsOf(next)['codeSearch']?.reason).toBe(codeSearch?.reason);
    }
    // It is said once, with the time until which it holds.
    const said = stage.logs.filter(({ message }) =>
      message.includes('no hints are taken'),
    );
    expect(said.map(({ level, message }) => [level, message])).toEqual([
      [
        'info',
        describeOff('dev.azure.com/contoso', 'codeSearch', {
          reason: codeSearch?.reason ?? '',
          until: Date.parse('2026-03-02T13:30:00.002Z'),
        }),
      ],
    ]);
    stage.simulator.parts.search.configure({});
    expect(statesOf(await later())).toEqual({
      codeSearch: 'asked',
      activityMetrics: 'asked',
    });
  });

  it.each(['missing', 'refused'] as const)(
    'is the activity of projects that is %s: after three refusals it is left alone',
    async availability => {
      await start({ hints: { codeSearch: false } });
      stage.simulator.parts.activity.configure({ availability });
      const second = await later();
      expect(second.report.outcome).toBe('complete');
      expect(second.requests.activity).toBe(3);
      expect(statesOf(second)).toEqual({ activityMetrics: 'off' });
      const third = await later();
      expect(third.requests.activity).toBe(0);
      stage.simulator.parts.activity.configure({});
      const recovered = await later(6 * HOUR);
      expect(statesOf(recovered)).toEqual({ activityMetrics: 'asked' });
      // One of the requests that hints may cost is to find out how to ask.
      expect(recovered.requests.activity).toBe(PROJECTS - 1);
    },
  );

  it('is the activity of one project: the others are asked about all the same', async () => {
    await start({ hints: { codeSearch: false } });
    stage.simulator.inject({
      match: { endpoint: 'activity', project: 'p0' },
      response: { status: 403 },
    });
    push();
    const second = await later();
    expect(second.requests.activity).toBe(PROJECTS);
    expect(hintsOf(second)['activityMetrics']).toMatchObject({
      state: 'asked',
      named: 1,
    });
    expect((await later()).requests.activity).toBe(PROJECTS - 1);
  });

  it.each([
    ['codeSearch', 'codesearch'],
    ['activityMetrics', 'activity'],
  ] as const)(
    '%s may fail for a while without harm',
    async (source, endpoint) => {
      await start();
      const fault = stage.simulator.inject({
        match: { endpoint },
        response: { status: 500 },
      });
      push();
      const second = await later();
      expect(second.report).toMatchObject({ outcome: 'complete', added: 1 });
      expect(statesOf(second)[source]).toBe('off');
      expect(hintsOf(second)[source]?.reason).toContain('500');
      fault.remove();
      expect(statesOf(await later())[source]).toBe('asked');
    },
  );

  it('is an index that is still being built', async () => {
    await start({ hints: { activityMetrics: false } });
    stage.simulator.parts.search.configure({ infoCode: 7, missingShare: 1 });
    const second = await later();
    expect(hintsOf(second)['codeSearch']).toMatchObject({
      state: 'off',
      reason: 'the search index of the organization is still being built',
    });
    expect((await later()).requests.codesearch).toBe(0);
    // What a part of an index says is as good as ever.
    stage.simulator.parts.search.configure({ infoCode: 9, missingShare: 0.3 });
    push();
    const third = await later(HOUR);
    expect(third.requests.codesearch).toBeGreaterThan(0);
    expect(statesOf(third)).toEqual({ codeSearch: 'asked' });
  });

  it.each([
    [{ branch: 'main' }, "the branch 'main'"],
    [{ path: '/*.yaml' }, 'the configured paths'],
  ])('is Code Search with %j', async (settings, reason) => {
    await start(settings);
    const second = await later();
    expect(second.requests.codesearch).toBe(0);
    expect(hintsOf(second)['codeSearch']).toMatchObject({
      state: 'off',
      reason: expect.stringContaining(reason),
    });
    expect(second.requests.activity).toBeGreaterThan(0);
  });

  it('is one that the configuration switches off', async () => {
    await start({ hints: { activityMetrics: false, codeSearch: false } });
    const second = await later();
    expect(second.requests).toMatchObject({ activity: 0, codesearch: 0 });
    expect(hintsOf(second)).toEqual({});
  });
});

describe('hints', () => {
  it('are given up with the refresh', async () => {
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
    expect((await later()).report.outcome).toBe('complete');
  });

  it('do not name the same change again and again', async () => {
    await start();
    push();
    const named: number[] = [];
    for (let i = 0; i < 14; i++) {
      const { report } = await later(10 * MINUTE);
      named.push(report.organizations[0]?.probes.reasons['hinted'] ?? 0);
    }
    expect(named[0]).toBe(1);
    // Once by the index, and once by the hour in which it was, at the most.
    expect(named.slice(1).reduce((sum, it) => sum + it, 0)).toBeLessThanOrEqual(
      1,
    );
  });

  it('of a fork are not expected of Code Search', async () => {
    await start({
      hints: { activityMetrics: false },
      verifyEvery: { hours: 2 },
    });
    const fork = stage.organization
      .project('p0')
      .repository('r0')
      .fork(stage.organization.project('p1'), 'fork');
    await later();
    stage.advance(HOUR);
    fork.push({ files: { '/catalog-info.yaml': descriptor('forked') } });
    let added = 0;
    for (let i = 0; i < 14; i++) {
      const refreshed = await later();
      added += refreshed.report.added;
      expect(statesOf(refreshed)).toEqual({ codeSearch: 'asked' });
    }
    expect(added).toBe(1);
  });

  it('never remove anything', async () => {
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
});
