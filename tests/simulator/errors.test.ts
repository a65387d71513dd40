import { Simulator, type Organization } from '../../dev/simulator';
import { ask, basic, type Answer, type Question } from './ask';

// Every error that is documented or was observed, in its exact words.

const ALICE = basic('alice-token');

describe('an error of the simulated service has the status, type key and words of the real one', () => {
  let simulator: Simulator;
  let organization: Organization;

  beforeAll(async () => {
    simulator = await Simulator.start();
    organization = simulator.addOrganization('contoso');
    organization.grant('alice');
    simulator.addPersonalAccessToken('alice-token', { identity: 'alice' });
    simulator.addPersonalAccessToken('bob-token', { identity: 'bob' });
    const project = organization.addProject('P');
    project.addRepository('r', { files: { a: '1' }, defaultBranch: 'master' });
    project.addRepository('empty');
    project.addRepository('off', { files: { a: '1' }, disabled: true });
    organization.addProject('Q').addRepository('q', { files: { a: '1' } });
    organization
      .addProject('Going', { state: 'deleting' })
      .addRepository('going', { files: { a: '1' } });
    organization.grant('bob', { projects: ['P'] });
  });

  afterAll(() => simulator.close());

  const get = (path: string, question: Question = {}) =>
    ask(simulator, `https://dev.azure.com/contoso/${path}`, {
      headers: ALICE,
      ...question,
    });

  function refusal({ status, headers, body }: Answer) {
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    const parsed = JSON.parse(body) as Record<string, unknown>;
    expect(decodeURIComponent(String(headers['x-tfs-serviceerror']))).toBe(
      parsed['message'],
    );
    return [status, parsed['typeKey'], parsed['message']];
  }

  const items = (repository: string, query: string) =>
    `P/_apis/git/repositories/${repository}/items?${query}`;

  it.each([
    [
      'a file that is not there',
      items('r', 'path=/x'),
      404,
      'GitItemNotFoundException',
      "TF401174: The item '/x' could not be found in the repository 'r' at the version specified by '<Branch: master >'.",
    ],
    [
      'a file at a tag that is not there',
      items(
        'r',
        'path=/a&versionDescriptor.version=v1&versionDescriptor.versionType=tag',
      ),
      404,
      'GitUnresolvableToCommitException',
      'TF401175:The version descriptor <Tag: v1 > could not be resolved to a version in the repository r',
    ],
    [
      'an empty repository',
      items('empty', 'path=/a'),
      404,
      'GitItemNotFoundException',
      'VS403403: Cannot find any branches for the empty repository.',
    ],
    [
      'a branch that is not there',
      items('r', 'path=/a&version=b'),
      404,
      'GitUnresolvableToCommitException',
      'TF401175:The version descriptor <Branch: b > could not be resolved to a version in the repository r',
    ],
    [
      'a commit that is not there',
      items('r', `path=/a&version=${'a'.repeat(40)}&versionType=Commit`),
      404,
      'GitUnresolvableToCommitException',
      `TF401175:The version descriptor <Commit: ${'a'.repeat(40)} > could not be resolved to a version in the repository r`,
    ],
    [
      'a repository that is not there',
      items('nope', 'path=/a'),
      404,
      'GitRepositoryNotFoundException',
      'TF401019: The Git repository with name or identifier nope does not exist or you do not have permissions for the operation you are attempting.',
    ],
    [
      'what is inside of a disabled repository',
      items('off', 'path=/a'),
      404,
      'GitRepositoryNotFoundException',
      'TF401019: The Git repository with name or identifier off does not exist or you do not have permissions for the operation you are attempting.',
    ],
    [
      'what is inside of a project that is being deleted',
      'Going/_apis/git/repositories/going/items?path=/a',
      404,
      'GitRepositoryNotFoundException',
      'TF401019: The Git repository with name or identifier going does not exist or you do not have permissions for the operation you are attempting.',
    ],
    [
      'a project that is not there, by name',
      'Nope/_apis/git/repositories',
      404,
      'ProjectDoesNotExistWithNameException',
      'TF200016: The following project does not exist: Nope. Verify that the name of the project is correct and that the project exists on the specified Azure DevOps Server.',
    ],
    [
      'a project that is not there, by id',
      '11111111-2222-4333-8444-555555555555/_apis/git/repositories',
      404,
      'ProjectDoesNotExistException',
      "VS800075: The project with id 'vstfs:///Classification/TeamProject/11111111-2222-4333-8444-555555555555' does not exist, or you do not have permission to access it.",
    ],
    [
      'a version that is too new',
      '_apis/git/repositories?api-version=7.3',
      400,
      'VssVersionOutOfRangeException',
      'The requested REST API version of 7.3 is out of range for this server. The latest REST API version this server supports is 7.2.',
    ],
    [
      'a preview asked for without saying so',
      '_apis/connectionData?api-version=7.1',
      400,
      'VssInvalidPreviewVersionException',
      'The requested version "7.1" of the resource is under preview. The -preview flag must be supplied in the api-version for such requests. For example: "7.1-preview"',
    ],
  ])('%s', async (_, path, status, typeKey, message) => {
    expect(refusal(await get(path))).toEqual([status, typeKey, message]);
  });

  it('a version that is too new, in the Accept header', async () => {
    const headers = {
      ...ALICE,
      Accept: 'application/json;api-version=8.0-preview.1',
    };
    const [status, typeKey] = refusal(await get('_apis/projects', { headers }));
    expect([status, typeKey]).toEqual([400, 'VssVersionOutOfRangeException']);
  });

  it('a POST without a version', async () => {
    const answer = await ask(
      simulator,
      'https://almsearch.dev.azure.com/contoso/_apis/search/codesearchresults',
      { method: 'POST', headers: ALICE, body: {} },
    );
    expect(refusal(answer).slice(0, 2)).toEqual([
      400,
      'VssVersionNotSpecifiedException',
    ]);
  });

  it('what may not be seen, like what is not there', async () => {
    const asBob = { headers: basic('bob-token') };
    const { id } = organization.project('Q').repository('q');
    const list = await get('_apis/git/repositories', asBob);
    expect(
      (JSON.parse(list.body) as { value: { name: string }[] }).value.map(
        ({ name }) => name,
      ),
    ).toEqual(['r', 'empty', 'off']);
    const byId = await get(`_apis/git/repositories/${id}`, asBob);
    expect(refusal(byId).slice(0, 2)).toEqual([
      404,
      'GitRepositoryNotFoundException',
    ]);
    const project = await get('Q/_apis/git/repositories', asBob);
    expect(refusal(project).slice(0, 2)).toEqual([
      404,
      'ProjectDoesNotExistWithNameException',
    ]);
    expect((await get('_apis/projects', asBob)).body).not.toContain('"Q"');
  });
});

describe('the simulated service answers', () => {
  let simulator: Simulator;
  let organization: Organization;
  const url =
    'https://dev.azure.com/contoso/_apis/git/repositories?api-version=7.1';

  beforeEach(async () => {
    simulator = await Simulator.start();
    organization = simulator.addOrganization('contoso', {
      tenantId: '11111111-2222-4333-8444-555555555555',
    });
    organization.grant('alice');
  });

  afterEach(() => simulator.close());

  it.each([
    ['none', {}],
    ['an unknown token', basic('nobody-knows')],
    ['nonsense', { Authorization: 'Basic !!!' }],
    [
      'no colon',
      { Authorization: `Basic ${Buffer.from('x').toString('base64')}` },
    ],
  ])('%s as a credential with the sign-in page and 203', async (_, headers) => {
    const answer = await ask(simulator, url, { headers });
    expect(answer.status).toBe(203);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.body).toContain(
      '<title>Azure DevOps Services | Sign In</title>',
    );
    expect(answer.body.length).toBeGreaterThan(14_000);
    expect(answer.headers).not.toHaveProperty('x-vss-userdata');
  });

  it('no credential with 401 and the tenant where no redirect is wanted', async () => {
    for (const each of ['connectionData?api-version=7.1-preview', 'projects']) {
      const answer = await ask(
        simulator,
        `https://dev.azure.com/contoso/_apis/${each}`,
        { headers: { 'X-TFS-FedAuthRedirect': 'Suppress' } },
      );
      expect(answer.status).toBe(401);
      expect(answer.headers['x-vss-resourcetenant']).toBe(
        '11111111-2222-4333-8444-555555555555',
      );
      expect(answer.headers['www-authenticate']).toEqual([
        'Bearer authorization_uri=https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555',
        'Basic realm="https://tfsprodcus14.visualstudio.com/"',
        'TFS-Federated',
      ]);
    }
  });

  it.each(['expired', 'revoked'] as const)(
    'a token that is %s with an empty 401',
    async state => {
      const token = simulator.addPersonalAccessToken('t', {
        identity: 'alice',
      });
      expect((await ask(simulator, url, { headers: basic('t') })).status).toBe(
        200,
      );
      token.state = state;
      const answer = await ask(simulator, url, { headers: basic('t') });
      expect([answer.status, answer.body]).toEqual([401, '']);
      expect(answer.headers['www-authenticate']).toBe(
        'Basic realm="https://tfsprodcus14.visualstudio.com/"',
      );
      expect(answer.headers).not.toHaveProperty('content-type');
      expect(simulator.requests.count({ identity: 'alice', status: 401 })).toBe(
        1,
      );
    },
  );

  it('a token without the scope that is needed with an empty 401', async () => {
    simulator.addPersonalAccessToken('code', {
      identity: 'alice',
      scopes: ['vso.code'],
    });
    const headers = basic('code');
    const projects = 'https://dev.azure.com/contoso/_apis/projects';
    expect((await ask(simulator, url, { headers })).status).toBe(200);
    const answer = await ask(simulator, projects, { headers });
    expect([answer.status, answer.body]).toEqual([401, '']);
  });

  it('a token of another organization with the sign-in page', async () => {
    simulator.addPersonalAccessToken('elsewhere', {
      identity: 'alice',
      organizations: ['fabrikam'],
    });
    const answer = await ask(simulator, url, { headers: basic('elsewhere') });
    expect(answer.status).toBe(203);
  });

  it('somebody who is no member with 401 and TF400813', async () => {
    simulator.addPersonalAccessToken('stranger', { identity: 'mallory' });
    const answer = await ask(simulator, url, { headers: basic('stranger') });
    expect(answer.status).toBe(401);
    expect(JSON.parse(answer.body)).toMatchObject({
      typeKey: 'UnauthorizedRequestException',
      message:
        "TF400813: The user 'mallory' is not authorized to access this resource.",
    });
  });

  it('an organization that was renamed with 404 under its old name', async () => {
    simulator.addPersonalAccessToken('t', { identity: 'alice' });
    simulator.renameOrganization('contoso', 'fabrikam');
    const gone = await ask(simulator, url, { headers: basic('t') });
    expect([gone.status, gone.headers['content-type']]).toEqual([
      404,
      'text/html; charset=utf-8',
    ]);
    const there = await ask(simulator, url.replace('contoso', 'FABRIKAM'), {
      headers: basic('t'),
    });
    expect(there.status).toBe(200);
    const successor = simulator.addOrganization('contoso');
    successor.grant('alice');
    successor.addProject('P').addRepository('r', { files: { a: '1' } });
    const renamed = simulator.organization('fabrikam');
    renamed.addProject('P').addRepository('s', { files: { a: '1' } });
    expect(successor.id).not.toBe(renamed.id);
    const list = await ask(simulator, url, { headers: basic('t') });
    expect(list.body).toContain('"name":"r"');
  });
});
