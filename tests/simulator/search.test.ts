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

async function search(
  searchText: string,
  more: Record<string, unknown> = {},
  project = '',
) {
  const answer = await ask(
    simulator,
    `https://almsearch.dev.azure.com/contoso/${project}_apis/search/codesearchresults?api-version=7.1`,
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

  it('finds only what path:, file:, proj:, repo:, the filter by project and the project of the address match', async () => {
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
    expect(await found('file:catalog-info.yaml', {}, 'Payments/')).toEqual(all);
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
