import { getPersonalAccessTokenHandler } from 'azure-devops-node-api';
import { GitApi } from 'azure-devops-node-api/GitApi';
import {
  GitVersionType,
  VersionControlRecursionType,
} from 'azure-devops-node-api/interfaces/GitInterfaces';
import { Simulator, type Organization } from '../../dev/simulator';
import { withEnvironment } from '../support/with-environment';

const ODD_NAMES = [
  'My Project',
  'C# & more',
  '100 % sure',
  'plus+plus',
  'Anna\'s "quoted"',
  'Grüße 你好',
];

describe('azure-devops-node-api against the simulator', () => {
  let simulator: Simulator;
  let organization: Organization;
  let restore: () => void;

  beforeEach(async () => {
    simulator = await Simulator.start();
    organization = simulator.addOrganization('contoso');
    organization.grant('alice');
    simulator.addPersonalAccessToken('alice-token', { identity: 'alice' });
    restore = withEnvironment({ HTTPS_PROXY: simulator.proxyUrl });
  });

  afterEach(async () => {
    restore();
    await simulator.close();
  });

  const gitOf = (url: string) =>
    new GitApi(url, [getPersonalAccessTokenHandler('alice-token')]);

  it.each([
    'https://dev.azure.com/contoso',
    'https://contoso.visualstudio.com',
    'https://contoso.visualstudio.com/DefaultCollection',
  ])('lists and reads through %s whatever the names', async url => {
    for (const name of ODD_NAMES) {
      organization.addProject(name).addRepository(name, {
        files: { [`/${name}/catalog-info.yaml`]: `name: ${name}\n` },
        defaultBranch: `feature/${name}`,
      });
    }
    const git = gitOf(url);

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

  it('reads from a Server, whatever place its collection has', async () => {
    delete process.env['HTTPS_PROXY'];
    for (const name of ['tfs/DefaultCollection', 'Plain', 'With Space']) {
      const collection = simulator.addOrganization(name, {
        deployment: 'server',
      });
      collection.grant('alice');
      collection
        .addProject('P')
        .addRepository('r', { files: { 'catalog-info.yaml': name } });
      const path = name.split('/').map(encodeURIComponent).join('/');
      const git = gitOf(`${simulator.serverUrl}/${path}`);

      const [repository] = await git.getRepositories();

      expect(repository?.webUrl).toBe(
        `${simulator.serverUrl}/${path}/P/_git/r`,
      );
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

  it('reads blobs and the list of deleted repositories', async () => {
    const project = organization.addProject('P');
    const repository = project.addRepository('r', { files: { a: '1\n' } });
    project.addRepository('gone', { files: { a: '1' } }).delete();
    project.addRepository('purged').delete({ permanently: true });
    const git = gitOf('https://dev.azure.com/contoso');

    const blob = await git.getBlob(
      repository.id,
      'd00491fd7e5bb6fa28c517a0bb32b8b506539d4d',
    );
    expect(blob.size).toBe(2);
    const deleted = await git.getDeletedRepositories('P');
    expect(deleted.map(({ name }) => name)).toEqual(['gone', 'purged']);
  });
});
