import type { Simulator } from '../../dev/simulator';
import { component } from '../e2e/support';
import { startCatalog, type TestCatalog } from '../support/backend';
import { proxyGlobalFetch } from '../support/proxied-fetch';
import { Cloud, TENANT_A } from './support';

// In a file of its own: the library keeps the token of the machine's identity
// for as long as its modules live.

let cloud: Cloud;
let simulator: Simulator;
let restoreFetch: () => Promise<void>;
let catalog: TestCatalog | undefined;

beforeEach(async () => {
  cloud = await Cloud.start();
  simulator = cloud.simulator;
  restoreFetch = proxyGlobalFetch();
});

afterEach(async () => {
  await catalog?.stop();
  catalog = undefined;
  await restoreFetch();
  await cloud.close();
});

async function names(): Promise<string[]> {
  const entities = (await catalog?.entities({ kind: 'Component' })) ?? [];
  return entities.map(({ metadata }) => metadata.name).sort();
}

it('the module fills the catalog from a project with no more than the permission to read that project', async () => {
  const { identity } = simulator.parts.entra.metadata.setSystemAssigned({
    tenantId: TENANT_A,
  });
  const organization = simulator.addOrganization('MyOrg', {
    tenantId: TENANT_A,
  });
  for (const name of ['SecretSauce', 'Other']) {
    organization.addProject(name).addRepository('service', {
      files: { '/catalog-info.yaml': component(name.toLowerCase()) },
    });
  }
  organization.grant(identity, { projects: ['SecretSauce'] });
  const integrations = {
    azure: [
      { host: 'dev.azure.com', credentials: [{ clientId: 'system-assigned' }] },
    ],
  };
  for (const block of [{ project: 'SecretSauce' }, {}]) {
    catalog = await startCatalog({
      integrations,
      providers: { main: { organization: 'MyOrg', ...block } },
    });
    expect(await catalog.refresh()).toMatchObject({ outcome: 'complete' });
    await catalog.settled();
    expect(await names()).toEqual(['secretsauce']);
    await catalog.stop();
    catalog = undefined;
  }
});
