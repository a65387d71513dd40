import { ProjectAnalysisApi } from 'azure-devops-node-api/ProjectAnalysisApi';
import { AggregationType } from 'azure-devops-node-api/interfaces/ProjectAnalysisInterfaces';
import { getPersonalAccessTokenHandler } from 'azure-devops-node-api';
import fc from 'fast-check';
import { Simulator } from '../../dev/simulator';
import {
  nameTest,
  parseSearchText,
  pathTest,
} from '../../dev/simulator/search';
import { ask, basic } from './ask';

const MINUTE = 60_000;
const DESCRIPTOR = { 'catalog-info.yaml': 'kind: Component\n' };

let simulator: Simulator;
let now: number;
let organization: ReturnType<Simulator['addOrganization']>;

beforeEach(async () => {
  now = Date.parse('2026-03-02T08:00:00Z');
  simulator = await Simulator.start({ clock: () => now });
  organization = simulator.addOrganization('contoso');
  simulator.addPersonalAccessToken('token', { identity: 'alice' });
  organization.grant('alice');
});

afterEach(async () => await simulator.close());

interface Result {
  fileName: string;
  path: string;
  project: { name: string };
  repository: { name: string; id: string };
  versions: Array<{ branchName: string; changeId: string }>;
  contentId: string;
}

async function search(searchText: string, more: Record<string, unknown> = {}) {
  const answer = await ask(
    simulator,
    `https://almsearch.dev.azure.com/contoso/_apis/search/codesearchresults?api-version=7.1`,
    {
      method: 'POST',
      headers: basic('token'),
      body: { searchText, $skip: 0, $top: 1000, ...more },
    },
  );
  const body = JSON.parse(answer.body) as {
    count: number;
    results: Result[];
    infoCode: number;
    message?: string;
  };
  return {
    status: answer.status,
    ...body,
    found: (body.results ?? [])
      .map(({ repository, path }) => `${repository.name}:${path}`)
      .sort(),
  };
}

describe('code search of the simulated service', () => {
  it('finds descriptors with their object ids and the commit that was indexed', async () => {
    const repository = organization
      .addProject('Payments')
      .addRepository('api', { files: DESCRIPTOR });
    const { results, count, infoCode } = await search(
      'path:/catalog-info.yaml',
    );
    expect({ count, infoCode }).toEqual({ count: 1, infoCode: 0 });
    expect(results).toMatchObject([
      {
        fileName: 'catalog-info.yaml',
        path: '/catalog-info.yaml',
        project: { name: 'Payments' },
        repository: { name: 'api', id: repository.id, type: 'git' },
        versions: [
          { branchName: 'main', changeId: repository.branch('main')?.id },
        ],
        contentId: repository.entry('/catalog-info.yaml')?.object.id,
      },
    ]);
  });

  it('looks where path:, file:, proj:, repo: and the filter by project tell it to', async () => {
    const payments = organization.addProject('Payments');
    payments.addRepository('api', {
      files: { ...DESCRIPTOR, 'docs/catalog-info.yaml': 'kind: API\n' },
    });
    organization.addProject('My Shop').addRepository('web front', {
      files: { 'web/catalog-info.yaml': 'kind: System\n' },
    });
    const all = ['api:/catalog-info.yaml', 'api:/docs/catalog-info.yaml'];
    const web = 'web front:/web/catalog-info.yaml';
    const found = async (...query: Parameters<typeof search>) =>
      (await search(...query)).found;
    expect(await found('path:catalog-info.yaml')).toEqual([...all, web]);
    expect(await found('path:/catalog-info.yaml')).toEqual([all[0]]);
    expect(await found('path:/**/catalog-info.yaml repo:* proj:*')).toEqual([
      all[1],
      web,
    ]);
    expect(await found('file:catalog-*.yaml proj:Pay*')).toEqual(all);
    expect(await found('file:*.yaml proj:"My Shop" repo:"web front"')).toEqual([
      web,
    ]);
    const filters = { Project: ['payments'] };
    expect(await found('file:catalog-info.yaml', { filters })).toEqual(all);
  });

  it('leaves out forks, disabled and hidden repositories, other branches, and what may not be read', async () => {
    const project = organization.addProject('Payments');
    const api = project.addRepository('api', { files: DESCRIPTOR });
    api.fork(project, 'api-fork');
    project.addRepository('off', { files: DESCRIPTOR, disabled: true });
    project.addRepository('Payments.wiki', { files: DESCRIPTOR, hidden: true });
    project.addRepository('empty');
    project.addRepository('secret', { files: DESCRIPTOR });
    organization.revoke('alice', { repositories: ['Payments/secret'] });
    api.push({ branch: 'next', files: { 'more/catalog-info.yaml': 'x: y\n' } });
    expect((await search('path:catalog-info.yaml')).found).toEqual([
      'api:/catalog-info.yaml',
    ]);
  });

  it('sorts by path, pages, and counts everything', async () => {
    const project = organization.addProject('P');
    for (const name of ['c', 'a', 'b']) {
      project.addRepository(name, {
        files: { [`${name}/x.yaml`]: '', [`${name}/y.yaml`]: '' },
      });
    }
    const page = await search('file:*.yaml', {
      $orderBy: [{ field: 'path', sortOrder: 'ASC' }],
      $skip: 1,
      $top: 3,
    });
    expect(page.results.map(({ path }) => path)).toEqual([
      '/a/y.yaml',
      '/b/x.yaml',
      '/b/y.yaml',
    ]);
    expect(page.count).toBe(6);
  });

  it('gives a thousand results at most, says so, and answers 400 to a larger $skip', async () => {
    organization.addProject('P').addRepository('many', {
      files: Object.fromEntries(
        Array.from({ length: 1100 }, (_, n) => [`${n}/catalog-info.yaml`, '']),
      ),
    });
    const first = await search('file:*.yaml', { $top: 5000 });
    expect(first).toMatchObject({ status: 200, count: 1100, infoCode: 8 });
    expect(first.results).toHaveLength(1000);
    const second = await search('file:*.yaml', { $skip: 1000 });
    expect(second.results).toHaveLength(100);
    expect((await search('file:*.yaml', { $skip: 1001 })).status).toBe(400);
  });

  it('answers 400 to a search without a text, and to one that the simulator does not know', async () => {
    expect((await search('')).status).toBe(400);
    expect((await search('word')).message).toContain('word');
    const filters = { Branch: ['main'] };
    expect((await search('file:x', { filters })).message).toContain('Branch');
  });

  it('answers 404 where the extension is not installed', async () => {
    simulator.parts.search.configure({ installed: false }, organization);
    expect(await search('file:x')).toMatchObject({
      status: 404,
      message: 'The extension ms.vss-code-search is not installed.',
    });
  });

  it('knows a push only after its lag', async () => {
    const repository = organization
      .addProject('P')
      .addRepository('r', { files: DESCRIPTOR });
    const before = repository.entry('/catalog-info.yaml')?.object.id;
    simulator.parts.search.configure({ lagMs: 10 * MINUTE });
    const contentIds = async () =>
      (await search('file:*.yaml')).results.map(({ contentId }) => contentId);
    expect(await contentIds()).toEqual([]);
    now += 10 * MINUTE;
    repository.push({ files: { 'catalog-info.yaml': 'kind: API\n' } });
    expect(await contentIds()).toEqual([before]);
    now += 10 * MINUTE;
    expect(await contentIds()).toEqual([
      repository.entry('/catalog-info.yaml')?.object.id,
    ]);
  });

  it('misses a share of the changes for good, and another share of the files', async () => {
    const project = organization.addProject('P');
    for (let n = 0; n < 400; n++) {
      project.addRepository(`r${n}`, { files: DESCRIPTOR });
    }
    simulator.parts.search.configure({ droppedShare: 0.1 });
    const dropped = 400 - (await search('file:*.yaml')).count;
    expect(dropped).toBeGreaterThan(10);
    expect(dropped).toBeLessThan(80);
    now += 1000 * MINUTE;
    expect((await search('file:*.yaml')).count).toBe(400 - dropped);
    simulator.parts.search.configure({ missingShare: 0.5, infoCode: 7 });
    const rebuilt = await search('file:*.yaml');
    expect(rebuilt.infoCode).toBe(7);
    expect(rebuilt.count).toBeGreaterThan(120);
    expect(rebuilt.count).toBeLessThan(280);
    simulator.parts.search.configure({});
    expect((await search('file:*.yaml')).count).toBe(400);
  });
});

describe('activity metrics', () => {
  let proxyBefore: string | undefined;
  beforeEach(() => {
    proxyBefore = process.env.HTTPS_PROXY;
    process.env.HTTPS_PROXY = simulator.proxyUrl;
  });
  afterEach(() => {
    if (proxyBefore === undefined) delete process.env.HTTPS_PROXY;
    else process.env.HTTPS_PROXY = proxyBefore;
  });

  async function metrics(from: number, skip = 0, top = 100) {
    const api = new ProjectAnalysisApi('https://dev.azure.com/contoso', [
      getPersonalAccessTokenHandler('token'),
    ]);
    return await api.getGitRepositoriesActivityMetrics(
      'P',
      new Date(from),
      AggregationType.Hourly,
      skip,
      top,
    );
  }

  it('tell the library which repositories were pushed to', async () => {
    const project = organization.addProject('P');
    const busy = project.addRepository('busy', { files: DESCRIPTOR });
    project.addRepository('idle', { files: DESCRIPTOR });
    now += 90 * MINUTE;
    const since = now;
    busy.push({ files: { a: '1' } });
    busy.push({ files: { a: '2' } });
    now += 60 * MINUTE;
    busy.push({ files: { a: '3' } });
    expect(await metrics(since)).toEqual([
      {
        repositoryId: busy.id,
        codeChangesCount: 3,
        codeChangesTrend: [
          { time: new Date('2026-03-02T09:00:00Z'), value: 2 },
          { time: new Date('2026-03-02T10:00:00Z'), value: 1 },
        ],
      },
    ]);
    expect(simulator.requests.count({ endpoint: 'activity' })).toBe(1);
  });

  it('come in pages, and only for what may be read', async () => {
    const project = organization.addProject('P');
    for (const name of ['a', 'b', 'c', 'd']) {
      project.addRepository(name, { files: DESCRIPTOR });
    }
    organization.revoke('alice', { repositories: ['P/b'] });
    const ids = async (skip: number, top: number) =>
      (await metrics(now - 1, skip, top)).map(
        ({ repositoryId }) => repositoryId,
      );
    const idOf = (name: string) => project.repository(name).id;
    expect(await ids(0, 2)).toEqual([idOf('a'), idOf('c')]);
    expect(await ids(2, 2)).toEqual([idOf('d')]);
  });

  it('lag, and miss changes', async () => {
    const project = organization.addProject('P');
    for (let n = 0; n < 100; n++) {
      project.addRepository(`r${n}`, { files: DESCRIPTOR });
    }
    const from = now - 1;
    simulator.parts.activity.configure({ lagMs: 120 * MINUTE });
    expect(await metrics(from)).toEqual([]);
    now += 120 * MINUTE;
    expect(await metrics(from)).toHaveLength(100);
    simulator.parts.activity.configure({ droppedShare: 0.3 });
    const left = (await metrics(from)).length;
    expect(left).toBeGreaterThan(45);
    expect(left).toBeLessThan(95);
  });

  it('can be missing or refused', async () => {
    organization.addProject('P');
    const status = async () =>
      (
        await ask(
          simulator,
          'https://dev.azure.com/contoso/P/_apis/projectanalysis/gitrepositoriesactivitymetrics?fromDate=2026-03-01&aggregationType=daily&$skip=0&$top=10&api-version=7.1-preview.1',
          { headers: basic('token') },
        )
      ).status;
    expect(await status()).toBe(200);
    simulator.parts.activity.configure(
      { availability: 'missing' },
      organization,
    );
    expect(await status()).toBe(404);
    simulator.parts.activity.configure(
      { availability: 'refused' },
      organization,
    );
    expect(await status()).toBe(403);
  });
});

describe('a search text', () => {
  it('is split into its terms', () => {
    expect(
      parseSearchText('path:/catalog-info.yaml repo:* proj:"My Project" kind'),
    ).toEqual({
      path: ['/catalog-info.yaml'],
      proj: ['My Project'],
      repo: ['*'],
      rest: ['kind'],
    });
  });

  it('matches a name without wildcards literally', () => {
    fc.assert(
      fc.property(fc.string(), name => {
        fc.pre(!/[*?]/.test(name));
        expect(nameTest(name)(name)).toBe(true);
        expect(nameTest(`${name}*`)(`${name}x`)).toBe(true);
        expect(nameTest(name)(`${name}x`)).toBe(false);
      }),
    );
  });

  it('matches paths by whole segments', () => {
    expect(pathTest('/a')('/a/b.yaml')).toBe(true);
    expect(pathTest('/a')('/ab/b.yaml')).toBe(false);
    expect(pathTest('b.yaml')('/a/b.yaml')).toBe(true);
    expect(pathTest('.yaml')('/a/b.yaml')).toBe(false);
    expect(pathTest('/')('/a/b.yaml')).toBe(true);
    expect(pathTest('/A/B.yaml')('/a/b.yaml')).toBe(true);
  });
});
