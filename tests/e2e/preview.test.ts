import { runOn, loadProgram, steady } from '../cli/terminal';
import { withEnvironment } from '../support/with-environment';
import {
  addReadableOrganization,
  component,
  stageForAll,
  TOKEN,
} from './support';

const program = loadProgram();

interface Json {
  readonly entities: Array<{
    entityRef: string;
    target: string;
    entity: object;
  }>;
  readonly duplicates: Array<{ entityRef: string; owner: string }>;
  readonly difference: Record<
    string,
    Array<{ entityRef: string; fields?: string[] }>
  >;
}

type Project = ReturnType<
  ReturnType<typeof addReadableOrganization>['addProject']
>;

const providers = {
  main: { organization: 'contoso', exclude: { repository: 'playground-*' } },
};

describe('azure-devops-catalog preview', () => {
  const stage = stageForAll();
  let api: ReturnType<Project['addRepository']>;
  beforeAll(async () => {
    const contoso = addReadableOrganization(stage.simulator, 'contoso');
    const payments = contoso.addProject('Payments');
    const file = (...documents: string[]) => ({
      files: { '/catalog-info.yaml': documents.join('---\n') },
    });
    api = payments.addRepository(
      'api',
      file(component('api'), component('worker')),
    );
    payments.addRepository('copy-of-api', file(component('api')));
    payments.addRepository(
      'broken',
      file(component('sound'), 'kind: [Component\n'),
    );
    payments.addRepository(
      'no-owner',
      file(component('no-owner').replace(/ +owner.*\n/, '')),
    );
    payments.addRepository('definition', {
      files: {
        '/catalog-info.yaml': component('definition')
          .replace('Component', 'API')
          .concat('  definition: {$text: ./api.yaml}\n'),
        '/api.yaml': 'openapi: 3.0.0\n',
      },
    });
    payments.addRepository('nothing', { files: { '/readme.md': 'x' } });
    payments.addRepository('retired', {
      ...file(component('retired')),
      disabled: true,
    });
    payments.addRepository('playground-1', file(component('toy')));
    contoso.addProject('Ärger & Söhne').addRepository('leer');
  });

  const config = () => ({
    integrations: {
      azure: [
        {
          host: 'dev.azure.com',
          credentials: [{ personalAccessToken: TOKEN }],
        },
      ],
    },
    catalog: { providers: { azureDevOps: providers } },
  });
  const preview = async (...args: string[]) =>
    await runOn(program, config(), ['preview', ...args]);
  const asJson = async (...args: string[]) =>
    JSON.parse((await preview(...args, '--json')).stdout) as Json;
  const refs = (list: Array<{ entityRef: string }> = []) =>
    list.map(({ entityRef }) => entityRef);

  it('shows on 80 columns what a refresh would put into the catalog', async () => {
    const { code, stdout, stderr } = await preview();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(steady(stdout)).toMatchSnapshot();
    const help = await runOn(program, config(), ['preview', '--help']);
    expect(help.stdout).toMatchSnapshot('help');
    for (const line of `${stdout}\n${help.stdout}`.split('\n')) {
      if (!/^ *https:/.test(line)) expect(line.length).toBeLessThanOrEqual(80);
    }
  });

  it('looks at an organization that no provider has as a provider without further keys would', async () => {
    addReadableOrganization(stage.simulator, 'fabrikam')
      .addProject('P')
      .addRepository('a', {
        files: { '/catalog-info.yaml': component('fabrikam-a') },
      });
    const found = await asJson('--organization', 'fabrikam');
    expect(refs(found.entities)).toEqual(['component:default/fabrikam-a']);
  });

  it('knows an organization that only a credential names, as the other commands do', async () => {
    addReadableOrganization(stage.simulator, 'tfs/Stock', {
      deployment: 'server',
    })
      .addProject('P')
      .addRepository('shelf', {
        files: { '/catalog-info.yaml': component('shelf') },
      });
    const host = stage.simulator.serverHost;
    const settings = {
      integrations: {
        azure: [
          {
            host,
            credentials: [
              { organizations: ['tfs/Stock'], personalAccessToken: TOKEN },
            ],
          },
        ],
      },
    };
    const args = ['--organization', 'Stock'];
    const restore = withEnvironment({ NO_PROXY: 'localhost' });
    const listed = await runOn(program, settings, ['repositories', ...args]);
    const shown = await runOn(program, settings, ['preview', ...args]);
    restore();
    expect(listed.stdout).toContain(`${host}/tfs/Stock: 1 repository`);
    expect(shown.stdout).toContain(`${host}/tfs/Stock (no provider has it)`);
  });

  it.each([
    [['--provider', 'other'], 'There is no provider other'],
    [['--against', 'ftp://x'], 'address of a backend'],
  ])('ends with exit code 2 for %j', async (args, words) => {
    const { code, stderr } = await preview(...args);
    expect(code).toBe(2);
    expect(stderr.replace(/\s+/g, ' ')).toContain(words);
  });

  it('finds what a refresh finds, no difference right after it, and after a push exactly that', async () => {
    const catalog = await stage.catalog({ providers });
    const before = await asJson('--against', catalog.baseUrl);
    expect(refs(before.difference.added)).toEqual([
      'api:default/definition',
      'component:default/api',
      'component:default/sound',
      'component:default/worker',
    ]);
    await catalog.refresh();
    await catalog.settled();

    const claims: Array<{ entity_ref: string; entity: string }> = await catalog
      .knex('azure_devops_references as r')
      .join('azure_devops_claims as c', function join() {
        this.on('c.repository_id', 'r.repository_id')
          .andOn('c.path', 'r.path')
          .andOn('c.entity_ref', 'r.entity_ref');
      })
      .where('c.kind', 'entity')
      .orderBy('c.entity_ref')
      .select('c.entity_ref', 'c.entity');
    const after = await asJson('--against', catalog.baseUrl);
    expect(after.entities.map(({ entity }) => entity)).toEqual(
      claims.map(({ entity }) => JSON.parse(entity) as object),
    );
    expect(
      Object.entries(after.difference).filter(([, list]) => list.length > 0),
    ).toEqual([
      [
        'invalid',
        [expect.objectContaining({ entityRef: 'component:default/no-owner' })],
      ],
    ]);
    const shown = await preview('--against', catalog.baseUrl);
    expect(shown.stdout).toContain('a refresh would change nothing');

    api.push({
      files: {
        '/catalog-info.yaml': [
          component('api').replace('team-a', 'team-b'),
          component('new'),
        ].join('---\n'),
      },
    });
    const pushed = await asJson('--against', catalog.baseUrl);
    const { added, changed, removed, unlisted, blocked } = pushed.difference;
    expect(refs(added)).toEqual(['component:default/new']);
    expect(changed).toEqual([
      expect.objectContaining({
        entityRef: 'component:default/api',
        fields: ['spec.owner'],
      }),
    ]);
    expect(refs(removed)).toEqual(['component:default/worker']);
    expect([unlisted, blocked]).toEqual([[], []]);
    const text = await preview('--against', catalog.baseUrl);
    const from = text.stdout.indexOf('A refresh would add');
    expect(text.stdout.slice(from)).toMatchSnapshot();

    // It only ever asks.
    const methods = stage.simulator.requests
      .list()
      .filter(({ host }) => host === 'dev.azure.com')
      .map(({ method }) => method);
    expect([...new Set(methods)].filter(it => it !== 'OPTIONS')).toEqual([
      'GET',
    ]);
  });
});
