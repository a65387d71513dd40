import { Simulator } from '../../dev/simulator';
import { Limiter, type LimiterOptions } from '../../dev/simulator/limiter';
import { limiterHook, limiterKey } from '../../dev/simulator/limiter-hook';
import { type Answer, ask, basic } from './ask';

const PROJECTS = 'https://dev.azure.com/contoso/_apis/projects?api-version=7.1';

let simulator: Simulator;
let now: number;
/** How far the clock goes at every look at it: time passes, and nobody waits. */
let step: number;

async function start(limiter: LimiterOptions): Promise<void> {
  simulator = await Simulator.start({
    limiter: { costs: { projects: 1, default: 1 }, ...limiter },
    clock: () => (now += step),
  });
  simulator.addPersonalAccessToken('token', { identity: 'alice' });
  simulator.addOrganization('contoso').grant('alice');
}

beforeEach(() => {
  now = Date.parse('2026-03-02T08:00:00Z');
  step = 0;
});
afterEach(async () => await simulator.close());

async function get(url = PROJECTS): Promise<Answer> {
  return await ask(simulator, url, { headers: basic('token') });
}

/** Spends under alice's name without asking. */
function spend(cost: number): void {
  const key = limiterKey(simulator.organization('contoso'), 'alice');
  simulator.parts.limiter?.spend(key, simulator.now(), cost);
}

function limitHeaders({ headers }: Answer): string[] {
  return Object.keys(headers).filter(
    name => name.startsWith('x-ratelimit') || name === 'retry-after',
  );
}

it('adds nothing far from the limit, and the headers near it, to errors as well', async () => {
  await start({ budget: 100 });
  expect(limitHeaders(await get())).toEqual([]);
  spend(60);
  for (const url of [
    PROJECTS,
    PROJECTS.replace('projects', 'projects/missing'),
  ]) {
    const answer = await get(url);
    expect([200, 404]).toContain(answer.status);
    expect(limitHeaders(answer).sort()).toEqual([
      'x-ratelimit-cost',
      'x-ratelimit-limit',
      'x-ratelimit-remaining',
      'x-ratelimit-reset',
      'x-ratelimit-resource',
    ]);
  }
});

it('holds answers back by as much of the clock as it says, and still gives them', async () => {
  await start({ budget: 100 });
  spend(120);
  const before = now;
  step = 500;
  const answer = await get();
  expect(answer.status).toBe(200);
  const delay = Number(answer.headers['x-ratelimit-delay']) * 1000;
  expect(delay).toBe(12_600);
  expect(now - before).toBeGreaterThanOrEqual(delay);
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(200);
  expect(answer.headers['x-ratelimit-remaining']).toBe('0');
});

it('refuses in every form', async () => {
  await start({
    budget: 100,
    refusals: ['429-json', '429-plain', '429-bare', '503-html', '401', '203'],
  });
  spend(150);
  const answers = [];
  for (let n = 0; n < 6; n++) answers.push(await get());
  const message = 'TF400733: The request has been canceled';
  expect(
    answers.map(answer => [
      answer.status,
      String(answer.headers['content-type']).split(';')[0],
      answer.body.includes(message),
      limitHeaders(answer).length,
    ]),
  ).toEqual([
    [429, 'application/json', true, 6],
    [429, 'text/plain', true, 6],
    [429, 'application/json', true, 0],
    [503, 'text/html', false, 0],
    [401, 'undefined', false, 0],
    [203, 'text/html', false, 0],
  ]);
  expect(JSON.parse(answers[0]?.body ?? '')).toMatchObject({
    message: expect.stringContaining(message),
  });
  expect(simulator.requests.count({ status: 429, identity: 'alice' })).toBe(3);
});

it('can be tightened and loosened while the simulator runs', async () => {
  await start({ budget: Infinity });
  spend(1000);
  expect((await get()).status).toBe(200);
  simulator.parts.limiter?.configure({ budget: 100 });
  expect((await get()).status).toBe(429);
  simulator.parts.limiter?.configure({ budget: Infinity });
  expect((await get()).status).toBe(200);
});

it('does not hold back what a client that has gone away asked for', async () => {
  await start({});
  const organization = simulator.organization('contoso');
  const limiter = new Limiter({ budget: 1, costs: { projects: 1 } });
  limiter.spend(limiterKey(organization, 'alice'), now, 0.4);
  // The clock stands still: without the signal this would never end.
  const hook = limiterHook({ limiter, now: () => now });
  const answer = await hook(
    {
      organization,
      endpoint: 'projects',
      identity: simulator.identities.named('alice'),
      request: {
        method: 'GET',
        url: new URL(PROJECTS),
        headers: {},
        body: Buffer.alloc(0),
        door: 'cloud',
        signal: AbortSignal.abort(),
      },
    },
    () => Promise.resolve({ status: 200 }),
  );
  expect(answer.headers).toMatchObject({ 'X-RateLimit-Delay': '24.000' });
});

it('does not limit Azure DevOps Server', async () => {
  await start({ budget: 1 });
  simulator.addOrganization('tfs/DefaultCollection').grant('alice');
  for (let n = 0; n < 5; n++) {
    const response = await fetch(
      `${simulator.serverUrl}/tfs/DefaultCollection/_apis/projects?api-version=7.1`,
      { headers: basic('token') },
    );
    expect(response.status).toBe(200);
    expect(response.headers.get('x-ratelimit-limit')).toBeNull();
  }
});
