import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Simulator } from '../../dev/simulator';
import { ask, basic } from './ask';

const CONSUMER = 'https://backstage.contoso.example';
const HOOKS = 'https://dev.azure.com/contoso/_apis/hooks';

interface Delivery {
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown> & {
    readonly notificationId: number;
    readonly eventType: string;
    readonly resource?: Record<string, unknown>;
  };
}

describe('service hooks of the simulator', () => {
  let simulator: Simulator;
  let consumer: Server;
  let deliveries: Delivery[];
  let statuses: number[];

  beforeEach(async () => {
    deliveries = [];
    statuses = [];
    consumer = createServer((req, res) => {
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        deliveries.push({
          headers: req.headers,
          body: JSON.parse(
            Buffer.concat(chunks).toString(),
          ) as Delivery['body'],
        });
        res.writeHead(statuses.shift() ?? 202).end();
      });
    });
    await new Promise<void>(resolve =>
      consumer.listen(0, '127.0.0.1', resolve),
    );
    simulator = await Simulator.start();
    simulator.addPersonalAccessToken('token', { identity: 'alice' });
    const organization = simulator.addOrganization('contoso');
    organization.grant('alice');
    organization.grantSubscriptions('alice', 'edit');
    organization.addProject('Payments');
    const { port } = consumer.address() as AddressInfo;
    simulator.parts.hooks.resolve(CONSUMER, `http://127.0.0.1:${port}`);
    simulator.parts.hooks.configure({ msPerSecond: 0 });
  });

  afterEach(async () => {
    await simulator.close();
    await new Promise(resolve => consumer.close(resolve));
  });

  const project = () => simulator.organization('contoso').project('Payments');

  async function call<T = Record<string, unknown>>(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
    query = '',
  ) {
    const answer = await ask(
      simulator,
      `${HOOKS}/${path}?api-version=7.1${query}`,
      { method, headers: basic('token'), body },
    );
    return {
      status: answer.status,
      body: JSON.parse(answer.body || '{}') as T,
    };
  }

  async function subscribe(
    eventType = 'git.push',
    consumerInputs: Record<string, string> = {},
  ): Promise<string> {
    const { status, body } = await call<{ id: string }>(
      'POST',
      'subscriptions',
      {
        publisherId: 'tfs',
        eventType,
        consumerId: 'webHooks',
        consumerActionId: 'httpRequest',
        publisherInputs: { projectId: project().id },
        consumerInputs: { url: `${CONSUMER}/hook`, ...consumerInputs },
      },
    );
    expect(status).toBe(200);
    return body.id;
  }

  const subscription = (id: string) =>
    simulator.parts.hooks.of(simulator.organization('contoso')).get(id);
  const statusOf = (id: string) => subscription(id)?.status;

  it('deliver what happens to a repository, with ids and the credentials of the subscription', async () => {
    await subscribe('git.push', {
      basicAuthUsername: 'azure-devops',
      basicAuthPassword: 'a password',
      httpHeaders: 'X-Team: payments',
    });
    const api = project().addRepository('api', { files: { a: '1' } });
    await simulator.parts.hooks.settled();
    expect(deliveries).toHaveLength(1);
    const [{ headers, body } = deliveries[0]!] = deliveries;
    expect(headers['x-team']).toBe('payments');
    expect(headers.authorization).toBe(
      `Basic ${Buffer.from('azure-devops:a password').toString('base64')}`,
    );
    expect(body).toMatchObject({
      eventType: 'git.push',
      resource: {
        commits: [
          {
            author: { name: expect.any(String), email: expect.any(String) },
            comment: expect.any(String),
          },
        ],
        repository: { id: api.id, project: { id: project().id } },
        refUpdates: [{ name: 'refs/heads/main', oldObjectId: '0'.repeat(40) }],
      },
    });
  });

  it('deliver every event that is subscribed to, and no other', async () => {
    for (const event of [
      'git.repo.created',
      'git.repo.forked',
      'git.repo.renamed',
      'git.repo.statuschanged',
      'git.repo.deleted',
    ]) {
      await subscribe(event);
    }
    const api = project().addRepository('api', { files: { a: '1' } });
    api.push({ files: { a: '2' } });
    const fork = api.fork(project(), 'api-fork');
    api.rename('service');
    api.disable();
    fork.delete();
    await simulator.parts.hooks.settled();
    expect(deliveries.map(({ body }) => body.eventType).sort()).toEqual([
      'git.repo.created',
      'git.repo.deleted',
      'git.repo.forked',
      'git.repo.renamed',
      'git.repo.statuschanged',
    ]);
    const deleted = deliveries.find(
      ({ body }) => body.eventType === 'git.repo.deleted',
    );
    expect(deleted?.body.resource).toMatchObject({ repositoryId: fork.id });
    expect(deleted?.body.resource).not.toHaveProperty('repository');
  });

  it('leave out the details that the subscription does not want', async () => {
    await subscribe('git.push', {
      resourceDetailsToSend: 'none',
      messagesToSend: 'none',
      detailedMessagesToSend: 'none',
    });
    project().addRepository('api', { files: { a: '1' } });
    await simulator.parts.hooks.settled();
    const [{ body } = deliveries[0]!] = deliveries;
    for (const name of ['resource', 'message', 'detailedMessage']) {
      expect(body).not.toHaveProperty(name);
    }
    expect(body['resourceContainers']).toMatchObject({
      project: { id: project().id },
    });
  });

  it('try again after a failure that may pass', async () => {
    const id = await subscribe();
    statuses = [503, 502, 202];
    project().addRepository('api', { files: { a: '1' } });
    await simulator.parts.hooks.settled();
    expect(deliveries.map(({ body }) => body.notificationId)).toEqual([
      1, 1, 1,
    ]);
    expect(statusOf(id)).toBe('enabled');
    const notifications = (query: string) =>
      call('GET', `subscriptions/${id}/notifications`, undefined, query);
    expect((await notifications('')).body).toMatchObject({
      value: [{ id: 1, result: 'succeeded', details: { requestAttempts: 3 } }],
    });
    expect((await notifications('&result=failed')).body).toMatchObject({
      count: 0,
    });
  });

  it('put a subscription on probation after another failure, lose what comes meanwhile, and disable it in the end', async () => {
    const id = await subscribe();
    statuses = Array<number>(8).fill(500);
    const api = project().addRepository('api', { files: { a: '1' } });
    await simulator.parts.hooks.settled();
    expect(statusOf(id)).toBe('disabledBySystem');
    expect(deliveries).toHaveLength(8);
    api.push({ files: { a: '2' } });
    await simulator.parts.hooks.settled();
    expect(deliveries).toHaveLength(8);
  });

  it('disable a subscription at once when the consumer says that it is gone', async () => {
    const id = await subscribe();
    statuses = [410];
    project().addRepository('api', { files: { a: '1' } });
    await simulator.parts.hooks.settled();
    expect(statusOf(id)).toBe('disabledBySystem');
  });

  it('are sent twice, or not at all, if asked', async () => {
    await subscribe();
    const copies = [2, 0, 1];
    simulator.parts.hooks.configure({ copies: () => copies.shift() ?? 1 });
    const api = project().addRepository('api', { files: { a: '1' } });
    api.push({ files: { a: '2' } });
    api.push({ files: { a: '3' } });
    await simulator.parts.hooks.settled();
    expect(deliveries.map(({ body }) => body.notificationId).sort()).toEqual([
      1, 1, 3,
    ]);
  });

  it('show passwords to nobody', async () => {
    await subscribe('git.push', {
      basicAuthUsername: 'azure-devops',
      basicAuthPassword: 'a password',
    });
    const { body } = await call('POST', 'subscriptionsquery', {});
    expect(body['results']).toMatchObject([
      {
        consumerInputs: {
          basicAuthUsername: 'azure-devops',
          basicAuthPassword: '********',
        },
      },
    ]);
    expect(JSON.stringify(body)).not.toContain('a password');
  });

  it('are found by project, and deleted', async () => {
    const id = await subscribe();
    const find = async (projectId: string) => {
      const { body } = await call<{ results: Array<{ id: string }> }>(
        'POST',
        'subscriptionsquery',
        {
          publisherId: 'tfs',
          eventType: 'git.push',
          publisherInputFilters: [
            { conditions: [{ inputId: 'projectId', inputValue: projectId }] },
          ],
        },
      );
      return body.results.map(each => each.id);
    };
    expect(await find(project().id)).toEqual([id]);
    expect(await find('another')).toEqual([]);
    expect((await call('DELETE', `subscriptions/${id}`)).status).toBe(200);
    expect(await find(project().id)).toEqual([]);
  });

  it.each([
    ['http://localhost:7007/hook'],
    ['https://127.0.0.1/hook'],
    ['https://10.1.2.3/hook'],
    ['no address'],
  ])('cannot lead to %s', async url => {
    const { status } = await call('POST', 'subscriptions', {
      publisherId: 'tfs',
      eventType: 'git.push',
      consumerId: 'webHooks',
      consumerInputs: { url },
    });
    expect(status).toBe(400);
  });

  it('are for those alone who may edit or see them', async () => {
    const id = await subscribe();
    const organization = simulator.organization('contoso');
    organization.grantSubscriptions('alice', 'view');
    expect((await call('POST', 'subscriptionsquery', {})).status).toBe(200);
    const refused = await call('DELETE', `subscriptions/${id}`);
    expect(refused).toMatchObject({
      status: 403,
      body: {
        typeKey: 'AccessCheckException',
        customProperties: { IdentityDisplayName: 'alice' },
      },
    });
  });
});
