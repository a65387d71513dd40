import type { Repository } from '../../dev/simulator/index';
import { HandScheduler } from '../bench/hand-scheduler';
import { startCatalog, type TestCatalog } from '../support/backend';
import { ProcessingWatch } from './processing';
import { startSimulator, TOKEN } from '../content/support';

// Placeholders of what a provider ingests: the refresh and the reader share
// what they know.

let world: Awaited<ReturnType<typeof startSimulator>>;
let api: Repository;
let catalog: TestCatalog;
const watch = new ProcessingWatch();
const scheduler = new HandScheduler();

const descriptor = (title: string) =>
  [
    'apiVersion: backstage.io/v1alpha1',
    'kind: API',
    `metadata: {name: api, title: ${title}}`,
    'spec:',
    '  type: openapi',
    '  lifecycle: production',
    '  owner: team',
    '  definition: {$text: ./text.md}',
  ].join('\n');

beforeAll(async () => {
  world = await startSimulator();
  const contoso = world.simulator.addOrganization('contoso');
  contoso.grant('alice');
  api = contoso.addProject('Payments').addRepository('api', {
    files: { '/catalog-info.yaml': descriptor('first'), '/text.md': 'first' },
  });
  catalog = await startCatalog({
    features: [watch.feature, scheduler.feature],
    integrations: {
      azure: [{ credentials: [{ personalAccessToken: TOKEN }] }],
    },
    providers: {
      main: { organization: 'contoso', verifyEvery: { milliseconds: 1 } },
    },
    catalog: { processingInterval: { hours: 100 } },
  });
});
afterAll(async () => {
  await catalog.stop();
  await world.close();
});

async function refreshed(): Promise<unknown> {
  await scheduler.run('AzureDevOpsEntityProvider:main:refresh');
  await watch.settled(catalog);
  await watch.processAgain(catalog, 'api:');
  const [entity] = await catalog.entities({ kind: 'API' });
  return [entity!.metadata.title, entity!.spec!['definition']];
}

it('the URL reader reads the placeholders of a repository again as soon as a refresh finds its descriptor changed', async () => {
  expect(await refreshed()).toEqual(['first', 'first']);
  const reads = () =>
    world.simulator.requests
      .list({ endpoint: 'items' })
      .filter(({ url }) => url.includes('text.md')).length;
  const before = reads();
  expect(await refreshed()).toEqual(['first', 'first']);
  expect(reads()).toBe(before);

  api.push({
    files: { '/catalog-info.yaml': descriptor('second'), '/text.md': 'second' },
  });
  expect(await refreshed()).toEqual(['second', 'second']);
});
