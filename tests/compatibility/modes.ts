import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { choosePort } from '../../dev/ports';
import { Simulator } from '../../dev/simulator';
import { postgresUrl } from '../support/databases';
import { until } from '../support/until';
import {
  type Backend,
  type BackendOptions,
  runCommandLine,
  startBackend,
} from './backend';
import { type Line, makeBackend, makeHost } from './host';
import { npmInstall } from './npm';
import {
  locked,
  makeRepository,
  makeYarn,
  run,
  runWell,
  writeYarnSettings,
} from './yarn';

const README = readFileSync(join(__dirname, '../../README.md'), 'utf8').split(
  '## Install it',
)[1]!;
const NAME = 'backstage-plugin-catalog-backend-module-azure-devops';
const TOKEN = 'the-token-of-a-stranger';
const FOUND = 'my-org: 1 repositories';

/** One way to try the packed module that is not part of the table. It throws where something is not as it should be. */
export type Mode = (
  line: Line,
  tarball: string,
  directory: string,
) => Promise<void>;

/**
 * A stranger's first hour: what the README says under "Install it", with three
 * mistakes on the way. Prints what doctor and the backend say to each.
 */
export const firstHour: Mode = async (line, tarball, directory) => {
  const steps = [
    {
      what: 'azure-devops written for azureDevOps',
      yaml: readmeYaml().replace('azureDevOps:', 'azure-devops:'),
      token: TOKEN,
      says: 'Unknown key `catalog.providers.azure-devops`; did you mean `catalog.providers.azureDevOps`?',
    },
    {
      what: 'projects written for project',
      yaml: readmeYaml().replace(
        /^( *)organization: my-org$/m,
        '$&\n$1projects: [Payments]',
      ),
      token: TOKEN,
      says: 'Unknown key `catalog.providers.azureDevOps.main.projects`; did you mean `project`?',
    },
    {
      what: 'the token without its last letter',
      yaml: readmeYaml(),
      token: TOKEN.slice(0, -1),
      says: 'Check that the whole token was copied',
    },
    {
      what: 'all as it should be',
      yaml: readmeYaml(),
      token: TOKEN,
      says: FOUND,
    },
  ];
  const { added } = await makeHost(line, tarball, directory);
  console.log(`installed: ${added.count} packages added`);
  await withSimulator(async simulator => {
    for (const [index, { what, yaml, token, says }] of steps.entries()) {
      console.log(`\n--- Backstage ${line.release}: ${what}`);
      const options = await optionsFor(simulator, directory, yaml, token);
      const doctor = await runCommandLine(options, 'doctor');
      console.log(`doctor (${doctor.code}):\n${doctor.output.trim()}`);
      const isRight = index === steps.length - 1;
      if ((doctor.code === 0) !== isRight) {
        throw new Error(`doctor ended with ${doctor.code}`);
      }
      const said = await startUntil(options, says);
      console.log(`\nbackend:\n${excerpt(said)}`);
    }
  });
};

/** In a repository with Yarn, the README's commands, word by word. */
export const withYarn: Mode = async (line, tarball, directory) => {
  const yarn = await makeYarn(join(directory, 'yarn'));
  const repository = join(directory, 'repository');
  await makeRepository(line, yarn, repository);
  const before = locked(repository);
  await withSimulator(async simulator => {
    const backend = join(repository, 'packages', 'backend');
    const options = await optionsFor(simulator, backend, readmeYaml(), TOKEN);
    writeFileSync(
      join(repository, 'app-config.yaml'),
      JSON.stringify(options.config),
    );
    for (const [command] of README.matchAll(/^yarn --cwd .*$/gm)) {
      const [, ...args] = command
        .replace(/ add .*$/, ` add ${NAME}@file:${tarball}`)
        .split(' ');
      const output = await runWell(
        repository,
        [yarn],
        'yarn',
        args,
        options.environment,
      );
      console.log(`\n$ ${command}\n${output.trim()}`);
    }
    const after = [...locked(repository)];
    const copies = after.flatMap(([name, versions]) =>
      /^@(backstage|azure)\//.test(name) &&
      before.has(name) &&
      [...versions].some(version => !before.get(name)?.has(version))
        ? [`${name} ${[...versions].join(' and ')}`]
        : [],
    );
    console.log(`\nsecond copies: ${copies.join(', ') || 'none'}`);
    if (copies.length > 0) throw new Error('Expected no second copies');
    console.log(excerpt(await startUntil(options, FOUND)));
  });
};

/** Red Hat's export of the packed module, and what Backstage's own build says to it. */
export const asDynamicPlugin: Mode = async (line, tarball, directory) => {
  const tools = join(directory, 'tools');
  const yarn = await makeYarn(tools);
  await npmInstall(tools, '@red-hat-developer-hub/cli@^1.9.1');
  // The plugin lies in the backend's folder, as a workspace would, and finds
  // Backstage's packages there, and nothing else of its own.
  const host = join(directory, 'host');
  await makeBackend(line, host);
  const plugin = join(host, 'plugin');
  mkdirSync(plugin);
  await runWell(plugin, [], 'tar', ['xzf', tarball, '--strip-components=1']);
  const file = join(plugin, 'package.json');
  // Who installs a package installs none of these.
  const { devDependencies: _, ...manifest } = JSON.parse(
    readFileSync(file, 'utf8'),
  );
  writeFileSync(file, JSON.stringify(manifest, null, 2));
  writeYarnSettings(plugin);
  await runWell(plugin, [yarn], 'yarn', ['install', '--mode=update-lockfile']);

  const build = await run(plugin, [yarn], 'backstage-cli', [
    'package',
    'build',
  ]);
  console.log(
    `$ backstage-cli package build (${build.code})\n${build.output.trim()}`,
  );
  const isWhole = existsSync(join(plugin, manifest.main));
  if (!build.output.includes('No declaration files found') || !isWhole) {
    throw new Error('Expected it to find no sources to build, and to stop');
  }
  const exported = await runWell(plugin, [yarn], 'rhdh-cli', [
    'plugin',
    'export',
    '--no-build',
  ]);
  console.log(`\n$ rhdh-cli plugin export --no-build\n${exported.trim()}`);

  cpSync(join(plugin, 'dist-dynamic'), join(host, 'dynamic-plugin'), {
    recursive: true,
  });
  await withSimulator(async simulator => {
    const options = await optionsFor(simulator, host, readmeYaml(), TOKEN);
    const environment = {
      ...options.environment,
      DYNAMIC_PLUGIN: './dynamic-plugin',
    };
    console.log(excerpt(await startUntil({ ...options, environment }, FOUND)));
  });
};

/** The configuration that the README says to write. */
function readmeYaml(): string {
  return /```yaml\n([^]*?)```/.exec(README)![1]!;
}

async function withSimulator(
  work: (simulator: Simulator) => Promise<void>,
): Promise<void> {
  const simulator = await Simulator.start();
  try {
    simulator.addPersonalAccessToken(TOKEN, { identity: 'backstage' });
    const organization = simulator.addOrganization('my-org');
    organization.grant('backstage');
    organization.addProject('Payments').addRepository('ledger', {
      files: {
        '/catalog-info.yaml':
          'apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: { name: ledger }\nspec: { type: service, lifecycle: production, owner: team-a }\n',
      },
    });
    await work(simulator);
  } finally {
    await simulator.close();
  }
}

let databases = 0;

async function optionsFor(
  simulator: Simulator,
  directory: string,
  yaml: string,
  token: string,
): Promise<BackendOptions> {
  const port = await choosePort(0);
  const baseUrl = `http://127.0.0.1:${port}`;
  return {
    directory,
    node: process.execPath,
    port,
    environment: { ...simulator.environment, AZURE_DEVOPS_TOKEN: token },
    config: {
      ...(load(yaml) as object),
      app: { baseUrl },
      backend: {
        baseUrl,
        listen: { host: '127.0.0.1', port },
        auth: { dangerouslyDisableDefaultAuthPolicy: true },
        database: {
          client: 'pg',
          connection: postgresUrl(),
          prefix: `mode_${databases++}_`,
        },
      },
    },
  };
}

/** @returns what a backend has printed by the time that it says something, or ends with it */
async function startUntil(
  options: BackendOptions,
  says: string,
): Promise<string> {
  let backend: Backend | undefined;
  try {
    backend = await startBackend(options);
    const { output } = backend;
    await until(`"${says}"`, () => output().includes(says));
    return output();
  } catch (error) {
    const said = backend?.output() ?? (error as Error).message;
    if (said.includes(says)) return said;
    throw new Error(`The backend does not say "${says}":\n${said}`);
  } finally {
    await backend?.stop();
  }
}

/** Of a log, what is of the module. */
function excerpt(log: string): string {
  return [
    ...new Set(
      log

        .replace(/\u001b\[\d+m/g, '')
        .split('\n')
        .filter(text => /azure.?devops|What to do|my-org/i.test(text))
        .filter(
          text => !/^\s+at |Task worker|ConfigSource|node_modules/.test(text),
        ),
    ),
  ]
    .slice(0, 8)
    .join('\n');
}
