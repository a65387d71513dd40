import { AzureDevOpsRequestError } from '../../src/azure/errors';
import type { AzureDevOpsClient } from '../../src/azure/types';
import { Organization } from '../../src/organization';
import { Cloud } from '../credentials/support';
import { TestClients, TOKEN } from './support/clients';

// Some proxies let no OPTIONS through, by which the versions of the interface
// are asked for.

const HOUR = 60 * 60 * 1_000;

let cloud: Cloud;
const clients = new TestClients();

beforeEach(async () => {
  cloud = await Cloud.start();
  cloud.simulator.addPersonalAccessToken(TOKEN, { identity: 'alice' });
});

afterEach(async () => {
  await clients.close();
  await cloud.close();
});

function add(
  name: string,
  options: Parameters<Cloud['simulator']['addOrganization']>[1],
): Organization {
  const { simulator } = cloud;
  const organization = simulator.addOrganization(name, options);
  organization.grant('alice');
  organization
    .addProject('Payments')
    .addRepository('api', { files: { '/catalog-info.yaml': 'kind: API' } });
  return options?.deployment === 'server'
    ? new Organization(simulator.serverHost, name)
    : new Organization('dev.azure.com', name);
}

/** Everything that is asked of an organization. */
async function askAll(client: AzureDevOpsClient) {
  const [repository] = (await client.listRepositories()).repositories;
  const at = { repository: repository?.id ?? '', project: 'Payments' };
  const item = await client.readItem({
    ...at,
    path: '/catalog-info.yaml',
    content: true,
  });
  return {
    identity: (await client.getIdentity()).name,
    projects: (await client.listProjects()).length,
    repository: (await client.getRepository(at))?.name,
    item: item.outcome === 'present' ? item.content : item,
    listing: (await client.listItems({ ...at, path: '/' })).outcome,
    deleted: await client.listDeletedRepositories({ project: 'Payments' }),
    deletedProjects: await client.listDeletedProjects(),
    versions: await client.getApiVersions(),
  };
}

it.each([
  ['contoso', 404, {}, '7.1'],
  ['contoso', 405, {}, '7.1'],
  ['tfs/Main', 405, { deployment: 'server' }, '5.0'],
  ['tfs/Old', 404, { deployment: 'server', version: 'server-2019' }, '5.0'],
] as const)(
  '%s can be read behind a proxy that answers OPTIONS with %s, and the log says so once',
  async (name, optionsAnsweredWith, options, version) => {
    const organization = add(name, { ...options, optionsAnsweredWith });
    const client = clients.create().interactive.forOrganization(organization);
    expect(await askAll(client)).toMatchObject({
      projects: 1,
      repository: 'api',
      item: 'kind: API',
      listing: 'present',
      deleted: [],
      deletedProjects: [],
      versions: { released: version, refusedWith: optionsAnsweredWith },
    });
    expect(clients.logs.map(({ message }) => message)).toEqual([
      `${organization.label}: OPTIONS is answered with ${optionsAnsweredWith}, probably by a proxy, while other requests work; ` +
        `version ${version} of the interface is assumed. Let OPTIONS through to have the newest`,
    ]);
    // One for each area of the interface.
    const { requests } = cloud.simulator;
    expect(requests.count({ endpoint: 'locations' })).toBe(3);
  },
);

it('an organization that is not there is still reported as not there, without a word about OPTIONS', async () => {
  const client = clients
    .create()
    .interactive.forOrganization(new Organization('dev.azure.com', 'nobody'));
  const error = await client.listRepositories().catch((e: unknown) => e);
  expect(error).toBeInstanceOf(AzureDevOpsRequestError);
  expect(error).toMatchObject({ fault: { kind: 'not-found', status: 404 } });
  expect(clients.logs).toEqual([]);
});

it('the versions are asked for again after an hour, and the newest is used once OPTIONS is let through', async () => {
  const organization = add('contoso', { optionsAnsweredWith: 405 });
  let now = Date.now();
  const clock = {
    now: () => now,
    schedule: (ms: number, action: () => void) => {
      const timer = setTimeout(action, ms);
      return () => clearTimeout(timer);
    },
  };
  const client = clients
    .create({ clock })
    .interactive.forOrganization(organization);
  await client.listRepositories();
  cloud.simulator.organization('contoso').optionsAnsweredWith = undefined;
  now += HOUR - 1;
  expect(await client.getApiVersions()).toMatchObject({ refusedWith: 405 });
  now += 1;
  expect(await client.getApiVersions()).toEqual({
    released: '7.1',
    newest: '7.2',
  });
  expect((await client.listRepositories()).repositories).toHaveLength(1);
});

it('where OPTIONS is answered with another error than that of a proxy, nothing is assumed: the request fails, and the next one asks for the versions again', async () => {
  const organization = add('contoso', {});
  const fault = cloud.simulator.inject({
    match: { endpoint: 'locations' },
    response: { status: 403 },
  });
  const client = clients.create().interactive.forOrganization(organization);
  await expect(client.listRepositories()).rejects.toMatchObject({
    fault: { kind: 'forbidden' },
  });
  fault.remove();
  expect((await client.listRepositories()).repositories).toHaveLength(1);
});
