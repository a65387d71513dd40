import { gunzipSync } from 'node:zlib';
import { Agent, request } from 'undici';
import {
  Simulator,
  type Organization,
  type Repository,
} from '../../dev/simulator';
import { ask, basic } from './ask';

const ALICE = basic('alice-token');

interface Listed {
  readonly count: number;
  readonly value: Array<Record<string, unknown>>;
}

describe('the interface of the simulated service', () => {
  let simulator: Simulator;
  let organization: Organization;

  beforeEach(async () => {
    simulator = await Simulator.start();
    organization = simulator.addOrganization('contoso');
    organization.grant('alice');
    simulator.addPersonalAccessToken('alice-token', { identity: 'alice' });
  });

  afterEach(() => simulator.close());

  const get = (path: string, headers: Record<string, string> = {}) =>
    ask(simulator, `https://dev.azure.com/contoso/${path}`, {
      headers: { ...ALICE, ...headers },
    });
  const list = async (path: string) =>
    JSON.parse((await get(path)).body) as Listed;
  const names = ({ value }: Listed) => value.map(({ name }) => name);

  describe('repositories', () => {
    it('have only the properties of the version that was asked for', async () => {
      organization.addProject('P').addRepository('r', { files: { a: '1' } });
      const keys = async (version: string) =>
        Object.keys(
          (await list(`_apis/git/repositories?api-version=${version}`))
            .value[0]!,
        );
      const oldest = [
        'id',
        'name',
        'url',
        'project',
        'defaultBranch',
        'size',
        'remoteUrl',
        'sshUrl',
      ];
      expect(await keys('5.0')).toEqual(oldest);
      expect(await keys('5.1')).toEqual([...oldest, 'webUrl']);
      expect(await keys('6.0')).toEqual([...oldest, 'webUrl']);
      const v70 = [...oldest, 'webUrl', 'isDisabled'];
      expect(await keys('7.0')).toEqual(v70);
      expect(await keys('7.1')).toEqual([...v70, 'isInMaintenance']);
      expect(await keys('7.2-preview.2')).toEqual([
        ...v70,
        'isInMaintenance',
        'creationDate',
      ]);
    });

    it('come all in one answer, forks, disabled and empty ones too, and no hidden ones', async () => {
      const project = organization.addProject('P');
      const original = project.addRepository('original', { files: { a: '1' } });
      original.fork(project, 'fork');
      project.addRepository('disabled', { disabled: true, files: { a: '1' } });
      project.addRepository('empty');
      project.addRepository('P.wiki', { hidden: true, files: { a: '1' } });
      organization
        .addProject('Going', { state: 'deleting' })
        .addRepository('going', { files: { a: '1' } });

      const listed = await list('_apis/git/repositories?api-version=7.1');

      expect(listed.count).toBe(5);
      expect(listed.value).toMatchObject([
        {
          name: 'original',
          defaultBranch: 'refs/heads/main',
          isDisabled: false,
        },
        { name: 'fork', isFork: true },
        { name: 'disabled', isDisabled: true },
        { name: 'empty', size: 0 },
        { name: 'going', project: { state: 'deleting' } },
      ]);
      expect(listed.value[0]).not.toHaveProperty('isFork');
      expect(listed.value[3]).not.toHaveProperty('defaultBranch');
    });

    it('show every change at once', async () => {
      const project = organization.addProject('P');
      const repository = project.addRepository('r', { files: { a: '1' } });
      const path = 'p/_apis/git/repositories?api-version=7.1';
      expect(names(await list(path))).toEqual(['r']);
      repository.rename('renamed');
      expect(names(await list(path))).toEqual(['renamed']);
      repository.setDefaultBranch('gone');
      expect((await list(path)).value[0]).toMatchObject({
        defaultBranch: 'refs/heads/gone',
      });
      project.rename('Q');
      expect((await get(path)).status).toBe(404);
      expect(names(await list('Q/_apis/git/repositories'))).toEqual([
        'renamed',
      ]);
      repository.delete();
      expect(await list('Q/_apis/git/repositories')).toEqual({
        value: [],
        count: 0,
      });
      expect(names(await list('Q/_apis/git/deletedrepositories'))).toEqual([
        'renamed',
      ]);
      project.delete();
      expect(await list('_apis/git/repositories')).toMatchObject({ count: 0 });
      expect(names(await list('_apis/projects?stateFilter=deleted'))).toEqual([
        'Q',
      ]);
      expect(await list('_apis/projects?stateFilter=all')).toMatchObject({
        count: 0,
      });
    });

    it('are found by id alone, and by name without regard to case', async () => {
      const project = organization.addProject('Payments');
      const { id } = project.addRepository('API', { files: { a: '1' } });
      const own = project.addRepository('Payments', { files: { a: '1' } });
      const found = async (path: string) =>
        (JSON.parse((await get(path)).body) as { id: string }).id;
      expect(await found(`_apis/git/repositories/${id.toUpperCase()}`)).toBe(
        id,
      );
      expect(await found('PAYMENTS/_apis/git/repositories/api')).toBe(id);
      expect(await found(`${project.id}/_apis/git/repositories/${id}`)).toBe(
        id,
      );
      expect(await found('_apis/git/repositories/payments')).toBe(own.id);
      const elsewhere = organization.addProject('Other');
      expect((await get(`Other/_apis/git/repositories/${id}`)).status).toBe(
        404,
      );
      elsewhere.addRepository('api');
      expect((await get('_apis/git/repositories/api')).status).toBe(404);
    });

    it('have encoded addresses that leave out the project where its name is the same', async () => {
      const project = organization.addProject('A & B');
      project.addRepository('A & B', { files: { a: '1' } });
      project.addRepository('c#', { files: { a: '1' } });
      const { value } = await list('_apis/git/repositories?api-version=7.1');
      expect(value).toMatchObject([
        {
          webUrl: 'https://dev.azure.com/contoso/_git/A%20%26%20B',
          remoteUrl: 'https://contoso@dev.azure.com/contoso/_git/A%20%26%20B',
          sshUrl: 'git@ssh.dev.azure.com:v3/contoso/A%20%26%20B/A%20%26%20B',
        },
        { webUrl: 'https://dev.azure.com/contoso/A%20%26%20B/_git/c%23' },
      ]);
    });
  });

  describe('projects', () => {
    it('come in pages by continuation token or by $skip', async () => {
      for (let index = 0; index < 7; index++) {
        organization.addProject(`P${index}`);
      }
      organization.addProject('Going', { state: 'deleting' });
      const pages: unknown[] = [];
      let token = '';
      for (;;) {
        const answer = await get(
          `_apis/projects?$top=3&continuationToken=${token}`,
        );
        pages.push(names(JSON.parse(answer.body) as Listed));
        const next = answer.headers['x-ms-continuationtoken'];
        if (next === undefined) {
          break;
        }
        token = String(next);
      }
      expect(pages).toEqual([['P0', 'P1', 'P2'], ['P3', 'P4', 'P5'], ['P6']]);
      expect(names(await list('_apis/projects?$top=3&$skip=6'))).toEqual([
        'P6',
      ]);
      expect(names(await list('_apis/projects?stateFilter=deleting'))).toEqual([
        'Going',
      ]);
      expect((await list('_apis/projects?stateFilter=all')).count).toBe(8);
    });
  });

  describe('items', () => {
    let repository: Repository;
    const items = 'P/_apis/git/repositories/r/items';

    beforeEach(() => {
      repository = organization.addProject('P').addRepository('r', {
        files: {
          'catalog-info.yaml': 'kind: Component # é\n',
          link: { symlink: 'docs/a.md' },
          'docs/a.md': 'a',
          'docs/deep/b.md': 'b',
        },
      });
    });

    it.each([
      [
        '$format=json',
        {},
        /^application\/json; charset=utf-8; api-version=7.1$/,
      ],
      ['$format=octetStream', { Accept: 'application/json' }, /^text\/plain$/],
      ['', { Accept: '*/*' }, /^text\/plain$/],
      ['', { Accept: 'application/octet-stream' }, /^text\/plain$/],
    ])(
      'come in the form that %j with %j asks for',
      async (query, headers, type) => {
        const answer = await get(
          `${items}?path=/catalog-info.yaml&api-version=7.1&${query}`,
          headers,
        );
        expect([answer.status, answer.headers['content-type']]).toEqual([
          200,
          expect.stringMatching(type),
        ]);
      },
    );

    it('carry content and its metadata when asked for', async () => {
      const one = async (query: string) =>
        JSON.parse((await get(`${items}?${query}`)).body) as Record<
          string,
          unknown
        >;
      const bare = await one('path=catalog-info.yaml');
      expect(bare).toMatchObject({
        path: '/catalog-info.yaml',
        gitObjectType: 'blob',
        commitId: repository.branch('main')?.id,
        objectId: repository.entry('/catalog-info.yaml')?.object.id,
      });
      expect(bare).not.toHaveProperty('content');
      expect(bare).not.toHaveProperty('isFolder');
      expect(
        await one(
          'path=/catalog-info.yaml&includeContent=true&includeContentMetadata=true',
        ),
      ).toMatchObject({
        content: 'kind: Component # é\n',
        contentMetadata: {
          encoding: 65001,
          fileName: 'catalog-info.yaml',
          extension: 'yaml',
          vsLink: '',
        },
      });
      expect(await one('path=/link&includeContent=true')).toMatchObject({
        isSymLink: true,
        content: 'docs/a.md',
      });
      expect(await one('path=/docs')).toMatchObject({
        isFolder: true,
        gitObjectType: 'tree',
      });
    });

    it.each([
      ['UTF-8', Buffer.from('é'), 65001, 'é'],
      ['UTF-8 with a mark', Buffer.from('\ufeffé'), 65001, 'é'],
      ['UTF-16', Buffer.from('\ufeffé', 'utf16le'), 1200, 'é'],
      ['Latin-1', Buffer.from([0xe9]), 1252, 'é'],
      ['binary', Buffer.from([0, 255, 1]), -1, 'AP8B'],
    ])(
      'have the encoding of %s in their metadata',
      async (_, bytes, encoding, content) => {
        repository.push({ files: { x: bytes } });
        const answer = await get(
          `${items}?path=/x&includeContent=true&includeContentMetadata=true`,
        );
        expect(JSON.parse(answer.body)).toMatchObject({
          content,
          contentMetadata: { encoding },
        });
      },
    );

    it('are listed as deep as recursionLevel says', async () => {
      const paths = async (query: string) =>
        (await list(`${items}?${query}`)).value.map(({ path }) => path);
      expect(await paths('scopePath=/docs')).toEqual(['/docs']);
      expect(await paths('scopePath=/docs&recursionLevel=OneLevel')).toEqual([
        '/docs',
        '/docs/a.md',
        '/docs/deep',
      ]);
      const everything = [
        '/',
        '/catalog-info.yaml',
        '/docs',
        '/docs/a.md',
        '/docs/deep',
        '/docs/deep/b.md',
        '/link',
      ];
      expect(await paths('scopePath=/&recursionLevel=full')).toEqual(
        everything,
      );
      expect(await paths('recursionLevel=120')).toEqual(everything);
      expect(await paths('scopePath=/link')).toEqual(['/link']);
    });

    it('are read at a branch, a tag or a commit in every spelling', async () => {
      const { commitId } = repository.push({ files: { x: 'first' } });
      repository.tag('v1');
      repository.push({ files: { x: 'second' } });
      repository.push({ files: { x: 'other' }, branch: 'o/p' });
      const content = async (query: string) =>
        (
          JSON.parse(
            (await get(`${items}?path=/x&includeContent=true&${query}`)).body,
          ) as { content: string }
        ).content;
      expect(await content('')).toBe('second');
      expect(await content('version=o/p')).toBe('other');
      expect(
        (await get(`${items}?path=/x&version=refs/heads/o/p`)).status,
      ).toBe(404);
      expect(await content('versionDescriptor.version=o%2Fp')).toBe('other');
      expect(await content('versionDescriptor[version]=o/p')).toBe('other');
      expect(await content('version=v1&versionType=Tag')).toBe('first');
      expect(await content('version=v1&versionDescriptor.versionType=1')).toBe(
        'first',
      );
      expect(await content(`version=${commitId}&versionType=commit`)).toBe(
        'first',
      );
    });

    it('are read as blobs by object id, those of earlier commits too', async () => {
      const id = String(repository.entry('/docs/a.md')?.object.id);
      repository.push({ files: { docs: null } });
      const blob = `P/_apis/git/repositories/r/blobs/${id}`;
      const bytes = await get(`${blob}?$format=octetStream`);
      expect([bytes.headers['content-type'], bytes.body]).toEqual([
        'application/octet-stream',
        'a',
      ]);
      expect(JSON.parse((await get(blob)).body)).toMatchObject({
        objectId: id,
        size: 1,
      });
      const missing = await get(blob.replace(id, 'a'.repeat(40)));
      expect(missing.status).toBe(404);
    });
  });

  it('lists the commits that were pushed to a branch, the latest first', async () => {
    const repository = organization
      .addProject('P')
      .addRepository('r', { files: { a: '1' } });
    const first = repository.branch('main')?.id;
    const second = repository.push({ files: { a: '2' } }).commitId;
    repository.push({ branch: 'other', files: { a: '3' } });
    const ids = async (query: string) =>
      (await list(`P/_apis/git/repositories/r/commits?${query}`)).value.map(
        ({ commitId }) => commitId,
      );
    expect(await ids('')).toEqual([second, first]);
    expect(await ids('searchCriteria.$top=1')).toEqual([second]);
    expect(
      await ids(
        `searchCriteria.itemVersion.version=${first}&searchCriteria.itemVersion.versionType=commit`,
      ),
    ).toEqual([first]);
  });

  it('offers the versions of Server 2022 and of Server 2019', async () => {
    for (const [version, latest, hasDisabled] of [
      ['server-2022', '7.1', true],
      ['server-2019', '5.1', false],
    ] as const) {
      const collection = simulator.addOrganization(version, {
        deployment: 'server',
        version,
      });
      collection.grant('alice');
      collection.addProject('P').addRepository('r', { files: { a: '1' } });
      const url = `${simulator.serverUrl}/${version}/_apis`;
      const read = async (path: string, method = 'GET') =>
        (await (
          await fetch(`${url}${path}`, {
            method,
            headers: { ...ALICE, Accept: 'application/json' },
          })
        ).json()) as { value: Array<Record<string, unknown>>; message: string };

      const locations = await read('/git', 'OPTIONS');
      expect(locations.value[0]).toMatchObject({
        maxVersion: latest,
        releasedVersion: latest,
      });
      const {
        value: [repository],
      } = await read('/git/repositories');
      expect('isDisabled' in (repository ?? {})).toBe(hasDisabled);
      expect(repository).toMatchObject({
        webUrl: `${simulator.serverUrl}/${version}/P/_git/r`,
      });
      const { message } = await read('/git/repositories?api-version=7.2');
      expect(message).toContain(
        `The latest REST API version this server supports is ${latest}.`,
      );
    }
  });

  it('answers with the headers of the service and compresses when asked to', async () => {
    organization.addProject('P').addRepository('r', { files: { a: '1' } });
    const dispatcher = new Agent();
    const collection = simulator.addOrganization('Local', {
      deployment: 'server',
    });
    collection.grant('alice');
    collection.addProject('P').addRepository('r', { files: { a: '1' } });
    const response = await request(
      `${simulator.serverUrl}/local/_apis/git/repositories?api-version=7.1`,
      { dispatcher, headers: { ...ALICE, 'Accept-Encoding': 'gzip, deflate' } },
    );
    const body = Buffer.from(await response.body.arrayBuffer());
    expect(response.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(body).toString())).toMatchObject({ count: 1 });
    await dispatcher.close();

    const { headers } = await get('_apis/git/repositories');
    expect(headers).toMatchObject({
      'cache-control': 'no-cache, no-store, must-revalidate',
      pragma: 'no-cache',
      expires: '-1',
      vary: 'Accept-Encoding',
      activityid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      'x-vss-userdata': expect.stringMatching(
        /^[0-9a-f-]{36}:alice@example\.com$/,
      ),
      'strict-transport-security': expect.any(String),
    });
    expect(headers).not.toHaveProperty('etag');
    expect(headers).not.toHaveProperty('x-ratelimit-limit');
  });
});
