import { Simulator } from '../../dev/simulator';
import { proxyGlobalFetch } from '../support/proxied-fetch';
import { withEnvironment } from '../support/with-environment';
import {
  startCatalog,
  type CatalogOptions,
  type TestCatalog,
} from '../support/backend';

export const TOKEN = 'a-personal-access-token-of-the-tests';
export const IDENTITY = 'ingester';

/** Everything that one test starts, so that it can be stopped in order. */
export interface Stage {
  readonly simulator: Simulator;
  /** Starts a catalog that reads from the simulator with a token that may read everything. */
  catalog(options?: CatalogOptions): Promise<TestCatalog>;
  stop(): Promise<void>;
}

/** The simulator as the proxy of this process, with a valid token; catalogs are started on demand. */
export async function setStage(): Promise<Stage> {
  const simulator = await Simulator.start();
  simulator.addPersonalAccessToken(TOKEN, { identity: IDENTITY });
  const restore = withEnvironment({ HTTPS_PROXY: simulator.proxyUrl });
  const restoreFetch = proxyGlobalFetch();
  const catalogs: TestCatalog[] = [];
  return {
    simulator,
    async catalog(catalogOptions = {}) {
      const catalog = await startCatalog({
        integrations: {
          azure: [
            {
              host: 'dev.azure.com',
              credentials: [{ personalAccessToken: TOKEN }],
            },
          ],
        },
        ...catalogOptions,
      });
      catalogs.push(catalog);
      return catalog;
    },
    async stop() {
      for (const catalog of catalogs) {
        await catalog.stop();
      }
      await restoreFetch();
      await simulator.close();
      restore();
    },
  };
}

/** A stage for all tests of the file, or of the `describe`, that calls this. */
export function stageForAll(): Stage {
  return stageBetween(beforeAll, afterAll);
}

/** A stage for each of these tests. */
export function stageForEach(): Stage {
  return stageBetween(beforeEach, afterEach);
}

function stageBetween(before: typeof beforeAll, after: typeof afterAll): Stage {
  let stage: Stage;
  before(async () => {
    stage = await setStage();
  });
  after(() => stage.stop());
  return {
    get simulator() {
      return stage.simulator;
    },
    catalog: options => stage.catalog(options),
    stop: () => stage.stop(),
  };
}

/** An organization that the token may read. */
export function addReadableOrganization(
  simulator: Simulator,
  name: string,
  options?: Parameters<Simulator['addOrganization']>[1],
) {
  const organization = simulator.addOrganization(name, options);
  organization.grant(IDENTITY);
  return organization;
}

/** A component's descriptor. */
export function component(name: string, extra = ''): string {
  return [
    'apiVersion: backstage.io/v1alpha1',
    'kind: Component',
    'metadata:',
    `  name: ${name}`,
    'spec:',
    '  type: service',
    '  lifecycle: production',
    '  owner: team-a',
    extra,
  ]
    .filter(line => line !== '')
    .join('\n')
    .concat('\n');
}
