import { getPersonalAccessTokenHandler, WebApi } from 'azure-devops-node-api';
import {
  GitVersionType,
  VersionControlRecursionType,
} from 'azure-devops-node-api/interfaces/GitInterfaces';
import { Simulator, type Organization } from '../../dev/simulator';

// The library that the whole world uses must take the simulator for the service.

const ODD_NAMES = [
  'My Project',
  'C# & more',
  '100 % sure',
  'plus+plus',
  'Anna\'s "quoted"',
  'Grüße 你好',
];

describe('azure-devops-node-api', () => {
  let simulator: Simulator;
  let organization: Organization;
  const proxy = process.env['HTTPS_PROXY'];

  beforeEach(async () => {
    simulator = await Simulator.start();
    organization = simulator.addOrganization('contoso');
    organization.grant('alice');
    simulator.addPersonalAccessToken('alice-token', { identity: 'alice' });
    process.env['HTTPS_PROXY'] = simulator.proxyUrl;
  });

  afterEach(async () => {
    if (proxy === undefined) {
      delete process.env['HTTPS_PROXY'];
    } else {
      process.env['HTTPS_PROXY'] = proxy;
    }
    await simulator.close();
  });

  const webApi = (url: string) =>
    new WebApi(url, getPersonalAccessTokenHandler('alice-token'));

  it.each([
    ['dev.azure.com', () => 'https://dev.azure.com/contoso'],
    ['visualstudio.com', () => 'https://contoso.visualstudio.com'],
    [
      'visualstudio.com with its collection',
      () => 'https://contoso.visualstudio.com/DefaultCollection',
    ],
  ])('lists and reads through %s, whatever the names', async (_, url) => {
    for (const name of ODD_NAMES) {
      organization.addProject(name).addRepository(name, {
        files: { [`/${name}/catalog-info.yaml`]: `name: ${name}\n` },
        defaultBranch: `feature/${name}`,
      });
    }
    const git = await webApi(url()).getGitApi();

    const repositories = await git.getRepositories();

    expect(repositories.map(({ name }) => name)).toEqual(ODD_NAMES);
    for (const name of ODD_NAMES) {
      const item = await git.getItem(
        name,
        `/${name}/catalog-info.yaml`,
        name,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        { version: `feature/${name}`, versionType: GitVersionType.Branch },
        true,
      );
      expect(item.content).toBe(`name: ${name}\n`);
      const listed = await git.getItems(
        name,
        name,
        `/${name}`,
        VersionControlRecursionType.Full,
      );
      expect(listed.map(({ path }) => path)).toEqual([
        `/${name}`,
        `/${name}/catalog-info.yaml`,
      ]);
    }
  });

  it('asks what the facts say it asks: three requests before the first answer', async () => {
    organization.addProject('P').addRepository('r', { files: { a: '1' } });
    const git = await webApi('https://dev.azure.com/contoso').getGitApi();
    await git.getRepositories();
    await git.getRepositories('P');

    expect(
      simulator.requests
        .list()
        .map(({ method, url }) => `${method} ${new URL(url).pathname}`),
    ).toEqual([
      'OPTIONS /contoso/_apis/Location',
      'GET /contoso/_apis/ResourceAreas',
      'OPTIONS /contoso/_apis/git',
      'GET /contoso/_apis/git/repositories',
      'GET /contoso/P/_apis/git/repositories',
    ]);
    expect(
      simulator.requests.count({ endpoint: 'repositories', identity: 'alice' }),
    ).toBe(2);
  });

  it('takes a Server for one, in every place that a collection can have', async () => {
    for (const name of ['tfs/DefaultCollection', 'Plain', 'With Space']) {
      const collection = simulator.addOrganization(name, {
        deployment: 'server',
        apiVersion: '7.0',
      });
      collection.grant('alice');
      collection
        .addProject('P')
        .addRepository('r', { files: { 'catalog-info.yaml': name } });
      const path = name.split('/').map(encodeURIComponent).join('/');
      delete process.env['HTTPS_PROXY'];
      const git = await webApi(`${simulator.serverUrl}/${path}`).getGitApi();

      const [repository] = await git.getRepositories();

      expect(repository?.webUrl).toBe(
        `${simulator.serverUrl}/${path}/P/_git/r`,
      );
      expect(repository).not.toHaveProperty('isInMaintenance');
      const item = await git.getItem(
        repository?.id ?? '',
        'catalog-info.yaml',
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        true,
      );
      expect(item.content).toBe(name);
    }
  });

  it('reads every other resource that is offered', async () => {
    const project = organization.addProject('P');
    const repository = project.addRepository('r', { files: { a: '1\n' } });
    repository.push({ files: { b: '2\n' }, branch: 'other' });
    const gone = project.addRepository('gone', { files: { a: '1' } });
    gone.delete();
    const fork = repository.fork(organization.addProject('Forks'), 'r-fork');
    const api = webApi('https://dev.azure.com/contoso');
    const git = await api.getGitApi();
    const core = await api.getCoreApi();

    expect((await core.getProjects()).map(({ name }) => name)).toEqual([
      'P',
      'Forks',
    ]);
    expect((await core.getProject('p')).id).toBe(project.id);
    expect((await git.getRepository(repository.id)).name).toBe('r');
    expect(
      (await git.getRepositoryWithParent(fork.id, true)).parentRepository?.id,
    ).toBe(repository.id);
    expect((await git.getRefs(repository.id)).map(({ name }) => name)).toEqual([
      'refs/heads/main',
      'refs/heads/other',
    ]);
    expect(
      (await git.getRefs(repository.id, 'P', 'heads/ot')).map(
        ({ name }) => name,
      ),
    ).toEqual(['refs/heads/other']);
    const [commit] = await git.getCommits(repository.id, {
      itemVersion: { version: 'other' },
    });
    expect(commit?.commitId).toBe(repository.branch('other')?.id);
    expect(
      await git.getCommits(repository.id, { itemPath: '/b' }),
    ).toHaveLength(0);
    expect(
      (await git.getCommit(commit?.commitId ?? '', 'r', 'P')).parents,
    ).toEqual([repository.branch('main')?.id]);
    const [push] = await git.getPushes(repository.id);
    expect(push?.pushId).toBe(repository.pushes[1]?.pushId);
    expect(
      (await git.getPush(repository.id, push?.pushId ?? 0, 'P', 1, true))
        .refUpdates,
    ).toMatchObject([{ name: 'refs/heads/other' }]);
    const blob = await git.getBlob(
      repository.id,
      'd00491fd7e5bb6fa28c517a0bb32b8b506539d4d',
    );
    expect(blob.size).toBe(2);
    expect(
      (await git.getDeletedRepositories('P')).map(({ id, name }) => [id, name]),
    ).toEqual([[gone.id, 'gone']]);
    expect(await git.getRecycleBinRepositories('P')).toHaveLength(1);
    expect(
      await git.getItemsBatch({ itemDescriptors: [{ path: '/a' }] }, 'r', 'P'),
    ).toMatchObject([[{ path: '/a' }]]);
    const branch = await git.getBranch(repository.id, 'other');
    expect(branch).toMatchObject({ aheadCount: 1, behindCount: 0 });
    const locations = await api.getLocationsApi();
    const connection = await locations.getConnectionData();
    expect(connection.authenticatedUser?.providerDisplayName).toBe('alice');
  });
});
