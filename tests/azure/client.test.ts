import { Simulator } from '../../dev/simulator';
import type { AzureDevOpsClient } from '../../src/azure/types';
import { faultOf, TestClients, throughProxy, TOKEN } from './support/clients';
import { Organization } from '../../src/organization';

const clients = new TestClients();
let simulator: Simulator;
let restore: () => void;
let client: AzureDevOpsClient;

beforeEach(async () => {
  simulator = await Simulator.start();
  restore = throughProxy(simulator);
  simulator.addPersonalAccessToken(TOKEN, { identity: 'alice' });
  simulator.addOrganization('contoso').grant('alice');
  client = clients
    .create()
    .forOrganization(new Organization('dev.azure.com', 'contoso'));
});

afterEach(async () => {
  restore();
  await clients.close();
  await simulator.close();
});

const contoso = () => simulator.organization('contoso');

describe('what doctor asks', () => {
  it('gets the identity that the credential belongs to, whatever its scope', async () => {
    simulator.addPersonalAccessToken(TOKEN, {
      identity: 'alice',
      scopes: ['vso.work'],
    });
    expect(await client.getIdentity()).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      name: 'alice',
    });
    await expect(client.listRepositories()).rejects.toThrow();
  });

  it('gives the projects that the identity may see', async () => {
    const seen = contoso().addProject('Payments');
    contoso().addProject('Hidden');
    contoso().revoke('alice');
    contoso().grant('alice', { projects: ['Payments'] });
    expect(await client.listProjects()).toEqual([
      { id: seen.id, name: 'Payments', state: 'wellFormed' },
    ]);
  });

  it('lists all projects, although one answer has a thousand of them at most', async () => {
    for (let i = 0; i < 1_001; i++) {
      contoso().addProject(`Project ${i}`);
    }
    const projects = await client.listProjects();
    expect(new Set(projects.map(({ id }) => id)).size).toBe(1_001);
    expect(simulator.requests.count({ endpoint: 'projects' })).toBe(2);
  });

  it('gets the API versions, without a request once something was read', async () => {
    await client.listRepositories();
    const before = simulator.requests.count();
    expect(await client.getApiVersions()).toEqual({
      released: expect.stringMatching(/^7\.\d$/),
      newest: expect.stringMatching(/^7\.\d$/),
    });
    expect(simulator.requests.count()).toBe(before);
  });
});

describe('the list of repositories', () => {
  it('has what the identity sees, and takes one request', async () => {
    const project = contoso().addProject('Pay ments & more');
    const api = project.addRepository('a%p#i ü', {
      files: { '/x': '1' },
      defaultBranch: 'feature/main',
    });
    const empty = project.addRepository('empty');
    const off = project.addRepository('off', {
      files: { '/x': '1' },
      disabled: true,
    });
    const fork = api.fork(project, 'fork');
    project.addRepository('wiki', { files: { '/x': '1' }, hidden: true });
    const common = {
      project: { id: project.id, name: project.name, state: 'wellFormed' },
      isDisabled: false,
      isFork: false,
    };
    const { repositories } = await client.listRepositories();
    expect(repositories).toHaveLength(4);
    expect(repositories).toEqual(
      expect.arrayContaining([
        {
          ...common,
          id: api.id,
          name: 'a%p#i ü',
          defaultBranch: 'feature/main',
          size: expect.any(Number),
        },
        {
          ...common,
          id: empty.id,
          name: 'empty',
          defaultBranch: undefined,
          size: 0,
        },
        expect.objectContaining({ id: off.id, isDisabled: true }),
        expect.objectContaining({ id: fork.id, isFork: true }),
      ]),
    );
    expect(simulator.requests.count({ endpoint: 'repositories' })).toBe(1);
    expect(simulator.requests.count()).toBe(2);
  });

  it('may be that of one project', async () => {
    contoso().addProject('One').addRepository('a');
    contoso().addProject('Two').addRepository('b');
    const { repositories } = await client.listRepositories({ project: 'two' });
    expect(repositories.map(({ name }) => name)).toEqual(['b']);
  });

  it('has all the thousands of a large organization', async () => {
    const project = contoso().addProject('Many');
    for (let i = 0; i < 3000; i++) project.addRepository(`repository-${i}`);
    expect((await client.listRepositories()).repositories).toHaveLength(3000);
    const [request] = simulator.requests.list({ endpoint: 'repositories' });
    expect(request?.headers['accept-encoding']).toBe('gzip');
  });

  it('is unknown when the answer may mean a missing permission', async () => {
    await expect(
      faultOf(client.listRepositories({ project: 'nowhere' })),
    ).resolves.toMatchObject({ kind: 'not-found', status: 404 });
    await expect(
      faultOf(
        clients
          .create()
          .forOrganization(
            new Organization('dev.azure.com', 'no-such-organization'),
          )
          .listRepositories(),
      ),
    ).resolves.toMatchObject({ kind: 'not-found', typeKey: undefined });
  });

  it.each([
    ['an empty object', {}],
    ['null', null],
    ['text', 'text'],
    ['a bare list', []],
    ['a list without a count', { value: [] }],
    ['a list that was cut short', { count: 3, value: [] }],
    ['a value that is no list', { count: 1, value: {} }],
    ['elements of another kind', { count: 1, value: [{ id: 'x' }] }],
    ['empty elements', { count: 1, value: [null] }],
  ])('is unknown, not empty, when there is %s', async (_name, body) => {
    const fault = simulator.inject({
      match: { endpoint: 'repositories' },
      response: {
        status: 200,
        body: JSON.stringify(body),
        headers: { 'Content-Type': 'application/json' },
      },
    });
    await expect(faultOf(client.listRepositories())).resolves.toMatchObject({
      kind: 'malformed',
      status: 200,
      retryable: true,
    });
    expect(fault.hits).toBe(3);
  });
});

describe('a repository', () => {
  it('is found by its id, and by project and name', async () => {
    const project = contoso().addProject('Pay ments');
    const { id } = project.addRepository('a+b & "c"');
    await expect(
      client.getRepository({ repository: id }),
    ).resolves.toMatchObject({ id, name: 'a+b & "c"' });
    await expect(
      client.getRepository({ repository: 'A+B & "c"', project: 'pay ments' }),
    ).resolves.toMatchObject({ id });
  });

  it('is not found when it is not there, or not to be seen', async () => {
    contoso().addProject('Payments');
    for (const [repository, project] of [
      ['nope', 'Payments'],
      ['nope', 'Nowhere'],
      ['00000000-0000-0000-0000-000000000001', undefined],
    ] as const) {
      await expect(
        client.getRepository({ repository, project }),
      ).resolves.toBeUndefined();
    }
  });

  it('is unknown when a 404 names no missing repository', async () => {
    simulator.inject({ fault: 'organization-not-found' });
    await expect(
      faultOf(client.getRepository({ repository: 'x', project: 'y' })),
    ).resolves.toMatchObject({ kind: 'not-found' });
  });
});

describe('the list of deleted repositories', () => {
  it('has only those of the project', async () => {
    const project = contoso().addProject('Payments');
    const gone = project.addRepository('gone');
    project.addRepository('there');
    gone.delete();
    await expect(
      client.listDeletedRepositories({ project: project.id }),
    ).resolves.toEqual([gone.id]);
  });
});

describe('the list of deleted projects', () => {
  it('has no project that is there', async () => {
    const gone = contoso().addProject('Gone');
    contoso().addProject('There');
    gone.delete();
    await expect(client.listDeletedProjects()).resolves.toEqual([gone.id]);
  });
});

describe('a file that is read by its path', () => {
  const read = (repository: string, path: string, branch?: string) =>
    client.readItem({
      repository,
      path,
      content: true,
      version: branch ? { type: 'branch', version: branch } : undefined,
    });

  it('may have spaces and special characters in its path and branch, and takes one request', async () => {
    const path = '/a b/ü#&%+\'"(1)/catalog-info.yaml';
    const branch = "feature/ü & #1'%";
    const { id } = contoso()
      .addProject('Payments')
      .addRepository('api', { files: { [path]: 'on main' } });
    contoso()
      .project('Payments')
      .repository('api')
      .push({ branch, files: { [path]: 'on the branch ü' } });
    await client.listRepositories();
    simulator.requests.reset();
    await expect(read(id, path)).resolves.toMatchObject({
      outcome: 'present',
      path,
      content: 'on main',
    });
    await expect(read(id, path, branch)).resolves.toMatchObject({
      content: 'on the branch ü',
    });
    expect(simulator.requests.count()).toBe(2);
  });

  it('comes without its content when that is not asked for', async () => {
    const { id } = contoso()
      .addProject('Payments')
      .addRepository('api', { files: { '/x': 'hello\n' } });
    const item = await client.readItem({
      repository: id,
      path: '/x',
      content: false,
    });
    expect(item).toEqual({
      outcome: 'present',
      path: '/x',
      objectId: 'ce013625030ba8dba906f756967f9e9ca394464a',
      content: undefined,
    });
  });

  it('is absent when the service says that file, branch or content is not there', async () => {
    const project = contoso().addProject('Payments');
    const { id } = project.addRepository('api', { files: { '/dir/x': '1' } });
    const empty = project.addRepository('empty');
    await expect(read(id, '/nope')).resolves.toMatchObject({
      outcome: 'absent',
      reason: 'item-not-found',
      message: expect.stringContaining('TF401174'),
    });
    await expect(read(id, '/dir')).resolves.toMatchObject({
      outcome: 'absent',
      reason: 'not-a-file',
    });
    await expect(read(id, '/dir/x', 'nope')).resolves.toMatchObject({
      outcome: 'absent',
      reason: 'branch-not-found',
      message: expect.stringContaining('TF401175'),
    });
    await expect(read(empty.id, '/x')).resolves.toMatchObject({
      outcome: 'absent',
      reason: 'repository-empty',
      message: expect.stringContaining('VS403403'),
    });
  });

  it('is unknown, not absent, when the service does not say so', async () => {
    const project = contoso().addProject('Payments');
    const off = project.addRepository('off', {
      files: { '/x': '1' },
      disabled: true,
    });
    for (const repository of [off.id, '00000000-0000-0000-0000-000000000001']) {
      const fault = await faultOf(read(repository, '/x'));
      expect(['not-found', 'forbidden']).toContain(fault.kind);
    }
  });

  it.each([
    ['UTF-16', Buffer.from('\ufeffkind: Component\n', 'utf16le')],
    ['Latin-1', Buffer.from('kind: Gr\xfc\xdfe\n', 'latin1')],
    ['binary', Buffer.from([0, 1, 2, 0xff, 0xfe, 0])],
    ['UTF-8 with a byte order mark', Buffer.from('\ufeffkind: ü\n', 'utf8')],
    ['nothing', Buffer.alloc(0)],
  ])(
    'is decoded as UTF-8, as Backstage does, when it is %s',
    async (_name, bytes) => {
      const { id } = contoso()
        .addProject('Payments')
        .addRepository('api', { files: { '/x': bytes } });
      const item = await read(id, '/x');
      const expected = bytes.toString('utf8');
      expect(item).toMatchObject({ outcome: 'present' });
      // The service may drop the mark, which means nothing in YAML.
      expect(
        item.outcome === 'present' && item.content?.replace(/^\ufeff/, ''),
      ).toBe(expected.replace(/^\ufeff/, ''));
    },
  );

  it.each([
    ['nothing that is known', {}],
    ['no object id', { path: '/x', gitObjectType: 'blob' }],
    [
      'no type',
      { path: '/x', objectId: 'ce013625030ba8dba906f756967f9e9ca394464a' },
    ],
    ['a list', { count: 0, value: [] }],
  ])('is neither there nor absent when there is %s', async (_name, body) => {
    simulator.inject({
      match: { endpoint: 'items' },
      response: { status: 200, body },
    });
    await expect(faultOf(read('r', '/x'))).resolves.toMatchObject({
      kind: 'malformed',
    });
  });

  it('is there in JSON behind a byte order mark', async () => {
    const { id } = contoso()
      .addProject('Payments')
      .addRepository('api', { files: { '/x': 'hello\n' } });
    simulator.inject({
      match: { endpoint: 'items' },
      response: async (_request, proceed) => {
        const answer = await proceed();
        return {
          ...answer,
          headers: { ...answer.headers, 'Content-Type': 'application/json' },
          body: Buffer.from(`\ufeff${JSON.stringify(answer.body)}`),
        };
      },
    });
    await expect(read(id, '/x')).resolves.toMatchObject({ content: 'hello\n' });
  });
});

describe('the list of files', () => {
  it('has files, however deep, and nothing else', async () => {
    const { id } = contoso()
      .addProject('Payments')
      .addRepository('api', {
        files: {
          '/catalog-info.yaml': '1',
          '/a/catalog-info.yaml': '2',
          '/a/b/c/catalog-info.yaml': '3',
        },
      });
    const listing = await client.listItems({ repository: id, path: '/a' });
    expect(listing).toMatchObject({ outcome: 'present' });
    expect(
      listing.outcome === 'present' && listing.items.map(({ path }) => path),
    ).toEqual(['/a/b/c/catalog-info.yaml', '/a/catalog-info.yaml'].sort());
    await expect(
      client.listItems({ repository: id, path: '/nope' }),
    ).resolves.toMatchObject({ outcome: 'absent', reason: 'item-not-found' });
  });

  it('is unknown when it is shorter than its own count', async () => {
    simulator.inject({
      match: { endpoint: 'items' },
      response: { status: 200, body: { count: 2, value: [] } },
    });
    await expect(
      faultOf(client.listItems({ repository: 'r', path: '/' })),
    ).resolves.toMatchObject({ kind: 'malformed' });
  });
});

describe('a file that is read by its object id', () => {
  it('comes unchanged where it is binary', async () => {
    const bytes = Buffer.from([0, 1, 2, 0xff, 0xfe, 10]);
    const { id } = contoso()
      .addProject('Payments')
      .addRepository('api', { files: { '/x': bytes } });
    const item = await client.readItem({
      repository: id,
      path: '/x',
      content: false,
    });
    if (item.outcome !== 'present') throw new Error('It is there');
    const { objectId } = item;
    const blob = await client.readBlob({ repository: id, objectId });
    expect(Buffer.from(blob).equals(bytes)).toBe(true);
  });

  it('is unknown when its bytes are not those of the object id', async () => {
    simulator.inject({
      match: { endpoint: 'blobs' },
      response: {
        status: 200,
        headers: { 'Content-Type': 'application/octet-stream' },
        body: Buffer.from('something else'),
      },
    });
    await expect(
      faultOf(
        client.readBlob({
          repository: 'r',
          objectId: 'ce013625030ba8dba906f756967f9e9ca394464a',
        }),
      ),
    ).resolves.toMatchObject({ kind: 'malformed' });
  });
});

describe('Collections of Azure DevOps Server and organizations at visualstudio.com', () => {
  it('are read as those at dev.azure.com are', async () => {
    simulator
      .addOrganization('tfs/Default Collection', { deployment: 'server' })
      .grant('alice');
    const { id } = simulator
      .organization('tfs/Default Collection')
      .addProject('Payments')
      .addRepository('api', { files: { '/x': 'on premises' } });
    const legacy = contoso()
      .addProject('Payments')
      .addRepository('api', { files: { '/x': 'in the cloud' } });
    process.env.NO_PROXY = 'localhost';
    const pool = clients.create();
    await expect(
      pool
        .forOrganization(
          new Organization(
            new URL(simulator.serverUrl).host,
            'tfs/Default Collection',
          ),
        )
        .readItem({ repository: id, path: '/x', content: true }),
    ).resolves.toMatchObject({ content: 'on premises' });
    await expect(
      pool
        .forOrganization(
          new Organization('contoso.visualstudio.com', 'contoso'),
        )
        .readItem({ repository: legacy.id, path: '/x', content: true }),
    ).resolves.toMatchObject({ content: 'in the cloud' });
  });
});
