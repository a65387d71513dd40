import { HandScheduler } from '../bench/hand-scheduler';
import { ProcessingWatch } from '../url-reader/processing';
import type { CatalogOptions } from '../support/backend';
import {
  addReadableOrganization,
  component,
  setStage,
  type Stage,
} from './support';

// An hour in which nothing happens, with our module and without: what it costs
// that the catalog processes everything again every two minutes.

const DESCRIPTORS = 240;
const INTERVAL_MS = 125_000;
const INTERVALS_AN_HOUR = 3_600_000 / INTERVAL_MS;
const REFRESH_EVERY = 12;
/** Of so many intervals one is gone through: what is read depends on the time alone. */
const SAMPLE = process.env.LONG_TESTS ? 1 : 3;
/** What is read every 90 minutes counts once. */
const HOURS = 1.5;

describe('an hour of steady state', () => {
  const { now } = Date;
  let passed = 0;
  let stage: Stage;
  const targets: string[] = [];
  beforeAll(async () => {
    jest.spyOn(Date, 'now').mockImplementation(() => now() + passed);
    stage = await setStage();
    const project = addReadableOrganization(
      stage.simulator,
      'contoso',
    ).addProject('P');
    for (let i = 0; i < DESCRIPTORS; i++) {
      project.addRepository(`r${i}`, {
        files:
          i % 3 === 0 ? withPlaceholder(i) : { '/c.yaml': component(`c${i}`) },
      });
      targets.push(`https://dev.azure.com/contoso/P/_git/r${i}?path=/c.yaml`);
    }
    passed += 24 * 3_600_000;
  });
  afterAll(async () => {
    await stage.stop();
    jest.restoreAllMocks();
  });

  function withPlaceholder(i: number) {
    return {
      '/part.txt': `part ${i}`,
      '/c.yaml': `
apiVersion: backstage.io/v1alpha1
kind: API
metadata: { name: c${i} }
spec:
  type: openapi
  lifecycle: production
  owner: team-a
  definition: { $text: ./part.txt }
`,
    };
  }

  async function start(options: CatalogOptions) {
    const watch = new ProcessingWatch();
    const scheduler = new HandScheduler();
    const catalog = await stage.catalog({
      ...options,
      features: [watch.feature, scheduler.feature],
      catalog: { ...options.catalog, processingInterval: { hours: 100 } },
    });
    return { catalog, watch, scheduler };
  }

  async function requestsWithout(): Promise<number> {
    const { catalog, watch } = await start({
      withoutModule: true,
      catalog: {
        locations: targets.map(target => ({ type: 'url', target })),
        rules: [{ allow: ['Component', 'API', 'Location'] }],
      },
    });
    await watch.settled(catalog);
    stage.simulator.requests.reset();
    await watch.processAgain(catalog);
    return stage.simulator.requests.count() * INTERVALS_AN_HOUR;
  }

  async function requestsWith(): Promise<number> {
    const { catalog, watch, scheduler } = await start({
      providers: { main: { organization: 'contoso', path: '/c.yaml' } },
    });
    const refresh = () =>
      scheduler.run('AzureDevOpsEntityProvider:main:refresh');
    await refresh();
    await watch.settled(catalog);
    passed += REFRESH_EVERY * INTERVAL_MS;
    // Hints are asked for from the second refresh on.
    await refresh();
    await watch.processAgain(catalog);

    stage.simulator.requests.reset();
    const intervals = HOURS * INTERVALS_AN_HOUR;
    for (let interval = SAMPLE; interval <= intervals; interval += SAMPLE) {
      passed += SAMPLE * INTERVAL_MS;
      if (interval % REFRESH_EVERY === 0) {
        await refresh();
      }
      await watch.processAgain(catalog, 'api:');
    }
    expect(await catalog.entities({ kind: 'api' })).toHaveLength(
      DESCRIPTORS / 3,
    );
    return stage.simulator.requests.count() / HOURS;
  }

  it('takes at least 75 times fewer requests than Locations do, also where a third takes a part from another file', async () => {
    const without = await requestsWithout();
    const ours = await requestsWith();

    // Each descriptor, and the file of each placeholder.
    expect(without).toBeGreaterThanOrEqual(
      (DESCRIPTORS + DESCRIPTORS / 3) * INTERVALS_AN_HOUR,
    );
    expect(without / ours).toBeGreaterThan(75);
  });
});
