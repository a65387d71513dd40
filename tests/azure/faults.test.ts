import { Simulator } from '../../dev/simulator';
import type { FaultKind } from '../../dev/simulator';
import {
  type AzureDevOpsClientPool,
  DEFAULT_TIMEOUTS,
} from '../../src/azure/clients';
import type { AzureDevOpsClient } from '../../src/azure/types';
import { ManualClock } from './support/clock';
import { faultOf, TestClients, throughProxy, TOKEN } from './support/clients';
import { Organization } from '../../src/organization';

const clients = new TestClients();
let simulator: Simulator;
let restore: () => void;
let pool: AzureDevOpsClientPool;
let client: AzureDevOpsClient;
let clock: ManualClock;
let began: number;
let repository: string;
let skipper: NodeJS.Timeout;

beforeEach(async () => {
  simulator = await Simulator.start();
  restore = throughProxy(simulator);
  simulator.addPersonalAccessToken(TOKEN, { identity: 'alice' });
  const organization = simulator.addOrganization('contoso');
  organization.grant('alice');
  repository = organization
    .addProject('Payments')
    .addRepository('api', { files: { '/catalog-info.yaml': 'kind: x\n' } }).id;
  clock = new ManualClock();
  began = clock.now();
  pool = clients.create({ clock });
  client = pool.forOrganization(new Organization('dev.azure.com', 'contoso'));
  await client.listRepositories();
  // Time goes by only while nothing is under way.
  skipper = setInterval(() => {
    if (pool.limiterSnapshot().every(({ inFlight }) => inFlight === 0)) {
      clock.skip();
    }
  }, 10);
});

afterEach(async () => {
  clearInterval(skipper);
  restore();
  await clients.close();
  await simulator.close();
});

const read = () =>
  client.readItem({ repository, path: '/catalog-info.yaml', content: true });

const whole = { outcome: 'present', content: 'kind: x\n' };

/** Milliseconds that were spent waiting. */
const elapsedMs = () => clock.now() - began;

/** Lets the deadline of each request pass that a fault leaves hanging. */
function passDeadlines(injected: { readonly hits: number }): NodeJS.Timeout {
  let passed = 0;
  return setInterval(() => {
    if (injected.hits > passed) {
      passed++;
      clock.advance(DEFAULT_TIMEOUTS.deadlineMs);
    }
  }, 10);
}

/** Faults that last: how they end, and after how many requests at most. */
const LASTING: ReadonlyArray<readonly [FaultKind, string, number]> = [
  ['unauthorized', 'unauthorized', 1],
  ['sign-in-203', 'sign-in', 1],
  ['sign-in-302', 'sign-in', 1],
  ['sign-in-200', 'sign-in', 1],
  ['forbidden', 'forbidden', 1],
  ['conditional-access', 'forbidden', 1],
  ['organization-not-found', 'not-found', 1],
  ['throttled', 'throttled', 6],
  ['throttled-bare', 'throttled', 6],
  ['throttled-403', 'throttled', 6],
  ['server-error', 'unavailable', 4],
  ['bad-gateway', 'unavailable', 4],
  ['unavailable', 'unavailable', 4],
  ['empty-200', 'malformed', 3],
  ['truncate', 'malformed', 3],
  ['corrupt-gzip', 'malformed', 3],
  ['truncated-gzip', 'malformed', 3],
  ['reset-before-headers', 'network', 8],
  ['close-before-headers', 'network', 8],
  ['reset-mid-body', 'network', 4],
  ['short-body', 'network', 4],
  ['short-chunked', 'network', 4],
  ['hang', 'timeout', 2],
  ['hang-mid-body', 'timeout', 2],
  ['drip', 'timeout', 2],
  ['huge-body', 'too-large', 1],
];

describe('A fault that lasts', () => {
  it.each(LASTING)(
    '%s ends as %s, after %s requests at most',
    async (fault, kind, requests) => {
      const injected = simulator.inject({
        match: { endpoint: 'items' },
        fault,
      });
      const passing = kind === 'timeout' ? passDeadlines(injected) : undefined;
      const error = await faultOf(read());
      clearInterval(passing);
      expect(error).toMatchObject({
        kind,
        organization: new Organization('dev.azure.com', 'contoso'),
        operation: `read /catalog-info.yaml of repository ${repository}`,
      });
      expect(injected.hits).toBeGreaterThan(0);
      expect(injected.hits).toBeLessThanOrEqual(requests);
      expect(error.message).toMatch(
        /^dev\.azure\.com\/contoso: could not read .*\. What to do: [A-Z].*\./,
      );
      expect(error.message).not.toMatch(/<\w|\n|undefined/);
      expect(error.message.length).toBeLessThan(700);

      injected.remove();
      await expect(read()).resolves.toMatchObject(whole);
      expect(pool.limiterSnapshot()).toMatchObject([
        { inFlight: 0, waiting: 0 },
      ]);
    },
  );

  it('dns-failure ends as network', async () => {
    const injected = simulator.inject({ fault: 'dns-failure' });
    await expect(faultOf(read())).resolves.toMatchObject({
      kind: 'network',
      retryable: true,
    });
    injected.remove();
    await expect(read()).resolves.toMatchObject(whole);
  });
});

describe('A fault that passes', () => {
  it.each(
    LASTING.filter(([, kind]) =>
      ['throttled', 'unavailable', 'malformed', 'network', 'timeout'].includes(
        kind,
      ),
    ),
  )('%s goes unnoticed', async (fault, kind) => {
    const injected = simulator.inject({
      match: { endpoint: 'items' },
      fault,
      times: 1,
    });
    const passing = kind === 'timeout' ? passDeadlines(injected) : undefined;
    await expect(read()).resolves.toMatchObject(whole);
    clearInterval(passing);
    expect(injected.hits).toBe(1);
  });

  it('while the API versions are asked for goes unnoticed as well', async () => {
    const fresh = clients
      .create()
      .forOrganization(new Organization('dev.azure.com', 'contoso'));
    simulator.inject({
      match: { endpoint: 'locations' },
      fault: 'unavailable',
      times: 1,
    });
    expect((await fresh.listRepositories()).repositories).toHaveLength(1);
  });
});

describe('Throttling', () => {
  it('holds requests back for as long as a 429 asks, and no longer', async () => {
    simulator.inject({
      match: { endpoint: 'items' },
      response: {
        status: 429,
        headers: { 'Retry-After': '120', 'Content-Type': 'text/plain' },
        body: 'TF400733: blocked',
      },
      times: 1,
    });
    const before = elapsedMs();
    await expect(read()).resolves.toMatchObject(whole);
    expect(elapsedMs() - before).toBe(120_000);
    expect(clients.logs.filter(({ level }) => level === 'warn')).toHaveLength(
      1,
    );
  });

  it('holds requests back when a 200 asks for it', async () => {
    simulator.inject({
      match: { endpoint: 'items' },
      headers: { 'Retry-After': '60', 'X-RateLimit-Delay': '0.5' },
      times: 1,
    });
    const before = elapsedMs();
    await expect(read()).resolves.toMatchObject(whole);
    expect(elapsedMs() - before).toBe(0);
    await expect(read()).resolves.toMatchObject(whole);
    expect(elapsedMs() - before).toBe(60_000);
  });

  it.each(['unauthorized', 'sign-in-203'] as const)(
    'makes %s transient instead of evidence about the credential',
    async fault => {
      simulator.inject({
        match: { endpoint: 'items' },
        fault: 'throttled-bare',
        times: 1,
      });
      await read();
      const lasting = simulator.inject({ match: { endpoint: 'items' }, fault });
      const error = await faultOf(read());
      expect(error).toMatchObject({ duringThrottling: true, retryable: true });
      expect(error.message).toContain('throttling this identity');
      expect(lasting.hits).toBe(3);
      lasting.remove();

      // Once the throttling is over it is proof again, however often it came.
      await read();
      clock.schedule(400_000, () => {});
      clock.skip();
      simulator.inject({ match: { endpoint: 'items' }, fault });
      const proof = await faultOf(read());
      expect(proof.duringThrottling).toBeUndefined();
      expect(proof.retryable).toBe(false);
    },
  );

  it('that lasts for hours fails requests with the message of the service, after minutes and few attempts', async () => {
    const injected = simulator.inject({
      match: { endpoint: 'items' },
      fault: 'throttled-bare',
    });
    const before = elapsedMs();
    const faults = await Promise.all(
      Array.from({ length: 500 }, () => faultOf(read())),
    );
    for (const fault of faults) {
      expect(fault.kind).toBe('throttled');
    }
    expect(elapsedMs() - before).toBeLessThan(15 * 60_000);
    expect(injected.hits).toBeLessThan(60);
    injected.remove();
    await expect(read()).resolves.toMatchObject(whole);
  });

  it('fails requests of people at once when the pause is long', async () => {
    simulator.inject({
      match: { endpoint: 'items' },
      headers: { 'Retry-After': '600' },
      times: 1,
    });
    await read();
    const person = pool.interactive.forOrganization(
      new Organization('dev.azure.com', 'contoso'),
    );
    const before = elapsedMs();
    const fault = await faultOf(
      person.readItem({ repository, path: '/x', content: true }),
    );
    expect(fault.kind).toBe('throttled');
    expect(fault.retryAfterMs).toBeGreaterThan(500_000);
    expect(elapsedMs() - before).toBe(0);
  });
});
