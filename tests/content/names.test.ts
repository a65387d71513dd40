import { Simulator, type Organization } from '../../dev/simulator/index';
import { until } from '../support/until';
import {
  holdAnswer,
  MINUTE,
  type Reading,
  startReading,
  TOKEN,
} from './support';
import { Organization as OrganizationValue } from '../../src/organization';

// How the names of repositories are kept right, and what that costs.

const URL_OF_API = '/collection/Payments/_git/api?path=/part.md';

let simulator: Simulator;
let organization: Organization;
let reading: Reading;

beforeEach(async () => {
  simulator = await Simulator.start();
  simulator.addPersonalAccessToken(TOKEN, { identity: 'alice' });
  organization = simulator.addOrganization('collection', {
    deployment: 'server',
  });
  organization
    .addProject('Payments')
    .addRepository('api', { files: { '/part.md': 'a part' } });
  organization.grant('alice');
  reading = startReading(simulator);
});
afterEach(async () => {
  await reading.close();
  await simulator.close();
});

async function read(): Promise<string> {
  const url = simulator.serverUrl + URL_OF_API;
  const response = await reading.reader.readUrl(url);
  return (await response.buffer()).toString();
}

const collection = () =>
  new OrganizationValue(new URL(simulator.serverUrl).host, 'collection');

/** What a provider does that has read the list of repositories. */
async function confirmNames(): Promise<void> {
  const { clients, content } = reading;
  const client = clients.forOrganization(collection());
  content.confirmNames(
    client.organization,
    (await client.listRepositories()).repositories,
  );
}

const lookups = () => simulator.requests.count({ endpoint: 'repository' });

/** Replaces the repository by another of its name. */
function replace(): void {
  const project = organization.project('Payments');
  project.repository('api').rename('elsewhere');
  project.addRepository('api', { files: { '/part.md': 'its successor' } });
}

it('reading looks a repository up once an hour', async () => {
  await read();
  reading.pass(59 * MINUTE);
  await read();
  expect(lookups()).toBe(1);
  reading.pass(2 * MINUTE);
  await read();
  expect(lookups()).toBe(2);
});

it('reading looks no repository up that the list of a provider has', async () => {
  await read();
  for (let hours = 0; hours < 3; hours++) {
    reading.pass(40 * MINUTE);
    await confirmNames();
    reading.pass(40 * MINUTE);
    expect(await read()).toBe('a part');
  }
  expect(lookups()).toBe(1);
});

it.each<[string, () => Promise<void>]>([
  ['after an hour', async () => reading.pass(61 * MINUTE)],
  [
    'after an hour although lists of a provider came',
    async () => {
      reading.pass(30 * MINUTE);
      await confirmNames();
      reading.pass(31 * MINUTE);
    },
  ],
  [
    'at once when the repository is invalidated',
    async () =>
      reading.content.invalidate(
        organization.project('Payments').repository('elsewhere').id,
      ),
  ],
])(
  'reading finds the repository that took over a name %s',
  async (_when, wait) => {
    await read();
    replace();
    await wait();
    expect(await read()).toBe('its successor');
  },
);

it('reading does not use a list that was requested before a repository was invalidated', async () => {
  await read();
  const { id } = organization.project('Payments').repository('api');
  replace();
  reading.content.invalidate(id);
  // The list of a moment ago, in which the name stood for the former repository.
  reading.content.confirmNames(collection(), [
    {
      id,
      name: 'api',
      project: { id: '1', name: 'Payments', state: 'wellFormed' },
      isDisabled: false,
      isFork: false,
    },
  ]);
  expect(await read()).toBe('its successor');
});

it('reading does not share a lookup that was requested before a repository was invalidated', async () => {
  await read();
  const { id } = organization.project('Payments').repository('api');
  reading.pass(61 * MINUTE);
  const { fault: slow, release } = holdAnswer(simulator, 'repository');
  const first = read();
  await until('the lookup', () => slow.hits === 1);
  replace();
  reading.content.invalidate(id);
  expect(await read()).toBe('its successor');
  release();
  expect(await first).toBe('a part');
  // Nor does the older answer replace the newer one.
  simulator.requests.reset();
  expect(await read()).toBe('its successor');
  expect(lookups()).toBe(0);
});

it('reading names the cause at once when a repository is disabled', async () => {
  await read();
  organization.project('Payments').repository('api').disable();
  await expect(
    reading.interactiveReader.readUrl(simulator.serverUrl + URL_OF_API),
  ).rejects.toThrow(/Payments\/api .* is disabled/);
});

it('reading from a repository that is gone fails with its name', async () => {
  await read();
  organization.project('Payments').repository('api').delete({
    permanently: true,
  });
  reading.pass(61 * MINUTE);
  await expect(read()).rejects.toThrow(/has no repository Payments\/api/);
});
