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

// What each form of a URL leads to, through our reader and analyzer.

let world: Awaited<ReturnType<typeof startSimulator>>;
let reading: Reading;
let analyzer: AzureDevOpsLocationAnalyzer;
/** What stands in braces in a URL below. */
const parts: Record<string, string> = {
  cloud: 'https://dev.azure.com/contoso',
};

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
  parts.repository = api.id;
  parts.project = payments.id;
  parts.server = simulator.serverUrl;
  api.tag('v1.0');
  api.push({
    branch: 'feature/a&b',
    files: { '/catalog-info.yaml': component('c', 'feature') },
  });
  api.push({
    branch: 'v1.0',
    files: { '/catalog-info.yaml': component('c', 'the branch v1.0') },
  });
  parts.commit = api.branch('main')!.id;
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

/** A form, a URL, the description in the file that it means, if any, and how many descriptors the analyzer finds, if not one. */
const FORMS = `
file | {cloud}/Payments/_git/api?path=/catalog-info.yaml | Payments/api
file, %2F | {cloud}/Payments/_git/api?path=%2Fcatalog-info.yaml | Payments/api
file, no leading slash | {cloud}/Payments/_git/api?path=catalog-info.yaml | Payments/api
file, as the browser shows it | {cloud}/Payments/_git/api?path=/catalog-info.yaml&version=GBmain&_a=contents | Payments/api
file, with lines | {cloud}/Payments/_git/api?path=/catalog-info.yaml&line=1&lineEnd=2&lineStartColumn=1&lineEndColumn=1 | Payments/api
file, with an anchor | {cloud}/Payments/_git/api?path=/catalog-info.yaml&anchor=usage#usage | Payments/api
file behind the # | {cloud}/Payments/_git/api#path=%2Fcatalog-info.yaml&version=GBmain | Payments/api
other case | https://DEV.azure.com/Contoso/payments/_git/API?path=/catalog-info.yaml | Payments/api
doubled slashes | {cloud}//Payments/_git/api?path=/catalog-info.yaml | Payments/api
user name | https://contoso@dev.azure.com/contoso/Payments/_git/api?path=/catalog-info.yaml | Payments/api
branch | {cloud}/Payments/_git/api?path=/catalog-info.yaml&version=GBfeature%2Fa%26b | feature
tag | {cloud}/Payments/_git/api?path=/catalog-info.yaml&version=GTv1.0 | Payments/api
branch of the name of a tag | {cloud}/Payments/_git/api?path=/catalog-info.yaml&version=GBv1.0 | the branch v1.0
commit | {cloud}/Payments/_git/api?path=/catalog-info.yaml&version=GC{commit} | Payments/api
page of a commit | {cloud}/Payments/_git/api/commit/{commit}?path=/catalog-info.yaml | Payments/api
names with spaces | {cloud}/My%20Project/_git/my%20repo?path=/catalog-info.yaml | My Project/my repo
names with # and & | {cloud}/Payments/_git/C%23%20%26%20more?path=/catalog-info.yaml | Payments/C# & more
path with + and & | {cloud}/Payments/_git/api?path=/docs/a%2Bb%20%26%20c.yaml | Payments/api/docs
project-named | {cloud}/_git/Payments?path=/catalog-info.yaml | Payments/Payments
ids instead of names | {cloud}/{project}/_git/{repository}?path=/catalog-info.yaml | Payments/api
id without the project | {cloud}/_git/{repository}?path=/catalog-info.yaml | Payments/api
clone flavour | {cloud}/Payments/_git/_optimized/api?path=/catalog-info.yaml | Payments/api
glob | {cloud}/Payments/_git/api?path=/svc/*/catalog-info.yaml | Payments/api/svc/a
legacy | https://contoso.visualstudio.com/Payments/_git/api?path=/catalog-info.yaml | Payments/api
legacy, with collection | https://contoso.visualstudio.com/DefaultCollection/Payments/_git/api?path=/catalog-info.yaml | Payments/api
legacy, project-named | https://contoso.visualstudio.com/_git/Payments?path=/catalog-info.yaml | Payments/Payments
legacy, both | https://contoso.visualstudio.com/DefaultCollection/_git/Payments?path=/catalog-info.yaml | Payments/Payments
legacy, glob | https://contoso.visualstudio.com/Payments/_git/api?path=/svc/*/catalog-info.yaml | Payments/api/svc/a
Server | {server}/DefaultCollection/Shop/_git/web?path=/catalog-info.yaml | DefaultCollection/Shop/web
Server, project-named | {server}/DefaultCollection/_git/Shop?path=/catalog-info.yaml | DefaultCollection/Shop/Shop
Server, tfs | {server}/tfs/DefaultCollection/Shop/_git/web?path=/catalog-info.yaml | tfs/DefaultCollection/Shop/web
Server, tfs, project-named | {server}/tfs/DefaultCollection/_git/Shop?path=/catalog-info.yaml | tfs/DefaultCollection/Shop/Shop
Server, virtual directory | {server}/azuredevops/Tailspin/Shop/_git/web?path=/catalog-info.yaml | azuredevops/Tailspin/Shop/web
Server, the same, project-named | {server}/azuredevops/Tailspin/_git/Shop?path=/catalog-info.yaml | azuredevops/Tailspin/Shop/Shop
Server, glob | {server}/DefaultCollection/Shop/_git/web?path=/svc/*/catalog-info.yaml | DefaultCollection/Shop/web/svc/a
_apis, items | {cloud}/Payments/_apis/git/repositories/api/items?path=/catalog-info.yaml | Payments/api
_apis, download link | {cloud}/{project}/_apis/git/repositories/{repository}/items?path=/catalog-info.yaml&versionDescriptor%5Bversion%5D=main&versionDescriptor%5BversionType%5D=0&%24format=octetStream&download=true | Payments/api
_apis, by id alone | {cloud}/_apis/git/repositories/{repository}/items/catalog-info.yaml?versionType=Branch | Payments/api
repository | {cloud}/Payments/_git/api | - | 2
repository, clone URL | https://contoso@dev.azure.com/contoso/Payments/_git/api | - | 2
repository, ssh | git@ssh.dev.azure.com:v3/contoso/Payments/api | - | 2
repository, ssh:// | ssh://git@ssh.dev.azure.com/v3/contoso/Payments/api | - | 2
repository, legacy ssh | contoso@vs-ssh.visualstudio.com:v3/contoso/Payments/api | - | 2
page of a branch | {cloud}/Payments/_git/api?version=GBfeature%2Fa%26b | - | 2
folder | {cloud}/Payments/_git/api?path=/svc | - | 1
page of another file | {cloud}/Payments/_git/api?path=/README.md | # Read me | 2
no such file | {cloud}/Payments/_git/api?path=/missing.yaml | - | 0
no such repository | {cloud}/Payments/_git/ap | - | NotFoundError
no such project | {cloud}/Paiments/_git/api | - | NotAllowedError
no such branch | {cloud}/Payments/_git/api?version=GBgone | - | NotFoundError
project | {cloud}/Payments | - | InputError
version without prefix | {cloud}/Payments/_git/api?path=/catalog-info.yaml&version=main | - | InputError
`;

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
  const rows = FORMS.trim()
    .split('\n')
    .map(line => line.split(' | '));

  it.each(rows)('%s', async (_form, template, wanted, analyzed = '1') => {
    const url = template!.replace(/\{(\w+)\}/g, (_, name) => parts[name]!);
    const ours = await locate(reading.reader, url);
    if (wanted === '-') {
      expect(ours).toMatch(/^(no file|InputError|NotAllowedError)/);
      // Nor does Backstage's reader find a descriptor there.
      expect(await locate(reading.stock, url)).not.toMatch(DESCRIPTIONS);
    } else {
      expect(ours).toBe(wanted);
    }
    expect(await analyze(url)).toBe(analyzed);
  });
});

it("Backstage's own reader reads the simulated Server, whose virtual directory it encodes", async () => {
  const url = `${parts.server}/tfs/DefaultCollection/Shop/_git/web?path=/catalog-info.yaml`;
  expect(await locate(reading.stock, url)).toBe(
    'tfs/DefaultCollection/Shop/web',
  );
});
