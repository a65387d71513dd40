import type { UrlReaderService } from '@backstage/backend-plugin-api';
import { AzureDevOpsLocationAnalyzer } from '../../src/catalog-import/analyzer';
import { CatalogRules } from '../../src/descriptors/rules';
import { YamlParser } from '../../src/descriptors/yaml';
import { recordingLogger } from '../support/logs';
import {
  component,
  type Reading,
  startReading,
  startSimulator,
} from './support';

const yaml = new YamlParser({ enableYamlMerge: false });

// What each form of a URL leads to: through our reader and analyzer, and
// through Backstage's own reader with the same configuration.

let world: Awaited<ReturnType<typeof startSimulator>>;
let reading: Reading;
let analyzer: AzureDevOpsLocationAnalyzer;
let commit: string;
let repositoryId: string;
let projectId: string;

beforeAll(async () => {
  world = await startSimulator();
  const { simulator } = world;
  const contoso = simulator.addOrganization('contoso');
  contoso.grant('alice');
  const payments = contoso.addProject('Payments');
  const add = (
    project: typeof payments,
    name: string,
    where = `${project.name}/${name}`,
  ) =>
    project.addRepository(name, {
      files: {
        '/catalog-info.yaml': component('c', where),
        '/svc/a/catalog-info.yaml': component('a', `${where}/svc/a`),
        '/docs/a+b & c.yaml': component('d', `${where}/docs`),
        '/README.md': '# Read me',
      },
    });
  const api = add(payments, 'api');
  repositoryId = api.id;
  projectId = payments.id;
  api.tag('v1.0');
  api.push({
    branch: 'feature/a&b',
    files: { '/catalog-info.yaml': component('c', 'feature') },
  });
  api.push({
    branch: 'v1.0',
    files: { '/catalog-info.yaml': component('c', 'the branch v1.0') },
  });
  commit = api.branch('main')!.id;
  api.push({ files: { '/other.txt': 'later' } });
  add(payments, 'Payments');
  add(payments, 'C# & more');
  add(contoso.addProject('My Project'), 'my repo');

  for (const collection of [
    'DefaultCollection',
    'tfs/DefaultCollection',
    'azuredevops/Tailspin',
  ]) {
    const organization = simulator.addOrganization(collection, {
      deployment: 'server',
    });
    organization.grant('alice');
    const project = organization.addProject('Shop');
    add(project, 'web', `${collection}/Shop/web`);
    add(project, 'Shop', `${collection}/Shop/Shop`);
  }

  reading = startReading(simulator, {
    catalog: {
      providers: {
        azureDevOps: {
          cloud: { organization: 'contoso' },
          server: {
            host: simulator.serverHost,
            organizations: ['tfs/DefaultCollection', 'azuredevops/Tailspin'],
          },
        },
      },
    },
  });
  analyzer = new AzureDevOpsLocationAnalyzer({
    content: reading.content,
    entityFilename: 'catalog-info.yaml',
    providerPaths: [],
    rules: CatalogRules.fromConfig(reading.config),
    yaml,
    knownLocations: () => async () => undefined,
    logger: recordingLogger(reading.logs),
  });
});
afterAll(async () => {
  await reading.close();
  await world.close();
});

/** The descriptions in the descriptors, which name the repository or branch. */
const DESCRIPTIONS = /^(Payments|My Project|feature|the branch|[^ ]*\/Shop)/;

interface Form {
  readonly form: string;
  readonly url: () => string;
  /** The description in the file that is meant; `undefined` when there is nothing to be read. */
  readonly wanted?: string;
  /** How many descriptors the analyzer should find. Default: 1. */
  readonly analyzed?: number | string;
}

const API = 'https://dev.azure.com/contoso/Payments/_git/api';
const FILE = '?path=/catalog-info.yaml';
const server = (path: string) => () => `${world.simulator.serverUrl}/${path}`;
const cloud = (url: string) => () => url;

const forms: Form[] = [
  { form: 'file', url: cloud(`${API}${FILE}`), wanted: 'Payments/api' },
  {
    form: 'file, %2F',
    url: cloud(`${API}?path=%2Fcatalog-info.yaml`),
    wanted: 'Payments/api',
  },
  {
    form: 'file, no leading slash',
    url: cloud(`${API}?path=catalog-info.yaml`),
    wanted: 'Payments/api',
  },
  {
    form: 'file, as the browser shows it',
    url: cloud(`${API}${FILE}&version=GBmain&_a=contents`),
    wanted: 'Payments/api',
  },
  {
    form: 'file, with lines',
    url: cloud(
      `${API}${FILE}&line=1&lineEnd=2&lineStartColumn=1&lineEndColumn=1`,
    ),
    wanted: 'Payments/api',
  },
  {
    form: 'file, with an anchor',
    url: cloud(`${API}${FILE}&anchor=usage#usage`),
    wanted: 'Payments/api',
  },
  {
    form: 'file behind the #',
    url: cloud(`${API}#path=%2Fcatalog-info.yaml&version=GBmain`),
    wanted: 'Payments/api',
  },
  {
    form: 'other case',
    url: cloud(`https://DEV.azure.com/Contoso/payments/_git/API${FILE}`),
    wanted: 'Payments/api',
  },
  {
    form: 'doubled slashes',
    url: cloud(`https://dev.azure.com/contoso//Payments/_git/api${FILE}`),
    wanted: 'Payments/api',
  },
  {
    form: 'user name',
    url: cloud(
      `https://contoso@dev.azure.com/contoso/Payments/_git/api${FILE}`,
    ),
    wanted: 'Payments/api',
  },
  {
    form: 'branch',
    url: cloud(`${API}${FILE}&version=GBfeature%2Fa%26b`),
    wanted: 'feature',
  },
  {
    form: 'tag',
    url: cloud(`${API}${FILE}&version=GTv1.0`),
    wanted: 'Payments/api',
  },
  {
    form: 'branch of the name of a tag',
    url: cloud(`${API}${FILE}&version=GBv1.0`),
    wanted: 'the branch v1.0',
  },
  {
    form: 'commit',
    url: () => `${API}${FILE}&version=GC${commit}`,
    wanted: 'Payments/api',
  },
  {
    form: 'page of a commit',
    url: () => `${API}/commit/${commit}${FILE}`,
    wanted: 'Payments/api',
  },
  {
    form: 'names with spaces',
    url: cloud(
      `https://dev.azure.com/contoso/My%20Project/_git/my%20repo${FILE}`,
    ),
    wanted: 'My Project/my repo',
  },
  {
    form: 'names with # and &',
    url: cloud(
      `https://dev.azure.com/contoso/Payments/_git/C%23%20%26%20more${FILE}`,
    ),
    wanted: 'Payments/C# & more',
  },
  {
    form: 'path with + and &',
    url: cloud(`${API}?path=/docs/a%2Bb%20%26%20c.yaml`),
    wanted: 'Payments/api/docs',
  },
  {
    form: 'project-named',
    url: cloud(`https://dev.azure.com/contoso/_git/Payments${FILE}`),
    wanted: 'Payments/Payments',
  },
  {
    form: 'ids instead of names',
    url: () =>
      `https://dev.azure.com/contoso/${projectId}/_git/${repositoryId}${FILE}`,
    wanted: 'Payments/api',
  },
  {
    form: 'id without the project',
    url: () => `https://dev.azure.com/contoso/_git/${repositoryId}${FILE}`,
    wanted: 'Payments/api',
  },
  {
    form: 'clone flavour',
    url: cloud(
      `https://dev.azure.com/contoso/Payments/_git/_optimized/api${FILE}`,
    ),
    wanted: 'Payments/api',
  },
  {
    form: 'glob',
    url: cloud(`${API}?path=/svc/*/catalog-info.yaml`),
    wanted: 'Payments/api/svc/a',
  },
  {
    form: 'legacy',
    url: cloud(`https://contoso.visualstudio.com/Payments/_git/api${FILE}`),
    wanted: 'Payments/api',
  },
  {
    form: 'legacy, with collection',
    url: cloud(
      `https://contoso.visualstudio.com/DefaultCollection/Payments/_git/api${FILE}`,
    ),
    wanted: 'Payments/api',
  },
  {
    form: 'legacy, project-named',
    url: cloud(`https://contoso.visualstudio.com/_git/Payments${FILE}`),
    wanted: 'Payments/Payments',
  },
  {
    form: 'legacy, both',
    url: cloud(
      `https://contoso.visualstudio.com/DefaultCollection/_git/Payments${FILE}`,
    ),
    wanted: 'Payments/Payments',
  },
  {
    form: 'legacy, glob',
    url: cloud(
      'https://contoso.visualstudio.com/Payments/_git/api?path=/svc/*/catalog-info.yaml',
    ),
    wanted: 'Payments/api/svc/a',
  },
  {
    form: 'Server',
    url: server(`DefaultCollection/Shop/_git/web${FILE}`),
    wanted: 'DefaultCollection/Shop/web',
  },
  {
    form: 'Server, project-named',
    url: server(`DefaultCollection/_git/Shop${FILE}`),
    wanted: 'DefaultCollection/Shop/Shop',
  },
  {
    form: 'Server, tfs',
    url: server(`tfs/DefaultCollection/Shop/_git/web${FILE}`),
    wanted: 'tfs/DefaultCollection/Shop/web',
  },
  {
    form: 'Server, tfs, project-named',
    url: server(`tfs/DefaultCollection/_git/Shop${FILE}`),
    wanted: 'tfs/DefaultCollection/Shop/Shop',
  },
  {
    form: 'Server, virtual directory',
    url: server(`azuredevops/Tailspin/Shop/_git/web${FILE}`),
    wanted: 'azuredevops/Tailspin/Shop/web',
  },
  {
    form: 'Server, the same, project-named',
    url: server(`azuredevops/Tailspin/_git/Shop${FILE}`),
    wanted: 'azuredevops/Tailspin/Shop/Shop',
  },
  {
    form: 'Server, glob',
    url: server(
      'DefaultCollection/Shop/_git/web?path=/svc/*/catalog-info.yaml',
    ),
    wanted: 'DefaultCollection/Shop/web/svc/a',
  },
  {
    form: '_apis, items',
    url: cloud(
      'https://dev.azure.com/contoso/Payments/_apis/git/repositories/api/items?path=/catalog-info.yaml',
    ),
    wanted: 'Payments/api',
  },
  {
    form: '_apis, download link',
    url: () =>
      `https://dev.azure.com/contoso/${projectId}/_apis/git/repositories/${repositoryId}/items?path=/catalog-info.yaml&versionDescriptor%5Bversion%5D=main&versionDescriptor%5BversionType%5D=0&%24format=octetStream&download=true`,
    wanted: 'Payments/api',
  },
  {
    form: '_apis, by id alone',
    url: () =>
      `https://dev.azure.com/contoso/_apis/git/repositories/${repositoryId}/items/catalog-info.yaml?versionType=Branch`,
    wanted: 'Payments/api',
  },
  { form: 'repository', url: cloud(API), analyzed: 2 },
  {
    form: 'repository, clone URL',
    url: cloud('https://contoso@dev.azure.com/contoso/Payments/_git/api'),
    analyzed: 2,
  },
  {
    form: 'repository, ssh',
    url: cloud('git@ssh.dev.azure.com:v3/contoso/Payments/api'),
    analyzed: 2,
  },
  {
    form: 'repository, ssh://',
    url: cloud('ssh://git@ssh.dev.azure.com/v3/contoso/Payments/api'),
    analyzed: 2,
  },
  {
    form: 'repository, legacy ssh',
    url: cloud('contoso@vs-ssh.visualstudio.com:v3/contoso/Payments/api'),
    analyzed: 2,
  },
  {
    form: 'page of a branch',
    url: cloud(`${API}?version=GBfeature%2Fa%26b`),
    analyzed: 2,
  },
  { form: 'folder', url: cloud(`${API}?path=/svc`), analyzed: 1 },
  {
    form: 'page of another file',
    url: cloud(`${API}?path=/README.md`),
    wanted: '# Read me',
    analyzed: 2,
  },
  {
    form: 'no such file',
    url: cloud(`${API}?path=/missing.yaml`),
    analyzed: 0,
  },
  {
    form: 'no such repository',
    url: cloud('https://dev.azure.com/contoso/Payments/_git/ap'),
    analyzed: 'NotFoundError',
  },
  {
    form: 'no such project',
    url: cloud('https://dev.azure.com/contoso/Paiments/_git/api'),
    analyzed: 'NotAllowedError',
  },
  {
    form: 'no such branch',
    url: cloud(`${API}?version=GBgone`),
    analyzed: 'NotFoundError',
  },
  {
    form: 'project',
    url: cloud('https://dev.azure.com/contoso/Payments'),
    analyzed: 'InputError',
  },
  {
    form: 'version without prefix',
    url: cloud(`${API}${FILE}&version=main`),
    analyzed: 'InputError',
  },
];

/** What a location of this URL would give: the descriptions in its files, or the error. */
async function locate(reader: UrlReaderService, url: string): Promise<string> {
  try {
    const { files } = await reader.search(url);
    const contents = await Promise.all(files.map(file => file.content()));
    return contents.length === 0
      ? 'no file'
      : contents
          .map(content => descriptionIn(content.toString('utf8')))
          .join(', ');
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

function descriptionIn(text: string): string {
  return /^ {2}description: "(.*)"$/m.exec(text)?.[1] ?? text.slice(0, 30);
}

async function analyze(url: string): Promise<string> {
  try {
    const { existing } = await analyzer.analyze({ url });
    return String(existing.length);
  } catch (error) {
    return (error as Error).name;
  }
}

describe('reading and analyzing a URL gives what its form means:', () => {
  const rows: Array<Record<string, string>> = [];

  it.each(forms)('$form', async ({ form, url, wanted, analyzed = 1 }) => {
    const ours = await locate(reading.reader, url());
    const stock = await locate(reading.stock, url());
    const found = await analyze(url());
    const short = (text: string) =>
      (wanted !== undefined && text === wanted ? 'reads it' : text).slice(
        0,
        60,
      );
    rows.push({
      form,
      'our reader': short(ours),
      'our analyzer': found,
      "Backstage's reader": short(stock),
    });

    if (wanted === undefined) {
      expect(ours).toMatch(/^(no file|InputError|NotAllowedError)/);
      // Nor does Backstage's reader find a descriptor there.
      expect(stock).not.toMatch(DESCRIPTIONS);
    } else {
      expect(ours).toBe(wanted);
    }
    expect(found).toBe(String(analyzed));
  });

  afterAll(() => {
    const better = rows.filter(
      row =>
        row['our reader'] === 'reads it' &&
        row["Backstage's reader"] !== 'reads it',
    );
    process.stdout.write(
      `${table(rows)}\n${rows.length} forms; ${better.length} that Backstage's own reader does not read.\n`,
    );
  });
});

function table(rows: ReadonlyArray<Record<string, string>>): string {
  const keys = Object.keys(rows[0] ?? {});
  const widths = keys.map(key =>
    Math.max(key.length, ...rows.map(row => row[key]!.length)),
  );
  const line = (cells: string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join(' | ')
      .trimEnd();
  return [
    line(keys),
    widths.map(width => '-'.repeat(width)).join('-|-'),
    ...rows.map(row => line(keys.map(key => row[key]!))),
  ].join('\n');
}
