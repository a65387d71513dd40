import { askAnonymously } from '../../src/azure/anonymous';
import { Cloud, TENANT_A } from '../credentials/support';
import { Organization } from '../../src/organization';

let cloud: Cloud;

beforeEach(async () => {
  cloud = await Cloud.start();
  cloud.simulator.addOrganization('contoso', {
    tenantId: TENANT_A.toUpperCase(),
  });
});

afterEach(async () => await cloud.close());

const on = (organization: string, host = 'dev.azure.com') =>
  askAnonymously(new Organization(host, organization));

it('an organization that is asked without any credential names its tenant', async () => {
  expect(await on('contoso')).toEqual({
    exists: true,
    tenantId: TENANT_A,
    clockAheadMs: 0,
  });
  expect(await on('contoso', 'contoso.visualstudio.com')).toMatchObject({
    exists: true,
    tenantId: TENANT_A,
  });
  for (const { headers } of cloud.simulator.requests.list()) {
    expect(headers.authorization).toBeUndefined();
  }
});

it('an organization that is not there is found not to be there', async () => {
  expect(await on('contosso')).toMatchObject({ exists: false });
});

it('a Server that is asked without any credential names no tenant', async () => {
  const { simulator } = cloud;
  simulator.addOrganization('tfs/Main', { deployment: 'server' });
  const shown = await on('tfs/Main', simulator.serverHost);
  expect(shown?.exists).toBe(true);
  expect(shown?.tenantId).toBeUndefined();
});

it('whether an organization exists is left open when only a sign-in page answers, or nothing', async () => {
  cloud.simulator.inject({
    match: { organization: 'contoso' },
    fault: 'sign-in-302',
  });
  const shown = await on('contoso');
  expect(shown?.exists).toBeUndefined();
  expect(await on('Main', 'localhost:9')).toBeUndefined();
});

it('how far the clock of the service is ahead of ours is measured', async () => {
  const organization = new Organization('dev.azure.com', 'contoso');
  const late = await askAnonymously(organization, () => Date.now() - 600_000);
  expect(late?.clockAheadMs).toBeGreaterThan(590_000);
  expect(late?.clockAheadMs).toBeLessThan(610_000);
});
