import { Simulator } from '../../dev/simulator';
import { ask } from './ask';
import { claims, ELSEWHERE, HOME, HOUR, SCOPE } from './entra-support';

let simulator: Simulator;
let now: number;

beforeEach(async () => {
  now = Date.now();
  simulator = await Simulator.start({ clock: () => now });
});

afterEach(async () => await simulator.close());

async function show(token: string) {
  return await ask(
    simulator,
    `https://dev.azure.com/contoso/_apis/projects?api-version=7.1`,
    { headers: { Authorization: `Bearer ${token}` } },
  );
}

async function tokenOf(options: { secret?: string; tenantId?: string } = {}) {
  const app = simulator.parts.entra.addApplication({
    tenantId: HOME,
    secret: 's1',
    consentedIn: [ELSEWHERE],
  });
  const response = await fetch(
    `${simulator.serverUrl}/${options.tenantId ?? HOME}/oauth2/v2.0/token`,
    {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: app.clientId,
        client_secret: 's1',
        scope: SCOPE,
      }),
    },
  );
  const { access_token } = (await response.json()) as {
    access_token: string;
  };
  return { app, token: access_token };
}

it('an organization answers a member with an access token and counts its requests', async () => {
  const organization = simulator.addOrganization('contoso', {
    tenantId: HOME,
  });
  const { app, token } = await tokenOf();
  organization.grant(app.identity);
  expect((await show(token)).status).toBe(200);
  expect(
    simulator.requests.count({
      identity: app.identity,
      endpoint: 'projects',
    }),
  ).toBe(1);
});

it('a Server knows nothing of Entra', async () => {
  const collection = simulator.addOrganization('tfs/Main', { tenantId: HOME });
  const { app, token } = await tokenOf();
  collection.grant(app.identity);
  const { status, headers } = await fetch(
    `${simulator.serverUrl}/tfs/Main/_apis/projects?api-version=7.1`,
    { headers: { Authorization: `Bearer ${token}` } },
  );
  expect([status, headers.get('www-authenticate')]).toEqual([
    401,
    'Bearer, Basic realm="localhost", Negotiate, NTLM',
  ]);
});

it('an organization knows managed identities by their own names', async () => {
  const organization = simulator.addOrganization('contoso', {
    tenantId: HOME,
  });
  const system = simulator.parts.entra.metadata.setSystemAssigned({
    tenantId: HOME,
  });
  const user = simulator.parts.entra.metadata.addUserAssigned({
    tenantId: HOME,
  });
  for (const identity of [system, user]) {
    organization.grant(identity.identity);
    const response = await fetch(
      `${simulator.metadataUrl}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=499b84ac-1321-427f-aa17-267ca6975798&client_id=${identity.clientId}`,
      { headers: { Metadata: 'true' } },
    );
    const { access_token } = (await response.json()) as {
      access_token: string;
    };
    expect((await show(access_token)).status).toBe(200);
    expect(
      simulator.requests.count({
        identity: identity.identity,
        endpoint: 'projects',
      }),
    ).toBe(1);
  }
});

it('an organization answers TF401444 to an identity that was never added and TF400813 to one that was removed', async () => {
  const organization = simulator.addOrganization('contoso', {
    tenantId: HOME,
  });
  const { app, token } = await tokenOf();
  const never = await show(token);
  expect(never.status).toBe(401);
  expect(never.body).toContain(
    `TF401444: Please sign-in at least once as ${HOME}\\\\${HOME}\\\\${app.objectIdIn(HOME)} in a web browser`,
  );
  organization.grant(app.identity);
  expect((await show(token)).status).toBe(200);
  organization.revoke(app.identity);
  const removed = await show(token);
  expect(removed.status).toBe(401);
  expect(removed.body).toContain('TF400813: The user ');
});

it.each([
  ['conditional-access', 403, 'VS403463'],
  ['unauthorized', 401, 'TF400813'],
  ['not-yet-known', 403, 'VS403283'],
] as const)(
  'an organization denies a valid token for the reason %s',
  async (refused, status, message) => {
    const organization = simulator.addOrganization('contoso', {
      tenantId: HOME,
    });
    const { app, token } = await tokenOf();
    organization.grant(app.identity);
    simulator.parts.entra.denySignIn(app.identity, refused);
    const answer = await show(token);
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(message);
    simulator.parts.entra.denySignIn(app.identity, undefined);
    expect((await show(token)).status).toBe(200);
  },
);

it('an organization names its own tenant to a token of another', async () => {
  const organization = simulator.addOrganization('contoso', {
    tenantId: HOME,
  });
  const { app, token } = await tokenOf({ tenantId: ELSEWHERE });
  organization.grant(app.identity);
  const answer = await show(token);
  expect(answer.status).toBe(401);
  expect(answer.headers['www-authenticate']).toContain(
    `Bearer authorization_uri=https://login.microsoftonline.com/${HOME}`,
  );
  expect(answer.headers['x-vss-resourcetenant']).toBe(HOME);
  expect(answer.body.startsWith('\uFEFF{')).toBe(true);
  expect(JSON.parse(answer.body.slice(1))).toMatchObject({
    typeKey: 'InvalidIdentityException',
  });
});

it('an organization answers 401 to tokens that are early, expired, forged, for another resource or no token', async () => {
  const organization = simulator.addOrganization('contoso', {
    tenantId: HOME,
  });
  const { app, token } = await tokenOf();
  organization.grant(app.identity);
  const good = claims(token);
  const [header, , signature] = token.split('.');
  const forged = Buffer.from(
    JSON.stringify({ ...good, oid: ELSEWHERE }),
  ).toString('base64url');
  const system = simulator.parts.entra.metadata.setSystemAssigned({
    tenantId: HOME,
  });
  organization.grant(system.identity);
  const exchange = await fetch(
    `${simulator.metadataUrl}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=api://AzureADTokenExchange`,
    { headers: { Metadata: 'true' } },
  );
  const bad = [
    // Of a member, but for another resource.
    ((await exchange.json()) as { access_token: string }).access_token,
    `${header}.${forged}.${signature}`,
    'not.a.token',
  ];
  for (const refused of bad) {
    expect((await show(refused)).status).toBe(401);
  }
  expect((await show(token)).status).toBe(200);
  now -= HOUR;
  expect((await show(token)).status).toBe(401);
  now += 2 * HOUR;
  expect((await show(token)).status).toBe(401);
});
