import type { JsonObject } from '@backstage/types';
import type { Organization } from '../../dev/simulator';
import { Cloud } from '../credentials/support';
import { loadProgram, runOn } from './terminal';

const TOKEN = 'token-of-the-operator';
const PASSWORD = 'a password that nobody guesses';
const IDENTITY = 'operator';

const CONFIG: JsonObject = {
  backend: { baseUrl: 'https://backstage.contoso.example' },
  integrations: {
    azure: [
      {
        host: 'dev.azure.com',
        credentials: [{ personalAccessToken: TOKEN }],
      },
    ],
  },
  catalog: {
    azureDevOps: {
      events: { ingress: { username: 'azure-devops', password: PASSWORD } },
    },
    providers: {
      azureDevOps: {
        main: {
          organization: 'contoso',
          project: 'P*',
          schedule: { frequency: 'PT30M', timeout: 'PT10M' },
        },
      },
    },
  },
};

describe('azure-devops-catalog hooks', () => {
  let cloud: Cloud;
  let contoso: Organization;

  beforeEach(async () => {
    cloud = await Cloud.start();
    contoso = cloud.simulator.addOrganization('contoso');
    cloud.simulator.addPersonalAccessToken(TOKEN, { identity: IDENTITY });
    contoso.grant(IDENTITY);
    contoso.grantSubscriptions(IDENTITY, 'edit');
    contoso.addProject('Payments');
    contoso.addProject('Platform Tools');
    contoso.addProject('Sandbox');
  });

  afterEach(async () => await cloud.close());

  const run = (args: string[] = [], config: JsonObject = CONFIG) =>
    runOn(loadProgram(), config, ['hooks', ...args]);
  const subscriptions = () => [
    ...cloud.simulator.parts.hooks.of(contoso).values(),
  ];

  it('shows what is missing, changes nothing, and says how to have it made', async () => {
    const { code, stdout } = await run();
    expect(code).toBe(1);
    expect(stdout).toMatchSnapshot();
    expect(subscriptions()).toEqual([]);
  });

  it('makes what is missing, and finds everything right the next time', async () => {
    const first = await run(['--apply']);
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect(first.stdout).toMatchSnapshot();
    const made = subscriptions();
    expect(made).toHaveLength(12);
    const second = await run(['--apply']);
    expect(second.code).toBe(0);
    expect(second.stdout).toMatchSnapshot();
    expect(subscriptions()).toEqual(made);
  });

  it('sends the password to Azure DevOps and shows it to nobody', async () => {
    const seen = await run(['--apply']);
    const [first] = subscriptions();
    expect(first?.consumerInputs).toMatchObject({
      basicAuthUsername: 'azure-devops',
      basicAuthPassword: PASSWORD,
    });
    expect(JSON.stringify(seen)).not.toContain(PASSWORD);
    expect(first?.consumerInputs['url']).not.toContain(PASSWORD);
  });

  it.each([
    ['https://contoso.example/backstage/', '/backstage'],
    ['https://contoso.example/api/events/http/azureDevOps', ''],
  ])('has what is sent to %s delivered below its path', async (url, path) => {
    await run(['--apply', '--project', 'Payments', '--url', url]);
    const [first] = subscriptions();
    expect(first?.consumerInputs['url']).toMatch(
      `https://contoso.example${path}/api/events/http/azureDevOps?`,
    );
  });

  it('tells drift, probation and what was disabled apart, and repairs what is its own', async () => {
    await run(['--apply']);
    const [push, created, renamed, deleted, forked] = subscriptions();
    push!.consumerInputs['resourceDetailsToSend'] = 'minimal';
    created!.status = 'onProbation';
    created!.notifications.push({
      id: 1,
      eventId: 'e',
      at: 0,
      result: 'failed',
      attempts: 1,
      status: 500,
      answer: 'Internal Server Error (500)',
    });
    renamed!.status = 'disabledBySystem';
    deleted!.status = 'disabledByUser';
    forked!.status = 'disabledByInactiveIdentity';
    const shown = await run();
    expect(shown.stdout).toMatchSnapshot();
    const applied = await run(['--apply']);
    expect(applied.stdout).toMatchSnapshot();
    const left = subscriptions().map(({ id }) => id);
    expect(left).toHaveLength(12);
    expect(left).not.toContain(push!.id);
    expect(left).not.toContain(renamed!.id);
    expect(left).toContain(deleted!.id);
    const again = await run(['--apply']);
    expect(again.stdout).toMatchSnapshot();
  });

  it('replaces everything when the password changes', async () => {
    await run(['--apply']);
    const former = subscriptions().map(({ id }) => id);
    const changed = JSON.parse(
      JSON.stringify(CONFIG).replace(PASSWORD, `${PASSWORD}, a new one`),
    ) as JsonObject;
    expect((await run(['--apply'], changed)).code).toBe(0);
    const now = subscriptions();
    expect(now).toHaveLength(12);
    expect(now.filter(({ id }) => former.includes(id))).toEqual([]);
  });

  it('makes nothing when the list fails', async () => {
    const fault = cloud.simulator.inject({
      match: { endpoint: 'hooks' },
      fault: 'forbidden',
    });
    const { code, stderr } = await run(['--apply']);
    expect(code).toBe(1);
    expect(stderr).toContain('contoso');
    fault.remove();
    expect(subscriptions()).toEqual([]);
  });

  it('says which permission is missing', async () => {
    contoso.grantSubscriptions(IDENTITY, 'view');
    const { code, stdout } = await run(['--apply', '--project', 'Payments']);
    expect(code).toBe(1);
    expect(stdout).toMatchSnapshot();
  });

  it('says which permission is missing to list subscriptions', async () => {
    cloud.simulator.addPersonalAccessToken('a reader', { identity: 'bob' });
    contoso.grant('bob');
    const config = JSON.stringify(CONFIG).replace(TOKEN, 'a reader');
    const { code, stderr } = await run([], JSON.parse(config) as JsonObject);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /What to do: +Give the identity the permission "Edit/,
    );
  });

  it('says what is wrong with a provider, and goes on with those that are right', async () => {
    const config = JSON.parse(
      JSON.stringify(CONFIG).replace(
        '"main":',
        '"wrong":{"organisation":"contoso"},"main":',
      ),
    ) as JsonObject;
    const { code, stdout, stderr } = await run(['--apply'], config);
    expect(code).toBe(1);
    expect(stdout).toContain('12 subscriptions wanted');
    expect(stderr).toContain('did you mean `organization`?');
  });

  it.each<[string, JsonObject, string[]]>([
    ['no ingress', { ...CONFIG, catalog: {} }, ['--organization', 'contoso']],
    [
      'an address that is not https',
      { ...CONFIG, backend: { baseUrl: 'http://localhost:7007' } },
      [],
    ],
    ['a project that is not there', CONFIG, ['--project', 'Paiments']],
  ])('says what to do about %s', async (_what, config, args) => {
    const { code, stderr } = await run(args, config);
    expect(code).not.toBe(0);
    expect(stderr).toMatchSnapshot();
  });
});
