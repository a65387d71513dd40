import { faultOf, TestClients } from './support/clients';
import { withProxies } from '../support/with-environment';
import {
  ITEM,
  LocalServers,
  sendJson,
  serveApi,
  serveProxy,
  serveTcp,
  type LocalServer,
} from './support/server';
import { Organization } from '../../src/organization';

const servers = new LocalServers();
const clients = new TestClients();
const READ = { repository: 'r', path: '/catalog-info.yaml', content: true };
const CONTOSO = new Organization('dev.azure.com', 'contoso');
let restore: () => void = () => {};
let server: LocalServer;

function environment(variables: Record<string, string>) {
  restore = withProxies(variables);
}

beforeEach(async () => {
  server = await servers.add(
    serveApi((_request, response) => sendJson(response, ITEM)),
  );
});

afterEach(async () => {
  restore();
  await clients.close();
  await servers.close();
});

describe('A proxy', () => {
  it.each(['HTTPS_PROXY', 'https_proxy'])(
    'is found in %s, and its tunnels are kept',
    async variable => {
      const proxy = await servers.add(serveProxy(server.port));
      environment({ [variable]: `http://127.0.0.1:${proxy.port}` });
      const client = clients.create().forOrganization(CONTOSO);
      for (let i = 0; i < 20; i++) {
        await expect(client.readItem(READ)).resolves.toMatchObject({
          outcome: 'present',
        });
      }
      expect(server.requests).toHaveLength(21);
      expect(server.requests[5]?.headers.host).toBe('dev.azure.com');
      expect(new Set(proxy.connects)).toEqual(new Set(['dev.azure.com:443']));
      expect(proxy.connects).toHaveLength(server.sockets.size);
      expect(proxy.connects.length).toBeLessThanOrEqual(2);
    },
  );

  it('gets the credentials in its address, and the service does not', async () => {
    const proxy = await servers.add(serveProxy(server.port));
    environment({
      HTTPS_PROXY: `http://user:p%40ss@127.0.0.1:${proxy.port}`,
    });
    await clients.create().forOrganization(CONTOSO).readItem(READ);
    expect(proxy.authorizations[0]).toBe(
      `Basic ${Buffer.from('user:p@ss').toString('base64')}`,
    );
    for (const { headers } of server.requests) {
      expect(headers['proxy-authorization']).toBeUndefined();
    }
  });

  it('may be named without a scheme', async () => {
    const proxy = await servers.add(serveProxy(server.port));
    environment({ HTTPS_PROXY: `127.0.0.1:${proxy.port}` });
    await clients.create().forOrganization(CONTOSO).readItem(READ);
    expect(proxy.connects.length).toBeGreaterThan(0);
  });

  it.each([
    ['NO_PROXY', 'localhost'],
    ['no_proxy', 'example.org,localhost'],
    ['NO_PROXY', ' localhost , example.org,'],
    ['NO_PROXY', 'LOCALHOST'],
    ['NO_PROXY', '*'],
    // What is no regular expression.
    ['NO_PROXY', 'localhost,corp(.example,[fe80::1,+'],
  ])('is left out for what %s names: %j', async (variable, value) => {
    const proxy = await servers.add(serveProxy(server.port));
    environment({
      HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
      [variable]: value,
    });
    await clients
      .create()
      .forOrganization(new Organization(`localhost:${server.port}`, 'coll'))
      .readItem(READ);
    expect(proxy.connects).toEqual([]);
  });

  it.each(['azure.com.example', 'zure.com', 'org', ','])(
    'is not left out for %j',
    async value => {
      const proxy = await servers.add(serveProxy(server.port));
      environment({
        HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
        NO_PROXY: value,
      });
      await clients.create().forOrganization(CONTOSO).readItem(READ);
      expect(proxy.connects.length).toBeGreaterThan(0);
    },
  );

  it('that never answers holds nothing up for longer than a connection may take', async () => {
    const silent = await servers.add(serveTcp(socket => socket.resume()));
    environment({ HTTPS_PROXY: `http://127.0.0.1:${silent.port}` });
    const client = clients
      .create({ timeouts: { connectMs: 300 }, random: () => 0 })
      .forOrganization(CONTOSO);
    const fault = await faultOf(client.readItem(READ));
    expect(['timeout', 'network']).toContain(fault.kind);
  });

  it('that is no HTTP proxy does no harm to hosts that are reached without it', async () => {
    environment({
      HTTPS_PROXY: 'socks5://127.0.0.1:1080',
      NO_PROXY: 'localhost',
    });
    await expect(
      clients
        .create()
        .forOrganization(new Organization(`localhost:${server.port}`, 'coll'))
        .readItem(READ),
    ).resolves.toMatchObject({ outcome: 'present' });
  });
});
