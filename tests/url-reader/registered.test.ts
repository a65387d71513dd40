import { createHash } from 'node:crypto';
import type { JsonObject } from '@backstage/types';
import type { Organization } from '../../dev/simulator/index';
import { azureDevOpsUrlReaderFactory } from '../../src/url-reader/reader-factory';
import { startCatalog, type TestCatalog } from '../support/backend';
import { ProcessingWatch } from './processing';
import { component, startSimulator, TOKEN } from '../content/support';

// Registered locations in the real catalog, over several processing intervals,
// with our reader and with Backstage's own. REGISTERED_LOCATIONS=1000 makes it
// the size that the documentation gives numbers for.

const LOCATIONS = Number(process.env['REGISTERED_LOCATIONS'] ?? 40);
const PER_REPOSITORY = 2;
const INTERVALS = 10;
const STOCK_INTERVALS = 2;
/** The middle of the catalog's default, in milliseconds. */
const INTERVAL_MS = 125_000;

let world: Awaited<ReturnType<typeof startSimulator>>;
let contoso: Organization;
const targets: string[] = [];

beforeAll(async () => {
  world = await startSimulator();
  contoso = world.simulator.addOrganization('contoso');
  contoso.grant('alice');
  const payments = contoso.addProject('Payments');
  for (let i = 0; i < LOCATIONS / PER_REPOSITORY; i++) {
    const name = `service-${i}`;
    const files: Record<string, string> = {};
    for (let j = 0; j < PER_REPOSITORY; j++) {
      files[`/part-${j}/catalog-info.yaml`] = component(
        `${name}-${j}`,
        prose(`${name}-${j}`),
      );
      targets.push(
        `https://dev.azure.com/contoso/Payments/_git/${name}?path=/part-${j}/catalog-info.yaml`,
      );
    }
    payments.addRepository(name, { files });
  }
});
afterAll(() => world.close());

/** Makes a descriptor as long, and as hard to compress, as real ones are in the middle. */
function prose(seed: string): string {
  return Array.from({ length: 10 }, (_, i) =>
    createHash('sha256').update(`${seed} ${i}`).digest('hex'),
  ).join(' ');
}

interface Interval {
  readonly requests: number;
  readonly bytes: number;
  /** Requests that brought content along. */
  readonly downloads: number;
}

async function run(
  block: JsonObject,
  intervalCount = INTERVALS,
): Promise<Interval[]> {
  const realNow = Date.now;
  let passed = 0;
  jest.spyOn(Date, 'now').mockImplementation(() => realNow() + passed);
  const watch = new ProcessingWatch();
  let catalog: TestCatalog | undefined;
  try {
    catalog = await startCatalog({
      withoutModule: true,
      features: [azureDevOpsUrlReaderFactory, watch.feature],
      integrations: {
        azure: [{ credentials: [{ personalAccessToken: TOKEN }] }],
      },
      catalog: { processingInterval: { hours: 1 }, ...block },
    });
    world.simulator.requests.reset();
    for (const target of targets) {
      await catalog.client.addLocation({ type: 'url', target });
    }
    await watch.settled(catalog);
    await watch.processAgain(catalog, 'component:');
    const intervals = [measure()];
    for (let i = 1; i < intervalCount; i++) {
      passed += INTERVAL_MS;
      await watch.processAgain(catalog, 'location:');
      intervals.push(measure());
    }
    expect(await catalog.entities({ kind: 'Component' })).toHaveLength(
      LOCATIONS,
    );
    return intervals;
  } finally {
    await catalog?.stop();
    jest.restoreAllMocks();
  }
}

/** What was asked of Azure DevOps since it was last measured. */
function measure(): Interval {
  const { requests } = world.simulator;
  const asked = requests
    .list({})
    .filter(({ endpoint }) =>
      ['repository', 'items', 'blobs'].includes(endpoint),
    );
  const interval = {
    requests: asked.length,
    bytes: asked.reduce((sum, { bytes }) => sum + bytes, 0),
    downloads: asked.filter(
      ({ endpoint, url }) =>
        endpoint === 'blobs' ||
        url.includes('includeContent=true') ||
        url.includes('api-version=6.0'),
    ).length,
  };
  requests.reset();
  return interval;
}

it(`${LOCATIONS} registered locations are each downloaded once in ${INTERVALS} intervals`, async () => {
  const ours = await run({});
  const relaxed = await run({
    azureDevOps: { urlReader: { locationFreshness: { minutes: 15 } } },
  });
  const stock = await run(
    { azureDevOps: { urlReader: { enabled: false } } },
    STOCK_INTERVALS,
  );

  const line = (name: string, intervals: readonly Interval[]) => {
    const [first, ...later] = intervals;
    const mean = (key: keyof Interval) =>
      Math.round(
        later.reduce((sum, each) => sum + each[key], 0) / later.length,
      );
    return [
      name.padEnd(34),
      `${first!.requests}`.padStart(9),
      `${first!.bytes}`.padStart(9),
      `${mean('requests')}`.padStart(13),
      `${mean('bytes')}`.padStart(13),
      `${later.reduce((sum, { downloads }) => sum + downloads, 0)}`.padStart(
        15,
      ),
    ].join(' ');
  };
  process.stdout.write(
    [
      `${LOCATIONS} registered locations in ${LOCATIONS / PER_REPOSITORY} repositories, ${INTERVALS} intervals of ${INTERVAL_MS / 1000} s`,
      `                                       first     first then requests    then bytes downloads after`,
      `                                    requests     bytes  per interval  per interval       the first`,
      line('this reader', ours),
      line('locationFreshness: 15 minutes', relaxed),
      line("Backstage's own", stock),
      '',
    ].join('\n'),
  );

  const downloads = (intervals: readonly Interval[]) =>
    intervals.reduce((sum, each) => sum + each.downloads, 0);
  expect(downloads(ours)).toBe(LOCATIONS);
  expect(downloads(relaxed)).toBe(LOCATIONS);
  expect(downloads(stock)).toBe(LOCATIONS * STOCK_INTERVALS);
  const lookups = LOCATIONS / PER_REPOSITORY;
  expect(ours.map(({ requests }) => requests)).toEqual([
    LOCATIONS + lookups,
    ...Array.from({ length: INTERVALS - 1 }, () => LOCATIONS),
  ]);
  expect(
    relaxed.slice(1).reduce((sum, { requests }) => sum + requests, 0),
  ).toBeLessThanOrEqual(2 * LOCATIONS);
}, 1_800_000);
