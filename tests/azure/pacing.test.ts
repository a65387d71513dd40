import { Simulator } from '../../dev/simulator';
import { Limiter, type LimiterOptions } from '../../dev/simulator/limiter';
import { until } from '../support/until';
import { ManualClock } from './support/clock';
import { TestClients, throughProxy, TOKEN } from './support/clients';
import { Organization } from '../../src/organization';

const REPOSITORIES = 5_000;
/** Of real time, on a machine that is busy with other things. */
const LONGEST_MS = 600_000;
const clients = new TestClients();

afterEach(async () => {
  await clients.close();
});

/** Reads one file of every repository, on a clock that stands still while anything is under way. */
async function refresh(limiter: LimiterOptions) {
  const clock = new ManualClock();
  const simulator = await Simulator.start({
    clock: () => clock.now(),
    limiter,
  });
  const restore = throughProxy(simulator);
  try {
    simulator.addPersonalAccessToken(TOKEN, { identity: 'alice' });
    const organization = simulator.addOrganization('contoso');
    organization.grant('alice');
    const project = organization.addProject('Payments');
    const files = { '/catalog-info.yaml': 'kind: Component\n' };
    for (let i = 0; i < REPOSITORIES; i++) {
      project.addRepository(`repository-${i}`, { files });
    }
    const pool = clients.create({ clock });
    const client = pool.forOrganization(
      new Organization('dev.azure.com', 'contoso'),
    );
    const began = clock.now();
    const { repositories } = await client.listRepositories();
    let done = false;
    const all = Promise.all(
      repositories.map(({ id }) =>
        client.readItem({
          repository: id,
          path: '/catalog-info.yaml',
          content: true,
        }),
      ),
    ).finally(() => {
      done = true;
    });
    await until(
      'the refresh to end',
      () => {
        const [pacing] = pool.limiterSnapshot();
        if (pacing?.inFlight === 0 && pacing.waiting > 0) clock.skip();
        return done;
      },
      LONGEST_MS,
    );
    return {
      items: await all,
      elapsedMs: clock.now() - began,
      requests: simulator.requests,
      pacing: pool.limiterSnapshot(),
    };
  } finally {
    restore();
    await simulator.close();
  }
}

describe(`A refresh of ${REPOSITORIES} repositories under the rate limit`, () => {
  // The list costs 1, the discovery 0.01, and each file 0.05 unless it is said otherwise.
  it.each<[string, LimiterOptions, number]>([
    ['as it comes', {}, 1.01 + 250],
    [
      'with dearer requests and late warnings',
      { costs: { items: 0.1 }, headersFrom: 0.9 },
      1.01 + 500,
    ],
  ])(
    'is never blocked, and takes what the budget demands: %s',
    async (_name, options, totalCost) => {
      const { items, elapsedMs, requests, pacing } = await refresh(options);
      expect(items).toHaveLength(REPOSITORIES);
      expect(items.every(({ outcome }) => outcome === 'present')).toBe(true);
      expect(requests.count()).toBe(REPOSITORIES + 2);
      expect(requests.count({ status: 200 })).toBe(REPOSITORIES + 2);
      expect(pacing).toMatchObject([{ throttled: false }]);

      const least = new Limiter(options).leastDuration(totalCost);
      expect(elapsedMs).toBeLessThanOrEqual(1.15 * least);
      expect(clients.logs.filter(({ level }) => level === 'warn')).toHaveLength(
        0,
      );
      const paces = clients.logs.map(({ message }) => message);
      expect(paces.length).toBeGreaterThan(0);
      expect(paces.length).toBeLessThanOrEqual(2);
    },
    LONGEST_MS,
  );
});
