import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { Agent, ProxyAgent, request, type Dispatcher } from 'undici';
import {
  Simulator,
  type FaultKind,
  type Organization,
} from '../../dev/simulator';
import { FAULT_KINDS, WIRE_FAULTS } from '../../dev/simulator/faults';
import { basic } from './ask';

const LIST =
  'https://dev.azure.com/contoso/_apis/git/repositories?api-version=7.1';

describe('a fault that is injected into the simulator', () => {
  let simulator: Simulator;
  let organization: Organization;
  let dispatcher: Dispatcher & {
    close(): Promise<void>;
    destroy(): Promise<void>;
  };

  beforeEach(async () => {
    simulator = await Simulator.start();
    organization = simulator.addOrganization('contoso');
    organization.grant('alice');
    organization.grant('bob');
    simulator.addPersonalAccessToken('alice-token', { identity: 'alice' });
    simulator.addPersonalAccessToken('bob-token', { identity: 'bob' });
    for (const name of ['P', 'Q']) {
      organization
        .addProject(name)
        .addRepository(`${name}-r`, { files: { a: 'x'.repeat(2000) } });
    }
    dispatcher = new ProxyAgent(simulator.proxyUrl);
  });

  afterEach(async () => {
    await dispatcher.destroy();
    await simulator.close();
  });

  async function ask(
    url = LIST,
    headers: Record<string, string> = {},
  ): Promise<{
    status: number;
    headers: Record<string, unknown>;
    body: Buffer;
  }> {
    const response = await request(url, {
      dispatcher,
      headers: {
        ...basic('alice-token'),
        Accept: 'application/json',
        ...headers,
      },
    });
    return {
      status: response.statusCode,
      headers: response.headers,
      body: Buffer.from(await response.body.arrayBuffer()),
    };
  }
  /** For what would never end: gives up, as every client should. */
  async function becomeImpatient() {
    await dispatcher.close();
    dispatcher = new ProxyAgent({
      uri: simulator.proxyUrl,
      bodyTimeout: 300,
      headersTimeout: 300,
    });
  }
  const failure = async (url?: string, headers?: Record<string, string>) => {
    try {
      return await ask(url, headers);
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
  };
  const item = (project: string) =>
    `https://dev.azure.com/contoso/${project}/_apis/git/repositories/${project}-r/items?path=/a&includeContent=true`;

  it.each([
    ['reset-before-headers', ['UND_ERR_SOCKET', 'ECONNRESET']],
    ['close-before-headers', ['UND_ERR_SOCKET']],
    ['reset-mid-body', ['UND_ERR_SOCKET', 'ECONNRESET']],
    ['short-body', ['UND_ERR_SOCKET']],
    ['short-chunked', ['UND_ERR_SOCKET']],
    ['hang', ['UND_ERR_HEADERS_TIMEOUT']],
    ['hang-mid-body', ['UND_ERR_BODY_TIMEOUT']],
  ] as const)(
    '%s breaks one request and leaves the next one alone',
    async (fault, codes) => {
      await ask();
      const injected = simulator.inject({ fault, times: 1 });
      if (fault.startsWith('hang')) {
        await becomeImpatient();
      }
      expect(codes).toContain(await failure());
      expect(injected.hits).toBe(1);
      expect((await ask()).status).toBe(200);
      expect(simulator.requests.list().map(entry => entry.fault)).toEqual([
        undefined,
        fault,
        undefined,
      ]);
    },
  );

  it('truncate sends half of the JSON under a length that agrees', async () => {
    const whole = await ask();
    simulator.inject({ fault: 'truncate', times: 1 });
    const half = await ask();
    expect(half.status).toBe(200);
    expect(half.headers['content-length']).toBe(String(half.body.length));
    expect(half.body).toEqual(
      whole.body.subarray(0, Math.floor(whole.body.length / 2)),
    );
  });

  it.each(['corrupt-gzip', 'truncated-gzip'] as const)(
    '%s cannot be unpacked',
    async fault => {
      simulator.inject({ fault });
      const { headers, body } = await ask(LIST, { 'Accept-Encoding': 'gzip' });
      expect(headers['content-encoding']).toBe('gzip');
      expect(() => gunzipSync(body)).toThrow();
    },
  );

  it('drip sends a byte now and then until the client leaves', async () => {
    simulator.inject({ fault: 'drip' });
    const response = await request(LIST, {
      dispatcher,
      headers: basic('alice-token'),
    });
    let received = 0;
    for await (const chunk of response.body) {
      received += (chunk as Buffer).length;
      if (received > 22) {
        break;
      }
    }
    expect(response.statusCode).toBe(200);
    expect(received).toBeGreaterThan(22);
  });

  it('huge-body sends the size that was asked for without holding it in memory', async () => {
    simulator.inject({ fault: 'huge-body', bytes: 200 * 1024 * 1024 });
    const held = () => {
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const before = held();
    const response = await request(LIST, {
      dispatcher,
      headers: basic('alice-token'),
    });
    let received = 0;
    // Later there is garbage of what was sent and received, however it was made.
    let heldAtFirst: number | undefined;
    for await (const chunk of response.body) {
      heldAtFirst ??= held() - before;
      received += (chunk as Buffer).length;
    }
    expect(received).toBeGreaterThan(200 * 1024 * 1024);
    expect(heldAtFirst).toBeLessThan(150 * 1024 * 1024);
    expect(simulator.requests.bytes()).toBe(200 * 1024 * 1024);
  });

  it('dns-failure breaks connections to that host, and to no other', async () => {
    simulator.addOrganization('fabrikam').grant('alice');
    const other = 'https://fabrikam.visualstudio.com/_apis/projects';
    const injected = simulator.inject({
      match: { host: 'dev.azure.com' },
      fault: 'dns-failure',
    });
    expect(await failure()).toMatch(/Proxy response \(502\)|UND_ERR/);
    expect(await failure()).toMatch(/Proxy response \(502\)|UND_ERR/);
    expect((await ask(other)).status).toBe(200);
    injected.remove();
    expect((await ask()).status).toBe(200);
  });

  it.each([
    ['sign-in-203', 203, 'text/html; charset=utf-8'],
    ['sign-in-302', 302, 'text/html; charset=utf-8'],
    ['sign-in-200', 200, 'text/html; charset=utf-8'],
    ['unauthorized', 401, undefined],
    ['forbidden', 403, 'application/json; charset=utf-8'],
    ['conditional-access', 403, 'application/json; charset=utf-8'],
    ['organization-not-found', 404, 'text/html; charset=utf-8'],
    ['throttled', 429, 'application/json; charset=utf-8'],
    ['throttled-bare', 429, 'text/plain; charset=utf-8'],
    ['throttled-403', 403, 'application/json; charset=utf-8'],
    ['server-error', 500, 'application/json; charset=utf-8'],
    ['bad-gateway', 502, 'text/html; charset=utf-8'],
    ['unavailable', 503, 'text/html; charset=utf-8'],
    ['empty-200', 200, undefined],
  ] as const)('%s answers %d', async (fault, status, type) => {
    simulator.inject({ fault });
    const answer = await ask();
    expect([answer.status, answer.headers['content-type']]).toEqual([
      status,
      type,
    ]);
    expect(simulator.requests.count({ status, identity: 'alice' })).toBe(1);
  });

  it('must be of a known kind', () => {
    const known: readonly string[] = WIRE_FAULTS;
    expect(FAULT_KINDS.filter(kind => !known.includes(kind))).toHaveLength(14);
    expect(() => simulator.inject({ fault: 'nonsense' as FaultKind })).toThrow(
      'Expected the fault to be one of reset-before-headers, ',
    );
  });

  it('strikes only requests that match', async () => {
    const status = 500;
    const strikes = async (
      match: Parameters<Simulator['inject']>[0]['match'],
      url: string,
      headers?: Record<string, string>,
    ) => {
      const fault = simulator.inject({ match, response: { status } });
      const answer = await ask(url, headers);
      fault.remove();
      return answer.status === status;
    };
    const id = organization.project('P').repository('P-r').id;
    expect(await strikes({ project: 'p' }, item('P'))).toBe(true);
    expect(await strikes({ project: 'p' }, item('Q'))).toBe(false);
    expect(await strikes({ repository: id }, item('P'))).toBe(true);
    expect(await strikes({ repository: ['x', 'q-R'] }, item('Q'))).toBe(true);
    expect(await strikes({ endpoint: 'items' }, LIST)).toBe(false);
    expect(await strikes({ endpoint: ['items', 'repositories'] }, LIST)).toBe(
      true,
    );
    expect(await strikes({ organization: 'CONTOSO' }, LIST)).toBe(true);
    expect(await strikes({ organization: 'fabrikam' }, LIST)).toBe(false);
    expect(await strikes({ host: 'dev.azure.com' }, LIST)).toBe(true);
    expect(await strikes({ identity: 'bob' }, LIST)).toBe(false);
    expect(await strikes({ identity: 'bob' }, LIST, basic('bob-token'))).toBe(
      true,
    );
    expect(await strikes({ door: 'server' }, LIST)).toBe(false);
  });

  it('strikes as often as times, skip and every set', async () => {
    const statuses = async (count: number) => {
      const all: number[] = [];
      for (let index = 0; index < count; index++) {
        all.push((await ask()).status);
      }
      return all;
    };
    const twice = simulator.inject({ fault: 'unavailable', times: 2, skip: 1 });
    expect(await statuses(5)).toEqual([200, 503, 503, 200, 200]);
    expect(twice.hits).toBe(2);
    twice.remove();
    const third = simulator.inject({
      match: { every: 3 },
      fault: 'server-error',
    });
    expect(await statuses(6)).toEqual([200, 200, 500, 200, 200, 500]);
    third.remove();
    simulator.inject({ fault: 'server-error' });
    simulator.faults.removeAll();
    expect(await statuses(1)).toEqual([200]);
  });

  it('can change an answer or add headers to it', async () => {
    simulator.inject({
      match: { endpoint: 'repositories' },
      response: async (_request, proceed) => {
        const answer = await proceed();
        return { ...answer, status: 206 };
      },
      times: 1,
    });
    expect((await ask()).status).toBe(206);
    simulator.inject({ headers: { 'Retry-After': '7' } });
    const answer = await ask();
    expect([answer.status, answer.headers['retry-after']]).toEqual([200, '7']);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ count: 2 });
  });

  it('strikes at a Server, and all connections can be cut at once', async () => {
    simulator.addOrganization('Local', { deployment: 'server' }).grant('alice');
    const agent = new Agent();
    const url = `${simulator.serverUrl}/Local/_apis/projects`;
    const ok = await request(url, {
      dispatcher: agent,
      headers: basic('alice-token'),
    });
    await ok.body.dump();
    expect(ok.statusCode).toBe(200);
    simulator.inject({
      match: { door: 'server' },
      fault: 'reset-before-headers',
    });
    await expect(request(url, { dispatcher: agent })).rejects.toThrow();
    await agent.close();

    const socket = connect(
      Number(new URL(simulator.proxyUrl).port),
      '127.0.0.1',
    );
    const closed = new Promise(resolve => {
      socket.on('error', resolve).on('close', resolve);
    });
    await new Promise(resolve => socket.once('connect', resolve));
    // The simulator may learn of the connection after this client does.
    while (!socket.destroyed) {
      simulator.resetConnections();
      await new Promise(setImmediate);
    }
    await closed;
    expect(socket.destroyed).toBe(true);
  });

  it('delays an answer, at most until the client leaves', async () => {
    const fault = simulator.inject({ match: { project: 'P' }, delayMs: 200 });
    const before = performance.now();
    expect((await ask(item('P'))).status).toBe(200);
    // Timers may be early by a millisecond.
    expect(performance.now() - before).toBeGreaterThan(198);
    fault.remove();
    simulator.inject({ delayMs: 3_600_000 });
    await becomeImpatient();
    expect(await failure()).toBe('UND_ERR_HEADERS_TIMEOUT');
  });
});
