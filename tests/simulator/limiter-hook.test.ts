import { Simulator } from '../../dev/simulator';
import { identityOf } from '../../dev/simulator/model';
import { Limiter, type LimiterOptions } from '../../dev/simulator/limiter';
import { limiterHook } from '../../dev/simulator/limiter-hook';
import { type Answer, ask, basic } from './ask';

const PROJECTS = 'https://dev.azure.com/contoso/_apis/projects?api-version=7.1';

let simulator: Simulator;
let now: number;
/** How far the clock goes at every look at it: time passes, and nobody waits. */
let step: number;

/** @param spent - what one list of repositories costs */
async function start(limiter: LimiterOptions, spent = 0): Promise<void> {
  simulator = await Simulator.start({
    limiter: { costs: { projects: 1, repositories: spent }, ...limiter },
    clock: () => (now += step),
  });
  simulator.addPersonalAccessToken('token', { identity: 'alice' });
  simulator.addOrganization('contoso').grant('alice');
}

/** Takes what a list of repositories costs from alice's budget. */
async function spend(): Promise<void> {
  await get(PROJECTS.replace('projects', 'git/repositories'));
}

beforeEach(() => {
  now = Date.parse('2026-03-02T08:00:00Z');
  step = 0;
});
afterEach(async () => await simulator.close());

async function get(url = PROJECTS): Promise<Answer> {
  return await ask(simulator, url, { headers: basic('token') });
}

function limitHeaders({ headers }: Answer): string[] {
  return Object.keys(headers).filter(
    name => name.startsWith('x-ratelimit') || name === 'retry-after',
  );
}

it('a limited service sends no header far from the limit, and all of them near it, with errors too', async () => {
  await start({ budget: 100 }, 60);
  expect(limitHeaders(await get())).toEqual([]);
  await spend();
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

it('a limited service delays an answer by as much as its headers name', async () => {
  await start({ budget: 100 }, 120);
  step = 500;
  await spend();
  const before = now;
  const answer = await get();
  expect(answer.status).toBe(200);
  const delay = Number(answer.headers['x-ratelimit-delay']) * 1000;
  expect(delay).toBe(12_600);
  expect(now - before).toBeGreaterThanOrEqual(delay);
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(200);
  expect(answer.headers['x-ratelimit-remaining']).toBe('0');
});

it('a limited service blocks in every form that was seen', async () => {
  await start(
    {
      budget: 100,
      blockForms: [
        '429-json',
        '429-plain',
        '429-bare',
        '503-html',
        '401',
        '203',
      ],
    },
    150,
  );
  step = 500;
  await spend();
  step = 0;
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

it('a limited service does not delay what a client that has left asked for', async () => {
  await start({});
  const organization = simulator.organization('contoso');
  const limiter = new Limiter({ budget: 1, costs: { projects: 1.4 } });
  // The clock stands still: without the signal this would never end.
  const hook = limiterHook({ limiter, now: () => now });
  const answer = await hook(
    {
      organization,
      endpoint: 'projects',
      identity: identityOf('alice'),
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

it('Azure DevOps Server has no limit', async () => {
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
