import { mkdtempSync, rmSync } from 'node:fs';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CertificateAuthority } from '../../dev/simulator/certificates/authority';
import type { AzureDevOpsClientsOptions } from '../../src/azure/clients';
import { until } from '../support/until';
import {
  basic,
  faultOf,
  TestClients,
  TOKEN,
  tokenDirectory,
} from './support/clients';
import { withProxies } from '../support/with-environment';
import {
  ITEM,
  LOCATIONS,
  LocalServers,
  sendJson,
  serve,
  serveApi,
  type LocalServer,
} from './support/server';
import { Organization } from '../../src/organization';

const servers = new LocalServers();
const clients = new TestClients();
let restore: () => void;

beforeEach(() => {
  restore = withProxies({});
});

afterEach(async () => {
  restore();
  await clients.close();
  await servers.close();
});

const ID = '5febef5a-833d-4e14-b9c0-14cb638f91e6';
const OTHER_ID = '6ce954b1-ce1f-45d1-b94d-e6bf2464ba2c';
const READ = {
  repository: '1dea4f77-643b-4143-a703-9cd15f6894eb',
  path: '/catalog-info.yaml',
  content: true,
};

function clientOf(
  { port }: { readonly port: number },
  options: Partial<AzureDevOpsClientsOptions> = {},
) {
  return clients
    .create(options)
    .forOrganization(new Organization(`localhost:${port}`, 'coll'));
}

const items = () =>
  servers.add(serveApi((_request, response) => sendJson(response, ITEM)));

/** What Node offers as `gc` when it is started with a flag. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

const methods = ({ requests }: LocalServer, method: string) =>
  requests.filter(request => request.method === method).length;

describe('Asking which API versions the service speaks', () => {
  it('takes one request, however many need it at once', async () => {
    const server = await items();
    const client = clientOf(server);
    await Promise.all(Array.from({ length: 100 }, () => client.readItem(READ)));
    await client.readItem(READ);
    expect(methods(server, 'OPTIONS')).toBe(1);
    expect(methods(server, 'GET')).toBe(101);
  });

  it('is shared by people and machines, and by all spellings of a name', async () => {
    const server = await items();
    const pool = clients.create();
    const host = `localhost:${server.port}`;
    await Promise.all([
      pool.forOrganization(new Organization(host, 'coll')).readItem(READ),
      pool.forOrganization(new Organization(host, 'COLL')).readItem(READ),
      pool.interactive
        .forOrganization(new Organization(host, 'coll'))
        .readItem(READ),
    ]);
    expect(methods(server, 'OPTIONS')).toBe(1);
  });

  it('is done again after it failed, and fails all requests that waited for it', async () => {
    let broken = true;
    const server = await servers.add(
      serve((request, response) => {
        if (request.method === 'OPTIONS' && broken) {
          response.writeHead(403).end();
        } else {
          sendJson(response, request.method === 'OPTIONS' ? LOCATIONS : ITEM);
        }
      }),
    );
    const client = clientOf(server);
    const faults = await Promise.all(
      Array.from({ length: 5 }, () => faultOf(client.readItem(READ))),
    );
    expect(faults.map(({ kind }) => kind)).toEqual(
      Array.from({ length: 5 }, () => 'forbidden'),
    );
    broken = false;
    await expect(client.readItem(READ)).resolves.toMatchObject({
      outcome: 'present',
    });
    expect(methods(server, 'OPTIONS')).toBe(2);
  });

  it.each([
    ['nothing', {}],
    ['an empty list that says otherwise', { count: 5, value: [] }],
    ['elements without an id', { count: 1, value: [{ area: 'git' }] }],
  ])('fails on %s', async (_name, body) => {
    const server = await servers.add(
      serve((_request, response) => sendJson(response, body)),
    );
    const fault = await faultOf(clientOf(server).readItem(READ));
    expect(fault.kind).toBe('malformed');
    expect(methods(server, 'GET')).toBe(0);
  });

  it('goes on when one of those who wait for it gives up', async () => {
    let answer = () => {};
    const server = await servers.add(
      serve((request, response) => {
        if (request.method === 'OPTIONS') {
          answer = () => sendJson(response, LOCATIONS);
        } else {
          sendJson(response, ITEM);
        }
      }),
    );
    const client = clientOf(server);
    const first = new AbortController();
    const aborted = faultOf(client.readItem({ ...READ, signal: first.signal }));
    const patient = client.readItem(READ);
    await until('the discovery', () => methods(server, 'OPTIONS') === 1);
    first.abort();
    expect((await aborted).kind).toBe('aborted');
    answer();
    await expect(patient).resolves.toMatchObject({ outcome: 'present' });
  });

  it('leads to the version that an old server speaks', async () => {
    const old = {
      ...LOCATIONS,
      value: LOCATIONS.value.map(location => ({
        ...location,
        maxVersion: '5.0',
        releasedVersion: '5.0',
      })),
    };
    const repository = {
      id: ID,
      name: 'api',
      project: { id: OTHER_ID, name: 'Payments' },
      defaultBranch: 'refs/heads/feature/x',
    };
    const server = await servers.add(
      serve((request, response) =>
        sendJson(
          response,
          request.method === 'OPTIONS'
            ? old
            : { count: 1, value: [repository] },
        ),
      ),
    );
    await expect(clientOf(server).listRepositories()).resolves.toEqual({
      repositories: [
        {
          id: ID,
          name: 'api',
          project: { id: OTHER_ID, name: 'Payments', state: 'wellFormed' },
          defaultBranch: 'feature/x',
          isDisabled: false,
          isFork: false,
          size: undefined,
        },
      ],
      odd: [],
    });
    expect(server.requests.at(-1)?.headers.accept).toBe(
      'application/json;api-version=5.0',
    );
  });

  it('ends in a clear error when a server is too old for something', async () => {
    const server = await items();
    await expect(
      faultOf(clientOf(server).listDeletedRepositories({ project: 'p' })),
    ).resolves.toMatchObject({
      kind: 'bad-request',
      seen: expect.stringContaining('does not offer'),
    });
  });
});

describe('The credential', () => {
  it('is sent with what the service needs to know, and nothing else', async () => {
    const server = await items();
    await clientOf(server).readItem(READ);
    const { headers, url } = server.requests.at(-1) ?? {};
    expect(headers).toEqual({
      host: `localhost:${server.port}`,
      connection: 'keep-alive',
      accept: 'application/json;api-version=7.2-preview.1',
      'accept-encoding': 'identity',
      authorization: basic(TOKEN),
      'user-agent': 'backstage-plugin-catalog-backend-module-azure-devops',
      'x-tfs-fedauthredirect': 'Suppress',
    });
    expect(url).toBe(
      `/coll/_apis/git/repositories/${READ.repository}/items?path=%2Fcatalog-info.yaml&includeContentMetadata=true&includeContent=true`,
    );
  });

  it.each([301, 302, 303, 307, 308])(
    'does not follow a redirect (%s) to another port of the same host',
    async status => {
      const thief = await servers.add(
        serve((_request, response) => sendJson(response, ITEM)),
      );
      const server = await servers.add(
        serveApi((_request, response) =>
          response
            .writeHead(status, {
              Location: `https://localhost:${thief.port}/coll/x`,
            })
            .end(),
        ),
      );
      const fault = await faultOf(clientOf(server).readItem(READ));
      expect(fault).toMatchObject({ kind: 'redirected', status });
      expect(fault.message).toContain(`localhost:${thief.port}`);
      expect(thief.requests).toHaveLength(0);
      expect(thief.sockets.size).toBe(0);
    },
  );

  it('does not go where the service says that its resources are', async () => {
    const thief = await items();
    const server = await servers.add(
      serve((_request, response) =>
        sendJson(response, {
          ...LOCATIONS,
          value: LOCATIONS.value.map(location => ({
            ...location,
            routeTemplate: `//localhost:${thief.port}/../../elsewhere/{repositoryId}`,
          })),
        }),
      ),
    );
    await expect(
      faultOf(clientOf(server).readItem(READ)),
    ).resolves.toMatchObject({ kind: 'bad-request' });
    expect(thief.sockets.size).toBe(0);
    expect(methods(server, 'GET')).toBe(0);
  });

  it.each([
    { repository: '..', project: 'p' },
    { repository: '.', project: 'p' },
    { repository: 'r', project: '..' },
    { repository: '', project: 'p' },
    { repository: '../../../../elsewhere/_apis/git/repositories/r' },
    { repository: 'r', project: '..\\..\\elsewhere' },
  ])('does not go where a name leads: %j', async names => {
    const server = await items();
    await expect(
      faultOf(clientOf(server).getRepository(names)),
    ).resolves.toMatchObject({ kind: 'bad-request' });
    expect(methods(server, 'GET')).toBe(0);
  });

  it('appears in nothing that is thrown, even if the service repeats it', async () => {
    const server = await servers.add(
      serveApi((request, response) =>
        response.writeHead(400, { 'Content-Type': 'application/json' }).end(
          JSON.stringify({
            message: `Bad header ${request.headers.authorization} of ${TOKEN}`,
            typeKey: `X${TOKEN}`,
          }),
        ),
      ),
    );
    const fault = await faultOf(clientOf(server).readItem(READ));
    const everything = `${fault.stack} ${JSON.stringify(fault)} ${JSON.stringify(clients.logs)}`;
    expect(fault.message).toContain('Bad header Basic *** of ***');
    expect(everything).not.toContain(TOKEN);
    expect(everything).not.toContain(basic(TOKEN).split(' ')[1]);
  });

  it('appears in nothing that comes of subscriptions and searches that repeat it', async () => {
    const echo = basic(TOKEN).split(' ')[1] ?? '';
    const server = await servers.add(
      serve(({ url = '' }, response) =>
        sendJson(
          response,
          url.includes('notifications')
            ? { count: 1, value: [{ details: { errorMessage: `${echo}\nx` } }] }
            : { count: echo, results: [{ id: ID, status: echo }] },
        ),
      ),
    );
    const pool = clients.create();
    const organization = new Organization(`localhost:${server.port}`, 'coll');
    const subscriptions = pool.subscriptions(organization);
    const shown = [
      await subscriptions.lastFailure(ID),
      (await faultOf(subscriptions.list('git.push', [ID]))).message,
      (
        await faultOf(
          pool.forOrganization(organization).searchFiles({ searchText: 'x' }),
        )
      ).message,
    ];
    expect(shown.filter(text => text?.includes(echo))).toEqual([]);
    expect(shown[0]).toBe('*** x');
  });

  it('is renewed once after a 401 if there is something to renew', async () => {
    let current = 'old';
    const rejected: string[] = [];
    const server = await servers.add(
      serveApi((request, response) => {
        if (request.headers.authorization === 'Bearer new') {
          sendJson(response, ITEM);
        } else {
          response.writeHead(401).end();
        }
      }),
    );
    const credentials = tokenDirectory('', {
      getAuthorization: () => Promise.resolve(`Bearer ${current}`),
      reject: authorization => {
        rejected.push(authorization);
        current = 'new';
        return Promise.resolve(true);
      },
    });
    await expect(
      clientOf(server, { credentials }).readItem(READ),
    ).resolves.toMatchObject({ outcome: 'present' });
    expect(rejected).toEqual(['Bearer old']);
    expect(methods(server, 'GET')).toBe(2);
  });

  it('is renewed no more than once', async () => {
    let rejections = 0;
    const server = await servers.add(
      serveApi((_request, response) => response.writeHead(401).end()),
    );
    const credentials = tokenDirectory('', {
      reject: () => {
        rejections++;
        return Promise.resolve(true);
      },
    });
    const fault = await faultOf(
      clientOf(server, { credentials }).readItem(READ),
    );
    expect(fault).toMatchObject({ kind: 'unauthorized', status: 401 });
    expect(fault.duringThrottling).toBeUndefined();
    expect(rejections).toBe(1);
    expect(methods(server, 'GET')).toBe(2);
  });

  it('fails the request with its own error when it cannot be had', async () => {
    const server = await items();
    const credentials = tokenDirectory('', {
      getAuthorization: () => Promise.reject(new Error('no token today')),
    });
    const pool = clients.create({ credentials });
    const client = pool.forOrganization(
      new Organization(`localhost:${server.port}`, 'coll'),
    );
    await expect(client.readItem(READ)).rejects.toThrow('no token today');
    expect(pool.limiterSnapshot()).toMatchObject([{ inFlight: 0 }]);
    expect(server.requests).toHaveLength(0);
  });
});

describe('The list of deleted projects', () => {
  it('has what is in the state deleted alone, and ends when a server repeats its first page instead of skipping it', async () => {
    const value = [
      ...Array.from({ length: 996 }, (_, i) => ({
        id: `${ID.slice(0, -4)}${String(i).padStart(4, '0')}`,
        name: `gone ${i}`,
        state: 'deleted',
      })),
      { id: `${ID.slice(0, -4)}0996`, name: 'there', state: 'wellFormed' },
      { id: `${ID.slice(0, -4)}0997`, name: 'not yet', state: 'deleting' },
      { id: `${ID.slice(0, -4)}0998`, name: 'of unknown state' },
      { id: '1', name: 'of no GUID', state: 'deleted' },
    ];
    const core = {
      ...LOCATIONS.value[0],
      id: '603fe2ac-9723-48b9-88ad-09305aa6c6e1',
      area: 'core',
      resourceName: 'projects',
      routeTemplate: '_apis/{resource}/{*projectId}',
    };
    const server = await servers.add(
      serve(({ method }, response) => {
        if (method === 'OPTIONS') {
          sendJson(response, { count: 1, value: [core] });
        } else if (methods(server, 'GET') > 5) {
          response.writeHead(400).end();
        } else {
          sendJson(response, { count: 1_000, value });
        }
      }),
    );
    const ids = await clientOf(server).listDeletedProjects();
    expect(ids).toHaveLength(996);
    expect(methods(server, 'GET')).toBe(2);
  });
});

describe('Connections', () => {
  it('are kept alive, and no more of them than requests at once', async () => {
    const server = await items();
    const seen = new Set<Socket>();
    const client = clientOf(server, {
      limiter: { initialConcurrency: 4, maxConcurrency: 4 },
    });
    await Promise.all(
      Array.from({ length: 200 }, () =>
        client.readItem(READ).then(() => {
          for (const socket of server.sockets) seen.add(socket);
        }),
      ),
    );
    expect(seen.size).toBeLessThanOrEqual(4);
  });

  it('carry the next request before the answer that came is looked at', async () => {
    const server = await items();
    const client = clientOf(server, {
      limiter: { initialConcurrency: 1, maxConcurrency: 1 },
    });
    await client.readItem(READ);
    const seen: string[] = [];
    const onSent = () => seen.push('sent');
    subscribe('undici:client:sendHeaders', onSent);
    await Promise.all(
      Array.from({ length: 4 }, () =>
        client.readItem(READ).then(() => seen.push('read')),
      ),
    );
    unsubscribe('undici:client:sendHeaders', onSent);
    expect(seen.join(' ')).toBe('sent sent read sent read sent read read');
  });

  it('keep nothing of the answers that came over them', async () => {
    const project = { id: OTHER_ID, name: 'p' };
    const server = await servers.add(
      serveApi((_request, response) =>
        sendJson(response, { id: ID, name: 'r', project }),
      ),
    );
    const client = clientOf(server);
    const answers = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const repository = await client.getRepository({ repository: 'r' });
        return new WeakRef(repository ?? {});
      }),
    );
    expect(server.sockets.size).toBeGreaterThan(1);
    await until(
      'all answers to be collected',
      () => {
        collectGarbage();
        return answers.every(answer => answer.deref() === undefined);
      },
      30_000,
    );
    expect(server.sockets.size).toBeGreaterThan(1);
  });

  it('that went stale fail no request', async () => {
    const used = new WeakSet<Socket>();
    const server = await servers.add(
      serve((request, response) => {
        // Gone by the time that the next request comes.
        if (used.has(request.socket)) {
          request.socket.destroy();
          return;
        }
        used.add(request.socket);
        sendJson(response, request.method === 'OPTIONS' ? LOCATIONS : ITEM);
      }),
    );
    const pool = clients.create();
    const client = pool.forOrganization(
      new Organization(`localhost:${server.port}`, 'coll'),
    );
    for (let i = 0; i < 20; i++) {
      await expect(client.readItem(READ)).resolves.toMatchObject({
        outcome: 'present',
      });
    }
    expect(pool.limiterSnapshot()).toMatchObject([{ throttled: false }]);
  });

  it('fail as network when the name cannot be resolved', async () => {
    const client = clients
      .create({ random: () => 0 })
      .forOrganization(new Organization('no-such-host.invalid', 'x'));
    const fault = await faultOf(client.readItem(READ));
    expect(fault).toMatchObject({
      kind: 'network',
      seen: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
      retryable: true,
    });
    expect(fault.message).toContain('no-such-host.invalid');
    expect(fault.message).toContain('HTTPS_PROXY');
  });

  it('fail at once when the certificate is not trusted', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'another-authority-'));
    const authority = await CertificateAuthority.ensure(directory);
    const server = createServer({
      SNICallback: (host, done) => done(null, authority.secureContext(host)),
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const fault = await faultOf(clientOf({ port }).readItem(READ));
    expect(fault).toMatchObject({ kind: 'network', retryable: false });
    expect(fault.message).toContain('NODE_EXTRA_CA_CERTS');
    await new Promise(resolve => server.close(resolve));
    rmSync(directory, { recursive: true });
  });
});

describe('Clients', () => {
  it('abort all requests when they are closed', async () => {
    const server = await servers.add(serveApi(() => {}));
    const pool = clients.create({
      limiter: { initialConcurrency: 2, maxConcurrency: 2 },
    });
    const organization = new Organization(`localhost:${server.port}`, 'coll');
    const client = pool.forOrganization(organization);
    const all = Array.from({ length: 5 }, () => faultOf(client.readItem(READ)));
    await until('two requests', () => methods(server, 'GET') === 2);
    await pool.close();
    for (const fault of await Promise.all(all)) {
      expect(fault).toMatchObject({ kind: 'aborted' });
    }
    await until('the sockets to be closed', () => server.sockets.size === 0);
    expect((await faultOf(client.readItem(READ))).kind).toBe('aborted');
    expect(() =>
      pool.forOrganization(new Organization(organization.host, 'other')),
    ).toThrow('closed');
  });

  it('end a request promptly when its signal is aborted, and only that one', async () => {
    const server = await servers.add(
      serveApi((request, response) => {
        if (request.url?.includes('slow')) return;
        sendJson(response, ITEM);
      }),
    );
    const client = clientOf(server);
    await client.readItem(READ);
    const controller = new AbortController();
    const slow = faultOf(
      client.readItem({ ...READ, path: '/slow', signal: controller.signal }),
    );
    await until('the slow request', () => methods(server, 'GET') === 2);
    controller.abort();
    expect(await slow).toMatchObject({ kind: 'aborted', retryable: false });
    await expect(client.readItem(READ)).resolves.toMatchObject({
      outcome: 'present',
    });
  });

  it('send hardly more requests than usual during an outage', async () => {
    const server = await servers.add(
      serveApi((_request, response) => response.writeHead(500).end()),
    );
    const client = clientOf(server, { random: () => 0 });
    const faults = await Promise.all(
      Array.from({ length: 100 }, () => faultOf(client.readItem(READ))),
    );
    expect(new Set(faults.map(({ kind }) => kind))).toEqual(
      new Set(['unavailable']),
    );
    expect(methods(server, 'GET')).toBeLessThanOrEqual(121);
  });

  it('do not hold one organization up because another hangs', async () => {
    const hanging = await servers.add(serveApi(() => {}));
    const working = await items();
    const pool = clients.create();
    const of = ({ port }: LocalServer) =>
      pool.forOrganization(new Organization(`localhost:${port}`, 'coll'));
    const controller = new AbortController();
    const stuck = Array.from({ length: 100 }, () =>
      faultOf(of(hanging).readItem({ ...READ, signal: controller.signal })),
    );
    await until('the requests', () => methods(hanging, 'GET') === 8);
    await Promise.all(
      Array.from({ length: 100 }, () => of(working).readItem(READ)),
    );
    controller.abort();
    await Promise.all(stuck);
  });
});
