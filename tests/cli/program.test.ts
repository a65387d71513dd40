import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@backstage/types';
import { DOCUMENTATION } from '../../src/documentation';
import { Cloud, TENANT_A } from '../credentials/support';
import { secretScan } from '../support/secret-scan';
import { World } from './scenarios';
import { loadProgram, run, runOn, type TerminalOptions } from './terminal';

const program = loadProgram();

let cloud: Cloud;
let world: World;
let directory: string;

beforeEach(async () => {
  cloud = await Cloud.start();
  world = new World(cloud);
  directory = mkdtempSync(join(tmpdir(), 'azure-devops-catalog-'));
});

afterEach(async () => {
  rmSync(directory, { recursive: true });
  await cloud.close();
});

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

/** A second organization, which alice may not read. */
function addFabrikam(): void {
  cloud.simulator.addOrganization('fabrikam', { tenantId: TENANT_A });
}

function asAlice(config: JsonObject = {}): JsonObject {
  return { integrations: { azure: world.token().azure }, ...config };
}

const on = async (
  config: JsonObject,
  args: string[],
  options?: TerminalOptions,
) => await runOn(program, config, args, options);

describe('the command line', () => {
  it('prints its help and its version', async () => {
    for (const args of [
      ['--help'],
      ['repositories', '--help'],
      ['doctor', '--help'],
      ['explain', '--help'],
    ]) {
      const { code, stdout, stderr } = await run(program, args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const widths = stdout.split('\n').map(line => line.length);
      expect(Math.max(...widths)).toBeLessThanOrEqual(80);
      expect(stdout).toMatchSnapshot(args.join(' '));
    }
    const { code, stdout } = await run(program, ['--version']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
  });

  it.each([
    [[], 'Usage: azure-devops-catalog'],
    [['repository'], "error: unknown command 'repository'"],
    [
      ['doctor', '--organisation', 'x'],
      "error: unknown option '--organisation'",
    ],
    [['doctor', '--config'], 'argument missing'],
    [['doctor', 'contoso'], 'too many arguments'],
  ])('ends with exit code 2 for the arguments %j', async (args, words) => {
    const { code, stdout, stderr } = await run(program, args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(words);
  });

  it('says that the configuration names no organization', async () => {
    const { code, stderr } = await on(asAlice(), ['repositories']);
    expect(code).toBe(2);
    expect(stderr).toMatchInlineSnapshot(`
     "error: The configuration names no organization: neither under
            catalog.providers.azureDevOps nor among the organizations of a
            credential. Name one with --organization.
     "
    `);
  });

  it('names the configuration file that is missing', async () => {
    const { code, stderr } = await run(program, [
      'doctor',
      '--config',
      join(directory, 'nothing.yaml'),
    ]);
    expect(code).toBe(1);
    expect(stderr.replace(/\s+/g, ' ')).toContain('nothing.yaml');
  });
});

describe('the configuration', () => {
  it('is read from several files, with environment variables, as Backstage reads it', async () => {
    world.token();
    cloud.setEnvironment({
      ALICES_TOKEN: 'token-of-alice',
      APP_CONFIG_integrations_azure:
        '[{"host":"dev.azure.com","credentials":[{"personalAccessToken":"wrong"}]}]',
    });
    const base = file(
      'app-config.yaml',
      'integrations:\n  azure:\n    - host: dev.azure.com\n      credentials:\n        - personalAccessToken: ${NOT_SET}\n',
    );
    const over = file(
      'app-config.production.yaml',
      'integrations:\n  azure:\n    - host: dev.azure.com\n      credentials:\n        - personalAccessToken: ${ALICES_TOKEN}\n',
    );
    const args = ['repositories', '-o', 'contoso', '-c', base, '-c', over];
    // The variables that begin with APP_CONFIG_ have the last word.
    expect((await run(program, args)).stderr).toContain(
      'personal-access-token-unknown',
    );
    delete process.env.APP_CONFIG_integrations_azure;
    expect(await run(program, args)).toMatchObject({ code: 0, stderr: '' });
    expect((await run(program, args.slice(0, -2))).stderr).toContain(
      'docs/errors.md#credentials-not-valid',
    );
  });

  it.each<[string, (azure: JsonObject[]) => JsonObject, string[]]>([
    [
      'providers',
      azure => ({
        integrations: { azure },
        catalog: {
          providers: {
            azureDevOps: {
              main: {
                organizations: ['contoso', 'fabrikam'],
                schedule: { frequency: 'PT1H', timeout: 'PT1H' },
              },
            },
          },
        },
      }),
      ['contoso', 'fabrikam'],
    ],
    [
      'credentials',
      ([integration]) => ({
        integrations: {
          azure: [
            {
              ...integration,
              credentials: [
                {
                  personalAccessToken: 'token-of-alice',
                  organizations: ['Contoso'],
                },
              ],
            },
          ],
        },
      }),
      ['Contoso'],
    ],
  ])(
    'says which organizations to look at, through its %s',
    async (_where, configOf, organizations) => {
      addFabrikam();
      const { azure } = world.token();
      const { stdout } = await on(configOf(azure), ['repositories', '--json']);
      const json = JSON.parse(stdout) as {
        organizations: Array<{ organization: string }>;
      };
      expect(json.organizations.map(o => o.organization)).toEqual(
        organizations,
      );
    },
  );

  it('is checked by both commands, which go on with the providers that are right', async () => {
    const config = asAlice({
      catalog: {
        providers: {
          azureDevOps: {
            good: {
              organization: 'contoso',
              schedule: { frequency: 'PT1H', timeout: 'PT1H' },
            },
            bad: { organisation: 'contoso' },
          },
        },
      },
    });
    const list = await on(config, ['repositories']);
    expect(list).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('4 repositories in 2 projects'),
      stderr: expect.stringContaining('did you mean `organization`?'),
    });
    const checked = await on(config, ['doctor']);
    expect(checked.code).toBe(1);
    expect(checked.stdout).toContain('fail  configuration');
    expect(checked.stdout).toContain('pass  membership');
  });
});

describe('the output', () => {
  const config = () => {
    addFabrikam();
    return asAlice();
  };
  const both = ['-o', 'contoso', '-o', 'fabrikam'];

  it('as JSON holds everything that is known and nothing secret', async () => {
    const list = await on(config(), ['repositories', '--json', ...both]);
    expect(list).toMatchObject({ code: 1, stderr: '' });
    expect(JSON.parse(list.stdout)).toMatchObject({
      organizations: [
        {
          host: 'dev.azure.com',
          organization: 'contoso',
          credential: { kind: 'personal access token' },
          repositories: [
            {
              name: 'leer',
              project: { name: 'Ärger & Söhne' },
              state: ['empty'],
            },
            {
              name: 'a repository with quite a long name of its own',
              defaultBranch: 'main',
              size: 1_234_567,
              state: ['ready'],
            },
            { name: 'api', isFork: false },
            { name: 'retired', isDisabled: true, state: ['disabled'] },
          ],
        },
        {
          organization: 'fabrikam',
          error: {
            problem: 'identity-not-authorized',
            cause: expect.any(String),
            cure: expect.any(String),
            docs: `${DOCUMENTATION}/errors.md#identity-not-authorized`,
          },
        },
      ],
    });
    const checked = await on(asAlice(), ['doctor', '--json', ...both]);
    expect(checked.code).toBe(1);
    expect(JSON.parse(checked.stdout)).toMatchObject({
      passed: false,
      reports: [
        {
          title: 'dev.azure.com/contoso',
          organization: { host: 'dev.azure.com', organization: 'contoso' },
          checks: expect.arrayContaining([
            {
              name: 'projects',
              status: 'pass',
              message: '2 projects visible',
              docs: `${DOCUMENTATION}/errors.md#check-projects`,
            },
          ]),
        },
        { title: 'dev.azure.com/fabrikam' },
      ],
    });
    expect(list.stdout + checked.stdout).not.toContain('token-of-alice');
  });

  it('has progress and colours on a terminal only', async () => {
    const terminal = { isTTY: true, columns: 100 };
    const shown = await on(config(), ['doctor', ...both], terminal);
    expect(shown.stderr).toContain(
      '\r\u001b[Kdev.azure.com/contoso: listing repositories ...',
    );
    expect(shown.stderr.endsWith('\r\u001b[K')).toBe(true);
    expect(shown.stdout).toContain('\u001b[32mpass\u001b[0m  membership');
    expect(shown.stdout).toContain('\u001b[31mfail\u001b[0m  membership');
    cloud.setEnvironment({ NO_COLOR: '1' });
    const plain = await on(asAlice(), ['doctor', ...both], terminal);
    expect(plain.stdout).not.toContain('\u001b[3');
    const piped = await on(asAlice(), ['doctor', ...both]);
    expect(piped.stderr).toBe('');
  });

  it('shows an organization that is named by its old address', async () => {
    const { stdout } = await on(asAlice(), [
      'doctor',
      '-o',
      'https://contoso.visualstudio.com/',
    ]);
    expect(stdout).toContain('(contoso.visualstudio.com is');
    expect(stdout).toContain('4 repositories in 2 projects visible');
  });

  it('says that repositories are left out when the identity may read none', async () => {
    world.contoso.grant('bob', { projects: [] });
    cloud.simulator.addPersonalAccessToken('token-of-bob', { identity: 'bob' });
    const setting = world.with({ personalAccessToken: 'token-of-bob' });
    const config = { integrations: { azure: setting.azure } };
    const list = await on(config, ['repositories', '-o', 'contoso']);
    expect(list.code).toBe(0);
    expect(list.stdout).toMatchSnapshot();
    const checked = await on(config, ['doctor', '-o', 'contoso']);
    expect(checked.code).toBe(0);
    expect(checked.stdout).toMatch(/warn {2}projects .*0 projects visible/);
    expect(checked.stdout).toMatch(/warn {2}repositories .*none visible/);
    expect(checked.stdout).toContain('2 warned, 0 failed');
  });
});

it('the command line lists repositories with a system-assigned identity and a configuration of three lines', async () => {
  const { simulator } = cloud;
  const organization = simulator.addOrganization('MyOrg', {
    tenantId: TENANT_A,
  });
  organization.addProject('SecretSauce').addRepository('recipes', {
    files: { '/catalog-info.yaml': 'x' },
  });
  organization.addProject('Other').addRepository('hidden');
  const { identity } = simulator.parts.entra.metadata.setSystemAssigned({
    tenantId: TENANT_A,
  });
  organization.grant(identity, { projects: ['SecretSauce'] });
  file(
    'app-config.yaml',
    'integrations:\n  azure:\n    - credentials: [{ clientId: system-assigned }]\n',
  );
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      join(__dirname, '../../src/cli/main.ts'),
      'repositories',
      '--config',
      join(directory, 'app-config.yaml'),
      '--organization',
      'MyOrg',
      '--project',
      'SecretSauce',
    ],
    {
      cwd: join(__dirname, '../..'),
      env: { PATH: process.env.PATH, ...simulator.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  child.stdout.on('data', text => (output += text));
  child.stderr.on('data', text => (output += text));
  const code = await new Promise(resolve => child.once('close', resolve));
  secretScan()?.saw('the command line', output);
  expect(output).toMatchInlineSnapshot(`
   "dev.azure.com/MyOrg: 1 repository in 1 project, read with managed identity
   (system-assigned), from integrations.azure[0].credentials[0]

   SIZE  STATE  DEFAULT BRANCH  PROJECT      REPOSITORY
    1 B  ready  main            SecretSauce  recipes

   "
  `);
  expect(code).toBe(0);
  expect(
    simulator.requests
      .list({ organization: 'MyOrg' })
      .every(request => request.identity === identity),
  ).toBe(true);
});
