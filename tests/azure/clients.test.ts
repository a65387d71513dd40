import type { ServerResponse } from 'node:http';
import { Organization } from '../../src/organization';
import { until } from '../support/until';
import { faultOf, TestClients } from './support/clients';
import {
  ITEM,
  LocalServers,
  sendJson,
  serve,
  serveApi,
} from './support/server';

const servers = new LocalServers();
const clients = new TestClients();

afterEach(async () => {
  await clients.close();
  await servers.close();
});

const READ = {
  repository: '1dea4f77-643b-4143-a703-9cd15f6894eb',
  path: '/catalog-info.yaml',
  content: true,
};

const named = (i: number, host = 'dev.azure.com') =>
  new Organization(host, `typed-by-somebody-${i}`);

describe('A client', () => {
  it('names its organization as it was first spelled, however it is asked for later', () => {
    const pool = clients.create();
    const of = (name: string) =>
      pool.forOrganization(new Organization('dev.azure.com', name));
    expect(of('contoso').organization.name).toBe('contoso');
    expect(of('Contoso').organization.name).toBe('contoso');
  });
});

describe('Clients of organizations that somebody names in a URL', () => {
  it('are dropped again when 5,000 names were tried, but not those of the configuration', () => {
    const configured = new Organization('dev.azure.com', 'contoso');
    const pool = clients.create({ configured: [configured] });
    pool.forOrganization(configured);
    for (let i = 0; i < 5_000; i++) {
      pool.forOrganization(named(i));
    }
    const kept = pool
      .limiterSnapshot()
      .map(({ organization }) => organization.name);
    expect(kept.length).toBeLessThanOrEqual(101);
    expect(kept).toContain('contoso');
    expect(kept).toContain('typed-by-somebody-4999');
    expect(kept).not.toContain('typed-by-somebody-0');
  });

  it('are dropped again while the service throttles all of them', async () => {
    const server = await servers.add(
      serve((_request, response) =>
        response.writeHead(503, { 'retry-after': '600' }).end(),
      ),
    );
    const host = `localhost:${server.port}`;
    const pool = clients.create();
    for (let i = 0; i < 150; i++) {
      await faultOf(
        pool.interactive.forOrganization(named(i, host)).readItem(READ),
      );
    }
    expect(pool.limiterSnapshot().length).toBeLessThanOrEqual(101);
  });

  it('finish what they are asked while others take their place, and work again afterwards', async () => {
    let waiting: ServerResponse | undefined;
    const server = await servers.add(
      serveApi((_request, response) => {
        if (waiting) sendJson(response, ITEM);
        else waiting = response;
      }),
    );
    const host = `localhost:${server.port}`;
    const pool = clients.create();
    const client = pool.forOrganization(named(0, host));
    const slow = client.readItem(READ);
    await until('the request', () => waiting !== undefined);
    for (let i = 1; i < 500; i++) {
      pool.forOrganization(named(i, host));
    }
    if (waiting) sendJson(waiting, ITEM);
    await expect(slow).resolves.toMatchObject({ outcome: 'present' });

    for (let i = 500; i < 1_000; i++) {
      pool.forOrganization(named(i, host));
    }
    await until('the connection to be closed', () => server.sockets.size === 0);
    expect(pool.limiterSnapshot().length).toBeLessThanOrEqual(101);
    await expect(client.readItem(READ)).resolves.toMatchObject({
      outcome: 'present',
    });
  });
});
