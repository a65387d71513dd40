import { execFileSync } from 'node:child_process';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigReader } from '@backstage/config';
import type { JsonObject } from '@backstage/types';
import Ajv from 'ajv';
import { loadAll } from 'js-yaml';
import { DOCUMENTATION } from '../../src/documentation';
import { readCertificate } from '../../src/credentials/certificate';
import { readConfiguredCredentials } from '../../src/credentials/configured';
import {
  FAILURES,
  KINDS,
  removeFiles,
  type Scenario,
  steadyFiles,
  World,
} from '../cli/scenarios';
import { loadProgram, runOn, steady } from '../cli/terminal';
import { AZ_COMMANDS, AZ_GLOBAL_OPTIONS } from './az-options';
import { Cloud, TENANT_A } from './support';

// What the pages about credentials show is what happens: every block of YAML is
// read, every command is known with its options, and every output comes from
// the command line. `UPDATE_PAGES=1` writes the outputs into the pages.

const DIRECTORY = join(__dirname, '..', '..', 'docs', 'credentials');

/** The page of each kind, and the scenario in which all is well. */
const WELL: Record<string, string> = {
  'client-certificate.md': 'service principal with a certificate in a file',
  'client-secret.md': 'service principal with a client secret',
  'environment.md': 'none: the environment has one',
  'managed-identity-assertion.md':
    'service principal, assertion by a user-assigned managed identity, other tenant',
  'managed-identity.md': 'system-assigned managed identity',
  'personal-access-token.md': 'personal access token',
  'workload-identity.md': 'workload identity',
};

interface Block {
  readonly language: string;
  readonly text: string;
  /** The heading that it stands under. */
  readonly heading: string;
}

function blocksOf(page: string): Block[] {
  const text = readFileSync(join(DIRECTORY, page), 'utf8');
  let heading = '';
  const pattern = /^#+ (.+)$|^( *)```(\w*)\n([\s\S]*?)^\2```$/gm;
  return [...text.matchAll(pattern)].flatMap(
    ([, title, indent = '', language, body]) => {
      if (title !== undefined) heading = title;
      if (language === undefined || body === undefined) return [];
      const lines = body.split('\n').map(line => line.slice(indent.length));
      return [{ language, text: lines.join('\n'), heading }];
    },
  );
}

const pages = readdirSync(DIRECTORY).sort();
const all = ['../credentials.md', ...pages].flatMap(page =>
  blocksOf(page).map(block => ({ page, ...block })),
);

it('there is a page for every kind of credential, and one for the way away from tokens', () => {
  expect(pages).toEqual(['away-from-tokens.md', ...Object.keys(WELL)]);
});

it('every block on the pages about credentials is one that is tested here', () => {
  const kinds = { yaml: /integrations:|kind:/, sh: /./, console: /^\$ azure/ };
  for (const { page, language, text } of all) {
    expect({ page, language }).toEqual({
      page,
      language: expect.stringMatching(`^(${Object.keys(kinds).join('|')})$`),
    });
    expect(text).toMatch(kinds[language as keyof typeof kinds]);
  }
});

describe('the blocks of YAML on the pages about credentials', () => {
  const configurations = all.filter(
    ({ language, text }) =>
      language === 'yaml' && text.includes('integrations:'),
  );
  const schema = JSON.parse(
    readFileSync(
      join(
        __dirname,
        '../../node_modules/@backstage/integration/config.schema.json',
      ),
      'utf8',
    ),
  ) as object;
  const validate = new Ajv({ strict: false }).compile(schema);

  it.each(
    configurations.map(({ page, heading, text }) => [page, heading, text]),
  )(
    'are configurations that Backstage takes: %s, %s',
    (_page, _heading, text) => {
      const config = valuesIn(text);
      validate(config);
      expect(validate.errors ?? []).toEqual([]);
      expect(() =>
        readConfiguredCredentials(new ConfigReader(config)),
      ).not.toThrow();
    },
  );

  it('give the pod of a workload its label and its service account', () => {
    const manifests = all.filter(
      ({ language, text }) => language === 'yaml' && text.includes('kind:'),
    );
    expect(manifests.map(({ page }) => page)).toEqual(['workload-identity.md']);
    expect(loadAll(manifests[0]?.text ?? '')).toMatchObject([
      {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: {
          name: 'backstage',
          namespace: 'backstage',
          annotations: {
            'azure.workload.identity/client-id': expect.any(String),
          },
        },
      },
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        spec: {
          template: {
            metadata: { labels: { 'azure.workload.identity/use': 'true' } },
            spec: { serviceAccountName: 'backstage' },
          },
        },
      },
    ]);
  });
});

/** The configuration of a block, with values in place of variables. */
function valuesIn(text: string): JsonObject {
  const values: Record<string, string> = {
    AZURE_CLIENT_ID: '12345678-1234-4234-8234-123456789abc',
    AZURE_CLIENT_SECRET: 'secret-of-the-application',
    AZURE_TENANT_ID: TENANT_A,
    AZURE_DEVOPS_TOKEN: 'token-of-alice',
    MANAGED_IDENTITY_CLIENT_ID: '87654321-4321-4321-8321-cba987654321',
    CONTOSO_CLIENT_ID: '12345678-1234-4234-8234-123456789abc',
    CONTOSO_CLIENT_SECRET: 'secret-of-the-application',
    CONTOSO_TENANT_ID: TENANT_A,
    DEVOPS_TOKEN: 'token-of-alice',
  };
  const [config] = loadAll(
    text.replace(/\$\{(\w+)\}/g, (_, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`No value for ${name}`);
      return value;
    }),
  );
  return config as JsonObject;
}

describe('the commands on the pages about credentials', () => {
  const commands = all
    .filter(({ language }) => language === 'sh')
    .flatMap(({ page, text }) =>
      text
        .replaceAll('\\\n', ' ')
        .split('\n')
        .filter(line => line !== '')
        .map(line => [page, line.trim()] as const),
    );

  it.each(commands.filter(([, line]) => /(^|\()az /.test(line)))(
    'have options that the Azure CLI documents: %s, %s',
    (_page, line) => {
      const { options, known } = azCommandOf(
        line.replace(/^(?:export )?\w+=\$\((.*)\)$/, '$1'),
      );
      const required = Object.entries(known)
        .filter(([, need]) => need === 'required')
        .map(([option]) => option);
      expect(options).toEqual(expect.arrayContaining(required));
    },
  );

  const inSentences = ['../errors.md', '../credentials.md', ...pages].flatMap(
    page =>
      [
        ...readFileSync(join(DIRECTORY, page), 'utf8')
          .replace(/^( *)```[\s\S]*?^\1```$/gm, '')
          .matchAll(/`([^`\n]+)`/g),
      ].map(([, text = '']) => [page, text] as const),
  );

  it.each(inSentences.filter(([, text]) => text.startsWith('az ')))(
    'in a sentence have options that the Azure CLI documents: %s, %s',
    (_page, text) => void azCommandOf(text),
  );

  it.each(
    inSentences
      .map(([page, text]) => [page, text.replace(/^yarn --cwd \S+ /, '')])
      .filter(([, text]) => text?.startsWith('azure-devops-catalog')),
  )(
    'in a sentence are those of the command line: %s, %s',
    async (_page, text = '') => {
      await expectCommandLine(text);
    },
  );

  it('that make a certificate make one that Backstage can use', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'azure-devops-catalog-'));
    try {
      const [made] = all.filter(({ text }) => text.startsWith('openssl req'));
      const passphrase =
        'openssl pkey -in key.pem -aes256 -passout pass:x -out encrypted.pem && rm key.pem';
      const [, pkcs12] = inSentence('openssl pkcs12');
      const [, pkey] = inSentence('openssl pkey');
      const script = [
        made?.text,
        `openssl pkcs12 -export -in backstage.pem -out certificate.pfx -passout pass:`,
        `${pkcs12.replace('certificate.pem', 'converted.pem')} -passin pass:`,
        passphrase,
        `${pkey} -passin pass:x`,
        'cat certificate.pem key.pem > decrypted.pem',
      ].join('\n');
      execFileSync('sh', ['-ec', script], { cwd: directory, stdio: 'pipe' });
      for (const name of ['backstage.pem', 'converted.pem', 'decrypted.pem']) {
        const source = { clientCertificatePath: join(directory, name) };
        const { facts } = await readCertificate(source, Date.now());
        expect(facts.subject).toBe('CN=backstage');
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  function inSentence(start: string) {
    const found = inSentences.filter(([, text]) => text.startsWith(start));
    expect(found).toHaveLength(1);
    return found[0] ?? ['', ''];
  }

  it('have bodies that are JSON', () => {
    const bodies = commands.flatMap(([, line]) => {
      const [, body] = /(?:--body|--parameters) "(\{.*\})"/.exec(line) ?? [];
      return body === undefined ? [] : [body.replaceAll('\\"', '"')];
    });
    expect(bodies).toHaveLength(2);
    for (const body of bodies) {
      expect(() => JSON.parse(body) as unknown).not.toThrow();
    }
  });

  it.each(
    commands.filter(([, line]) => line.startsWith('azure-devops-catalog')),
  )('are those of the command line: %s, %s', async (_page, line) => {
    await expectCommandLine(line);
  });

  it.each(commands.filter(([, line]) => line.startsWith('kubectl')))(
    'run the command line in the pod of the page: %s, %s',
    async (_page, line) => {
      const [inCluster, inPod] = line.split(' -- npx ');
      expect(inCluster).toBe(
        'kubectl exec --namespace backstage deployment/backstage',
      );
      await expectCommandLine(inPod ?? '');
    },
  );

  it('are no others', () => {
    const names = commands.map(
      ([, line]) =>
        /[\w-]+/.exec(line.replace(/^(?:export )?\w+=\$\(/, ''))?.[0],
    );
    expect([...new Set(names)].sort()).toEqual([
      'az',
      'azure-devops-catalog',
      'cat',
      'chmod',
      'diff',
      'kubectl',
      'openssl',
    ]);
  });
});

/** A command of the Azure CLI, whose name and options are documented. */
function azCommandOf(line: string) {
  const words = wordsOf(line.replace(/^az /, ''));
  const first = words.findIndex(word => word.startsWith('--'));
  const name = words.slice(0, first < 0 ? undefined : first).join(' ');
  const options = words.filter(word => word.startsWith('--'));
  expect(Object.keys(AZ_COMMANDS)).toContain(name);
  const known = AZ_COMMANDS[name] ?? {};
  expect([...Object.keys(known), ...AZ_GLOBAL_OPTIONS]).toEqual(
    expect.arrayContaining(options),
  );
  return { options, known };
}

/** A call of the command line that has the command and its options. */
async function expectCommandLine(line: string): Promise<void> {
  const [, ...words] = line.split(' ');
  const command = words.filter(word => /^[a-z]/.test(word)).slice(0, 1);
  const help = await runOn(loadProgram(), {}, [...command, '--help']);
  expect(help.code).toBe(0);
  const known = help.stdout.match(/--[\w-]+/g);
  for (const option of words.filter(word => word.startsWith('--'))) {
    expect(known).toContain(option);
  }
}

/** The words of a command as a shell parts them, quotes included. */
function wordsOf(command: string): string[] {
  return command.match(/(?:"(?:\\.|[^"\\])*"|[^\s"])+/g) ?? [];
}

describe('the outputs on the pages about credentials', () => {
  let cloud: Cloud;
  beforeEach(async () => {
    cloud = await Cloud.start();
  });
  afterEach(async () => await cloud.close());
  afterAll(removeFiles);

  async function outputOf(
    scenario: Scenario,
    command: string,
    azure?: JsonObject[],
  ): Promise<string> {
    const world = new World(cloud);
    const setting = await scenario.set(world);
    const args = [command, '--organization', 'contoso'];
    const { stdout, stderr } = await runOn(
      loadProgram(),
      { integrations: { azure: azure ?? setting.azure } },
      args,
    );
    return `$ azure-devops-catalog ${args.join(' ')}\n${forReaders(stderr + stdout).trimEnd()}\n`;
  }

  it.each(Object.entries(WELL))(
    'are those of doctor with the configuration of the page: %s',
    async (page, name) => {
      const blocks = blocksOf(page);
      const scenario = KINDS.find(kind => kind.name === name);
      if (!scenario) throw new Error(`There is no scenario '${name}'`);
      const yaml = blocks.find(({ heading }) => heading === 'In Backstage');
      const { integrations } = valuesIn(yaml?.text ?? '') as {
        integrations: { azure: JsonObject[] };
      };
      const path = '/run/secrets/backstage.pem';
      const azure = JSON.parse(
        JSON.stringify(integrations.azure).replaceAll(
          path,
          World.pathOf('certificate.pem'),
        ),
      ) as JsonObject[];
      const output = await outputOf(scenario, 'doctor', azure);
      expectBlock(page, 'When it is right', withoutCommonChecks(output));
      expect(output).toContain(' 0 failed');
    },
  );

  const mistakes = all.filter(
    ({ language, text }) =>
      language === 'console' && text.includes('catalog repositories'),
  );

  it.each(mistakes.map(({ page, heading }) => [page, heading]))(
    'are those of the usual mistakes: %s, %s',
    async (page, heading) => {
      const scenario = FAILURES.find(
        ({ name }) => name.toLowerCase() === heading.toLowerCase(),
      );
      if (!scenario) throw new Error(`There is no scenario '${heading}'`);
      const output = await outputOf(scenario, 'repositories');
      expect(output).toContain(`docs/errors.md#${scenario.problem}`);
      expectBlock(page, heading, output);
    },
  );
});

function expectBlock(page: string, heading: string, output: string): void {
  if (process.env.UPDATE_PAGES) {
    const path = join(DIRECTORY, page);
    const text = readFileSync(path, 'utf8');
    const at = text.indexOf(`# ${heading}\n`);
    const start = text.indexOf('```console\n', at) + '```console\n'.length;
    const end = text.indexOf('```\n', start);
    writeFileSync(path, text.slice(0, start) + output + text.slice(end));
  }
  const block = blocksOf(page).find(
    each => each.heading === heading && each.language === 'console',
  );
  expect(block?.text).toBe(output);
}

/** The output of doctor without the checks in its end, which are alike for every kind. */
function withoutCommonChecks(output: string): string {
  return output.replace(
    /(\n {2}pass {2}(api version|proxy|clock|rate limit) .*)+/,
    '\n  ...',
  );
}

/** An output with what stands for somebody's own in place of what the simulator made up. */
function forReaders(text: string): string {
  return steadyFiles(steady(text))
    .replaceAll(DOCUMENTATION, 'docs')
    .replaceAll('/run/secrets/azure0/', '/run/secrets/')
    .replace(
      /reached through http:\/\/127\.0\.0\.1:\w+/,
      'none is set; reached directly',
    )
    .replace(/known as (?:sp|mi):[\w-]+/, 'known as Backstage Catalog')
    .replace('YYYY-MM-DD (N days left)', '2027-11-27 (364 days left)')
    .replaceAll('YYYY-MM-DDTHH:MM:SS', '2026-11-28T12:00:00')
    .replaceAll(
      'THUMBPRINT'.padEnd(40, '0'),
      '0123456789ABCDEF'.repeat(3).slice(0, 40),
    );
}

it('the links between the pages, and to the errors, lead somewhere', () => {
  const root = join(__dirname, '..', '..', 'docs');
  const anchorsOf = (text: string) =>
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .replaceAll(' ', '-'),
    );
  const files = [
    'credentials.md',
    'errors.md',
    ...pages.map(p => `credentials/${p}`),
  ];
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8');
    for (const [, path = '', anchor] of text.matchAll(
      /\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g,
    )) {
      const target =
        path === '' ? join(root, file) : join(root, file, '..', path);
      const there = readFileSync(target, 'utf8');
      if (anchor !== undefined) {
        expect({ file, anchors: anchorsOf(there) }).toEqual({
          file,
          anchors: expect.arrayContaining([anchor]),
        });
      }
    }
  }
});
