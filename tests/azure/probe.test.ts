import { probeOrganization } from '../../src/azure/probe';
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
  probeOrganization(new Organization(host, organization));

it('the probe of an organization finds its tenant, without any credential', async () => {
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

it('the probe of an organization finds that it does not exist', async () => {
  expect(await on('contosso')).toMatchObject({ exists: false });
});

it('the probe of a Server finds no tenant', async () => {
  const { simulator } = cloud;
  simulator.addOrganization('tfs/Main', { deployment: 'server' });
  const probe = await on('tfs/Main', simulator.serverHost);
  expect(probe?.exists).toBe(true);
  expect(probe?.tenantId).toBeUndefined();
});

it('the probe of an organization leaves open whether it exists when the answer is a redirect, or there is none', async () => {
  cloud.simulator.inject({
    match: { organization: 'contoso' },
    fault: 'sign-in-302',
  });
  const probe = await on('contoso');
  expect(probe?.exists).toBeUndefined();
  expect(await on('Main', 'localhost:9')).toBeUndefined();
});

it("the probe of an organization finds how far the service's clock is ahead", async () => {
  const organization = new Organization('dev.azure.com', 'contoso');
  const late = await probeOrganization(organization, {
    now: () => Date.now() - 600_000,
  });
  expect(late?.clockAheadMs).toBeGreaterThan(590_000);
  expect(late?.clockAheadMs).toBeLessThan(610_000);
});

it('the probe of an organization ends when its signal is aborted', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(
    probeOrganization(new Organization('dev.azure.com', 'contoso'), {
      signal,
    }),
  ).rejects.toThrow('enough');
});
