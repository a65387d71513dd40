import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Simulator } from '../../dev/simulator';
import { claims, EXCHANGE, HOME, SCOPE } from './entra-support';

let simulator: Simulator;
let now: number;

beforeEach(async () => {
  now = Date.now();
  simulator = await Simulator.start({ clock: () => now });
});

afterEach(async () => await simulator.close());

/** Runs one scenario of the library in a process of its own. */
async function inProcess(
  form: 'imds' | 'app-service',
  options: { clientId?: string; scope?: string; times?: number } = {},
): Promise<{
  token?: string;
  expiresOnTimestamp?: number;
  message?: string;
}> {
  const { HTTPS_PROXY: _, ...environment } = process.env;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      join(__dirname, 'managed-identity.mjs'),
      JSON.stringify({ scope: SCOPE, ...options }),
    ],
    {
      env: {
        ...environment,
        ...simulator.parts.entra.metadata.environment(
          form,
          simulator.metadataUrl,
        ),
      },
    },
  );
  return JSON.parse(stdout);
}

it.each(['imds', 'app-service'] as const)(
  'the metadata service gives tokens of all identities of the machine (%s)',
  async form => {
    const system = simulator.parts.entra.metadata.setSystemAssigned({
      tenantId: HOME,
    });
    const user = simulator.parts.entra.metadata.addUserAssigned({
      tenantId: HOME,
    });
    expect(claims((await inProcess(form)).token)).toMatchObject({
      aud: '499b84ac-1321-427f-aa17-267ca6975798',
      oid: system.objectId,
      tid: HOME,
      exp: Math.floor(now / 1000) + 86_399,
    });
    const named = await inProcess(form, { clientId: user.clientId });
    expect(claims(named.token)).toMatchObject({
      oid: user.objectId,
      appid: user.clientId,
    });
    const asked = simulator.requests.list({ endpoint: 'metadata' });
    expect(asked.map(({ identity }) => identity)).toEqual([
      system.identity,
      user.identity,
    ]);
  },
);

it('the metadata service gives a token that @azure/identity keeps', async () => {
  simulator.parts.entra.metadata.setSystemAssigned({ tenantId: HOME });
  const { expiresOnTimestamp = 0 } = await inProcess('imds', { times: 3 });
  // The library counts from its own clock, in whole seconds.
  expect(expiresOnTimestamp).toBeGreaterThan(now + 86_300_000);
  expect(expiresOnTimestamp).toBeLessThan(now + 86_500_000);
  expect(simulator.requests.count({ endpoint: 'metadata' })).toBe(1);
});

it('the metadata service gives a token for the exchange', async () => {
  const system = simulator.parts.entra.metadata.setSystemAssigned({
    tenantId: HOME,
  });
  const { token } = await inProcess('imds', { scope: EXCHANGE });
  expect(claims(token)).toMatchObject({
    aud: 'api://AzureADTokenExchange',
    sub: system.objectId,
  });
});

it.each(['imds', 'app-service'] as const)(
  'the metadata service answers 400 where no identity is assigned (%s)',
  async form => {
    const { token, message } = await inProcess(form);
    expect(token).toBeUndefined();
    expect(message).toBeTruthy();
    expect(simulator.requests.list({ endpoint: 'metadata' })).toMatchObject([
      { status: 400 },
    ]);
  },
);

it('the metadata service takes the only user-assigned identity and asks which of several', async () => {
  const askFor = async (
    query = '',
    headers: Record<string, string> = { Metadata: 'true' },
  ) => {
    const response = await fetch(
      `${simulator.metadataUrl}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=api://AzureADTokenExchange${query}`,
      { headers },
    );
    return {
      status: response.status,
      ...((await response.json()) as object),
    };
  };
  simulator.parts.entra.metadata.addUserAssigned({
    tenantId: HOME,
    clientId: 'c-1',
  });
  expect(await askFor()).toMatchObject({ status: 200, client_id: 'c-1' });
  simulator.parts.entra.metadata.addUserAssigned({
    tenantId: HOME,
    clientId: 'c-2',
  });
  expect(await askFor()).toMatchObject({
    status: 400,
    error_description: expect.stringContaining('Multiple user assigned'),
  });
  expect(await askFor('&client_id=c-3')).toEqual({
    status: 400,
    error: 'invalid_request',
    error_description: 'Identity not found',
  });
  expect(await askFor('&client_id=c-2', {})).toMatchObject({
    status: 400,
    error_description: 'Required metadata header not specified',
  });
  const { clientId } = simulator.parts.entra.metadata.setSystemAssigned({
    tenantId: HOME,
  });
  expect(await askFor()).toMatchObject({ client_id: clientId });
});

it('the metadata service can be struck by faults', async () => {
  simulator.parts.entra.metadata.setSystemAssigned({ tenantId: HOME });
  simulator.inject({
    match: { endpoint: 'metadata' },
    response: {
      status: 400,
      body: {
        error: 'invalid_request',
        error_description: 'Identity not found',
      },
    },
    times: 1,
  });
  expect((await inProcess('imds')).message).toBeTruthy();
  expect((await inProcess('imds')).token).toBeTruthy();
});
