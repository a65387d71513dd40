import type { Organization, Repository } from '../../dev/simulator/index';
import { readDescriptorPath } from '../../src/config/patterns';
import { CatalogRules } from '../../src/descriptors/rules';
import { YamlParser } from '../../src/descriptors/yaml';
import {
  AzureDevOpsLocationAnalyzer,
  type AzureDevOpsLocationAnalyzerOptions,
} from '../../src/catalog-import/analyzer';
import type { KnownAs } from '../../src/catalog-import/known-locations';
import { problemsIn, recordingLogger } from '../support/logs';
import {
  component,
  type Reading,
  startReading,
  startSimulator,
  TOKEN,
} from '../content/support';

const yaml = new YamlParser({ enableYamlMerge: false });

const API = 'https://dev.azure.com/contoso/Payments/_git/api';

let world: Awaited<ReturnType<typeof startSimulator>>;
let contoso: Organization;
let reading: Reading;
let api: Repository;
let known: Map<string, KnownAs>;

beforeAll(async () => {
  world = await startSimulator();
  contoso = world.simulator.addOrganization('contoso');
  contoso.grant('alice', { projects: ['Payments', 'Orders'] });
  const payments = contoso.addProject('Payments');
  api = payments.addRepository('api', {
    files: {
      '/catalog-info.yaml': `${component('api')}---\n${component('api-too')}`,
      '/svc/a/catalog-info.yaml': component('a'),
      '/svc/b/service.yaml': component('b'),
      '/.backstage/catalog-info.yaml': component('dotted'),
      '/values.yaml': 'replicas: 3',
    },
  });
  payments.addRepository('bare', { files: { '/README.md': '# Bare' } });
  payments.addRepository('empty');
  payments.addRepository('off', {
    files: { '/catalog-info.yaml': component('off') },
    disabled: true,
  });
  payments.addRepository('broken', {
    files: { '/catalog-info.yaml': 'kind: [Component' },
  });
  payments.addRepository('half', {
    files: {
      '/catalog-info.yaml': component('half'),
      '/svc/catalog-info.yaml': 'kind: [Component',
    },
  });
  contoso.addProject('Orders');
  contoso.addProject('Secret').addRepository('hidden', {
    files: { '/catalog-info.yaml': component('hidden') },
  });
});
afterAll(() => world.close());

beforeEach(() => {
  reading = startReading(world.simulator);
  known = new Map();
});
afterEach(async () => {
  world.simulator.faults.removeAll();
  await reading.close();
});

type DescriptorNames = Partial<
  Pick<AzureDevOpsLocationAnalyzerOptions, 'entityFilename' | 'providerPaths'>
>;

function analyzer(names: DescriptorNames = {}) {
  return new AzureDevOpsLocationAnalyzer({
    content: reading.content,
    entityFilename: 'catalog-info.yaml',
    providerPaths: [],
    ...names,
    rules: CatalogRules.fromConfig(reading.config),
    yaml,
    knownLocations:
      () =>
      async ({ url }) =>
        known.get(url),
    logger: recordingLogger(reading.logs),
  });
}

async function found(url: string, names?: DescriptorNames): Promise<string[]> {
  const { existing } = await analyzer(names).analyze({ url });
  return existing.map(
    ({ location, entity }) => `${entity.metadata.name} ${location.target}`,
  );
}

describe('the analyzer', () => {
  it('finds the descriptors by the name that the import gives them, with the entities in them', async () => {
    expect(await found(API)).toEqual([
      `dotted ${API}?path=/.backstage/catalog-info.yaml`,
      `api ${API}?path=/catalog-info.yaml`,
      `api-too ${API}?path=/catalog-info.yaml`,
      `a ${API}?path=/svc/a/catalog-info.yaml`,
    ]);
    expect(await found(API, { entityFilename: 'service.yaml' })).toEqual([
      `b ${API}?path=/svc/b/service.yaml`,
    ]);
    expect(
      await found(API, { entityFilename: '.backstage/catalog-info.yaml' }),
    ).toEqual([`dotted ${API}?path=/.backstage/catalog-info.yaml`]);
    expect(await found(API, { entityFilename: '*.yaml' })).toEqual(
      expect.arrayContaining([`b ${API}?path=/svc/b/service.yaml`]),
    );
  });

  it('takes the name from the request where there is one', async () => {
    const { existing } = await analyzer().analyze({
      url: API,
      catalogFilename: 'service.yaml',
    });
    expect(existing.map(({ entity }) => entity.metadata.name)).toEqual(['b']);
  });

  it.each([
    ['catalog-info.@(yml|yaml)*', 'without parentheses'],
    [`${'{a,b}'.repeat(7)}*.yaml`, 'at most 100 alternatives'],
    [`*${'x'.repeat(1_000)}.yaml`, 'at most 1000 characters'],
  ])(
    'is not made with the file name %s, and the error names catalog.import.entityFilename',
    (entityFilename, expected) => {
      const make = () => analyzer({ entityFilename });
      expect(make).toThrow('Expected `catalog.import.entityFilename` to be ');
      expect(make).toThrow(expected);
    },
  );

  it('rejects a request whose file name is a glob that cannot be matched', async () => {
    const analysis = analyzer().analyze({
      url: API,
      catalogFilename: '@(a|b)*.yaml',
    });
    await expect(analysis).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringContaining('Expected catalogFilename to be '),
    });
  });

  it("finds what the providers' paths find", async () => {
    const reading = readDescriptorPath('/svc/**/service.yaml');
    const providerPaths = 'paths' in reading ? reading.paths! : [];
    expect(
      await found(API, { entityFilename: 'none.yaml', providerPaths }),
    ).toEqual([`b ${API}?path=/svc/b/service.yaml`]);
  });

  it('looks inside of a folder, at a branch, at a file, or at what a glob matches', async () => {
    api.push({
      branch: 'next',
      files: { '/svc/c/catalog-info.yaml': component('c') },
    });
    expect(await found(`${API}?path=/svc`)).toEqual([
      `a ${API}?path=/svc/a/catalog-info.yaml`,
    ]);
    expect(await found(`${API}?path=/svc&version=GBnext`)).toEqual([
      `a ${API}?path=/svc/a/catalog-info.yaml&version=GBnext`,
      `c ${API}?path=/svc/c/catalog-info.yaml&version=GBnext`,
    ]);
    expect(await found(`${API}?path=/svc/b/service.yaml`)).toEqual([
      `b ${API}?path=/svc/b/service.yaml`,
    ]);
    expect(await found(`${API}?path=/svc/*/*.yaml`)).toHaveLength(2);
  });

  it('finds nothing where there is nothing, so that a descriptor is proposed', async () => {
    expect(await found(API.replace('api', 'bare'))).toEqual([]);
    expect(await found(API.replace('api', 'empty'))).toEqual([]);
    expect(await found(`${API}?path=/catalog-info.yml`)).toEqual([]);
  });

  it('shows what the catalog has already, with the target that it was registered by', async () => {
    const other = `${API}?path=%2Fsvc%2Fa%2Fcatalog-info.yaml`;
    known.set(`${API}?path=/catalog-info.yaml`, { as: 'provided' });
    known.set(`${API}?path=/svc/a/catalog-info.yaml`, {
      as: 'location',
      target: other,
    });
    const { existing } = await analyzer().analyze({ url: API });
    expect(
      existing.map(({ entity, isRegistered, location }) => [
        entity.metadata.name,
        isRegistered,
        location.target,
      ]),
    ).toEqual([
      ['dotted', false, `${API}?path=/.backstage/catalog-info.yaml`],
      ['api', true, `${API}?path=/catalog-info.yaml`],
      ['api-too', true, `${API}?path=/catalog-info.yaml`],
      ['a', true, other],
    ]);
  });

  it('answers 404 for a repository that does not exist, and 403 for one that may not be read', async () => {
    const at = (path: string) =>
      analyzer().analyze({ url: `https://dev.azure.com/${path}` });
    await expect(at('contoso/Payments/_git/aip')).rejects.toMatchObject({
      name: 'NotFoundError',
      message:
        "The repository 'aip' does not exist in the project 'Payments' of dev.azure.com/contoso. " +
        'The credential reads the project and sees the repositories api, bare, empty, off, broken, half. ' +
        "Did you mean 'api'?",
    });
    await expect(at('contoso/Secret/_git/hidden')).rejects.toMatchObject({
      name: 'NotAllowedError',
      message: expect.stringContaining(
        "The project 'Secret' may not be read in dev.azure.com/contoso, or has another name. " +
          'The credential for dev.azure.com/contoso sees the project Payments.',
      ),
    });
    await expect(at('contoso/Orders/_git/web')).rejects.toMatchObject({
      name: 'NotAllowedError',
      message: expect.stringContaining('No repository of the project'),
    });
    await expect(at('contoso/Payments/_git/off')).rejects.toMatchObject({
      name: 'NotAllowedError',
      message: expect.stringContaining('is disabled'),
    });
    await expect(
      at('contoso/Payments/_git/api?version=GBgone'),
    ).rejects.toMatchObject({
      name: 'NotFoundError',
      message: expect.stringContaining('TF401175'),
    });
    await expect(at('nowhere/Payments/_git/api')).rejects.toMatchObject({
      name: expect.stringMatching(/NotAllowedError|NotFoundError/),
    });
  });

  it('answers 403, not 401, when the credential of the backend is denied', async () => {
    world.simulator.personalAccessToken(TOKEN).state = 'expired';
    try {
      await expect(analyzer().analyze({ url: API })).rejects.toMatchObject({
        name: 'NotAllowedError',
        message: expect.stringContaining('dev.azure.com/contoso'),
      });
    } finally {
      world.simulator.personalAccessToken(TOKEN).state = 'valid';
    }
  });

  it('proposes no descriptor where one is that gives no entity', async () => {
    await expect(found(API.replace('api', 'broken'))).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringContaining('/catalog-info.yaml, document 1'),
    });
    expect(await found(API.replace('api', 'half'))).toEqual([
      `half ${API.replace('api', 'half')}?path=/catalog-info.yaml`,
    ]);
    expect(problemsIn(reading.logs).map(({ message }) => message)).toEqual([
      expect.stringContaining('/svc/catalog-info.yaml, document 1'),
    ]);
  });

  it('does not download a descriptor that is too large for memory, and names it', async () => {
    contoso.project('Payments').addRepository('huge', {
      files: { '/catalog-info.yaml': '#'.repeat(33 * 1024 * 1024) },
    });
    world.simulator.requests.reset();
    await expect(found(API.replace('api', 'huge'))).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringContaining('/catalog-info.yaml: the file is too'),
    });
    // The answer to the one request for it is broken off by its length.
    expect(world.simulator.requests.count({ endpoint: 'blobs' })).toBe(1);
  });

  it('supports URLs of Azure DevOps and no others', () => {
    expect(analyzer().supports(API)).toBe(true);
    expect(analyzer().supports('git@ssh.dev.azure.com:v3/contoso/P/r')).toBe(
      true,
    );
    expect(analyzer().supports('https://github.com/contoso/api')).toBe(false);
  });
});
