import type { Entity } from '@backstage/catalog-model';
import type { JsonObject } from '@backstage/types';
import type { Organization, Repository } from '../../dev/simulator/index';
import { catalogModuleAzureDevOpsLocationAnalyzer } from '../../src/catalog-import/module';
import { azureDevOpsUrlReaderFactory } from '../../src/url-reader/reader-factory';
import { startCatalog, type TestCatalog } from '../support/backend';
import { problemsIn } from '../support/logs';
import { until } from '../support/until';
import { ProcessingWatch } from './processing';
import { component, startSimulator, TOKEN } from '../content/support';

// The real catalog, reading single files of Azure DevOps through our reader.

const PAYMENTS = 'https://dev.azure.com/contoso/Payments/_git';
const FILE = '?path=/catalog-info.yaml';

let world: Awaited<ReturnType<typeof startSimulator>>;
let contoso: Organization;
let catalog: TestCatalog | undefined;
let watch: ProcessingWatch;
let api: Repository;

beforeAll(async () => {
  world = await startSimulator();
  contoso = world.simulator.addOrganization('contoso');
  contoso.grant('alice');
  contoso.addProject('Payments');
});
afterAll(() => world.close());

beforeEach(() => {
  api = contoso.project('Payments').addRepository('api', {
    files: {
      '/catalog-info.yaml': component('api'),
      '/text.md': 'from the file',
    },
  });
});
afterEach(async () => {
  world.simulator.faults.removeAll();
  await catalog?.stop();
  catalog = undefined;
  for (const repository of [...contoso.project('Payments').repositories()]) {
    repository.delete({ permanently: true });
  }
});

async function start(block: JsonObject = {}): Promise<TestCatalog> {
  watch = new ProcessingWatch();
  catalog = await startCatalog({
    withoutModule: true,
    features: [
      azureDevOpsUrlReaderFactory,
      catalogModuleAzureDevOpsLocationAnalyzer,
      watch.feature,
    ],
    integrations: {
      azure: [{ credentials: [{ personalAccessToken: TOKEN }] }],
    },
    catalog: { processingInterval: { hours: 1 }, ...block },
  });
  return catalog;
}

const url = (target: string) => ({ type: 'url', target });

async function components(from: TestCatalog): Promise<string[]> {
  const found = await from.entities({ kind: 'Component' });
  return found.map(({ metadata }) => metadata.name).sort();
}

function problems(from: TestCatalog): string[] {
  return problemsIn(from.logs).map(({ message }) => message);
}

describe('one file that several locations name', () => {
  it('is one entity without a conflict, however they spell its URL', async () => {
    const catalog = await start({
      locations: [url(`${PAYMENTS}/api${FILE}`)],
    });
    for (const target of [
      `${PAYMENTS}/api?path=%2Fcatalog-info.yaml`,
      `${PAYMENTS}/api${FILE}&version=GBmain&_a=contents`,
      `https://dev.azure.com/Contoso/payments/_git/API${FILE}`,
    ]) {
      await catalog.client.addLocation(url(target));
    }
    await watch.settled(catalog);
    await watch.processAgain(catalog);
    await watch.processAgain(catalog);

    const found = await catalog.entities({ kind: 'Component' });
    expect(found).toHaveLength(1);
    expect(
      found[0]!.metadata.annotations!['backstage.io/managed-by-location'],
    ).toBe(`url:${PAYMENTS}/api${FILE}`);
    expect(await catalog.entities({ kind: 'Location' })).toHaveLength(4);
    expect(problems(catalog)).toEqual([]);
    expect(errorsOf(found[0]!)).toEqual([]);
  });

  it("is one entity when a monorepo's root lists what a glob finds", async () => {
    contoso.project('Payments').addRepository('mono', {
      files: {
        '/catalog-info.yaml': [
          'apiVersion: backstage.io/v1alpha1',
          'kind: Location',
          'metadata: {name: mono}',
          'spec: {targets: [./svc/a/catalog-info.yaml, ./svc/b/catalog-info.yaml]}',
        ].join('\n'),
        '/svc/a/catalog-info.yaml': component('a'),
        '/svc/b/catalog-info.yaml': component('b'),
      },
    });
    const catalog = await start({
      locations: [
        url(`${PAYMENTS}/mono${FILE}`),
        url(`${PAYMENTS}/mono?path=/svc/*/catalog-info.yaml`),
      ],
    });
    await watch.settled(catalog);
    await watch.processAgain(catalog);
    await watch.processAgain(catalog);
    expect(await components(catalog)).toEqual(['a', 'b']);
    expect(problems(catalog)).toEqual([]);
  });
});

describe('a location', () => {
  it('keeps its entity through every error of the service, and follows the file when it changes', async () => {
    const catalog = await start({ locations: [url(`${PAYMENTS}/api${FILE}`)] });
    await watch.settled(catalog);
    expect(await components(catalog)).toEqual(['api']);

    for (const fault of [
      'sign-in-203',
      'sign-in-200',
      'sign-in-302',
      'unauthorized',
      'organization-not-found',
      'truncate',
    ] as const) {
      const injected = world.simulator.inject({ fault });
      await watch.processAgain(catalog);
      expect(injected.hits).toBeGreaterThan(0);
      injected.remove();
      expect(await components(catalog)).toEqual(['api']);
    }
    contoso.revoke('alice');
    await watch.processAgain(catalog);
    await watch.processAgain(catalog);
    expect(await components(catalog)).toEqual(['api']);
    contoso.grant('alice');

    api.push({ files: { '/catalog-info.yaml': component('renamed') } });
    await watch.processAgain(catalog);
    await until('the new entity alone', async () => {
      return (await components(catalog)).join() === 'renamed';
    });
  });

  it('that was registered by catalog-import is shown there as registered, however its URL is spelled', async () => {
    const catalog = await start();
    const target = `${PAYMENTS}/api`;
    const analyze = async (text: string) =>
      await catalog.client.analyzeLocation({ location: url(text) });

    const first = await analyze(target);
    expect(first.generateEntities).toEqual([]);
    expect(first.existingEntityFiles).toMatchObject([
      {
        isRegistered: false,
        location: url(`${target}${FILE}`),
        entity: { metadata: { name: 'api' } },
      },
    ]);

    const byClone = await analyze(
      'git@ssh.dev.azure.com:v3/contoso/Payments/api',
    );
    expect(byClone.existingEntityFiles).toEqual(first.existingEntityFiles);

    const spelled = `${target}?path=%2Fcatalog-info.yaml&_a=contents`;
    const dryRun = await catalog.client.addLocation({
      ...url(spelled),
      dryRun: true,
    });
    expect(dryRun.entities.map(({ kind }) => kind).sort()).toEqual([
      'Component',
      'Location',
    ]);
    await catalog.client.addLocation(url(spelled));
    await watch.settled(catalog);
    const second = await analyze(target);
    expect(second.existingEntityFiles).toMatchObject([
      { isRegistered: true, location: url(spelled) },
    ]);
  });

  it('is answered by catalog-import with a proposal where the repository has no descriptor, and with an error where there is none', async () => {
    contoso.project('Payments').addRepository('bare', {
      files: { '/README.md': '# Bare' },
    });
    const catalog = await start();
    const analyzed = await catalog.client.analyzeLocation({
      location: url(`${PAYMENTS}/bare`),
    });
    expect(analyzed.existingEntityFiles).toEqual([]);
    expect(analyzed.generateEntities).toHaveLength(1);
    const statuses = [
      `${PAYMENTS}/nowhere`,
      'https://dev.azure.com/contoso/Secret/_git/x',
      'https://dev.azure.com/contoso/Payments',
    ].map(async target => {
      const path = '/api/catalog/analyze-location';
      const response = await fetch(`${catalog.baseUrl}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ location: url(target) }),
      });
      return response.status;
    });
    expect(await Promise.all(statuses)).toEqual([404, 403, 400]);
  });
});

describe('a placeholder', () => {
  it('is read once within its freshness, however often the catalog processes its entity', async () => {
    api.push({
      files: {
        '/catalog-info.yaml': [
          'apiVersion: backstage.io/v1alpha1',
          'kind: API',
          'metadata: {name: api}',
          'spec:',
          '  type: openapi',
          '  lifecycle: production',
          '  owner: team',
          '  definition: {$text: ./text.md}',
        ].join('\n'),
      },
    });
    const catalog = await start({ locations: [url(`${PAYMENTS}/api${FILE}`)] });
    await watch.settled(catalog);
    const [entity] = await until('the API', async () => {
      const found = await catalog.entities({ kind: 'API' });
      return found.length > 0 && found;
    });
    expect(entity!.spec).toMatchObject({ definition: 'from the file' });
    for (let i = 0; i < 5; i++) {
      await watch.processAgain(catalog);
    }
    const reads = world.simulator.requests
      .list({ endpoint: 'items' })
      .filter(({ url: asked }) => asked.includes('text.md'));
    expect(reads).toHaveLength(1);
  });
});

function errorsOf(entity: Entity): unknown[] {
  const status = Reflect.get(entity, 'status') as
    { items?: Array<{ error?: unknown }> } | undefined;
  return status?.items?.flatMap(({ error }) => error ?? []) ?? [];
}
