import type { JsonObject } from '@backstage/types';
import type { FaultOptions } from '../../dev/simulator';
import { readClaims } from '../../src/credentials/access-token';
import { SecretScan } from '../support/secret-scan';
import { until } from '../support/until';
import {
  Cloud,
  freshDirectory,
  ownDate,
  pass,
  type Served,
  TENANT_A,
  TENANT_B,
} from './support';
import { Organization } from '../../src/organization';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** After how long a token that does not come is given up: long enough for one that does come on a busy machine. */
const HANG = 15_000;

const contoso = new Organization('dev.azure.com', 'contoso');
const fabrikam = new Organization('dev.azure.com', 'fabrikam');

const SECRETS = ['s3cret~of-contoso', 's3cret~of-fabrikam', 'per$onal-token'];

function servicePrincipal(name: string, organizations?: string[]): JsonObject {
  return {
    clientId: `app-${name}`,
    clientSecret: `s3cret~of-${name}`,
    tenantId: TENANT_A,
    ...(organizations && { organizations }),
  };
}

const TWO = [
  {
    host: 'dev.azure.com',
    credentials: [
      servicePrincipal('contoso', ['contoso']),
      servicePrincipal('fabrikam'),
    ],
  },
];

let cloud: Cloud;
let served: Served[] = [];
const scan = new SecretScan();

beforeAll(() => {
  SECRETS.forEach((secret, i) => scan.register(`secret ${i}`, secret));
  scan.watchOutput();
});

afterAll(() => {
  scan.close();
  expect(scan.size).toBeGreaterThan(20);
  expect(scan.leaks()).toEqual([]);
});

beforeEach(async () => {
  ownDate();
  cloud = await Cloud.start();
  for (const name of ['contoso', 'fabrikam']) {
    cloud.simulator.parts.entra.addApplication({
      tenantId: TENANT_A,
      clientId: `app-${name}`,
      secret: `s3cret~of-${name}`,
    });
  }
});

afterEach(async () => {
  const requests = cloud.simulator.requests.list();
  scan.sawRequests(requests, () => false);
  served.forEach(({ directory, logs }) =>
    scan.saw('served', [directory, logs]),
  );
  served = [];
  jest.useRealTimers();
  await cloud.close();
});

function serve(
  azure: JsonObject[],
  options?: { tokenTimeoutMs?: number },
): Served {
  const added = freshDirectory(azure, options);
  served.push(added);
  return added;
}

function tokenRequests(identity?: string): number {
  return cloud.simulator.requests.count({ endpoint: 'token', identity });
}

/** What is thrown, kept for the scan. */
async function failureOf(work: Promise<unknown>): Promise<{
  name: string;
  message: string;
  diagnosis: { problem: string; transient: boolean };
}> {
  try {
    await work;
  } catch (error) {
    scan.saw('thrown', error);
    return error as Awaited<ReturnType<typeof failureOf>>;
  }
  throw new Error('Expected a failure');
}

it('the backend asks for one token when a hundred organizations need it at once', async () => {
  const { directory } = serve(TWO);
  const headers = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      directory
        .forOrganization(new Organization(fabrikam.host, `org-${i}`))
        .getAuthorization(),
    ),
  );
  expect(new Set(headers).size).toBe(1);
  expect(headers[0]).toMatch(/^Bearer eyJ/);
  expect(tokenRequests()).toBe(1);
});

it('the backend does not remember every organization that a URL ever named', () => {
  const { directory } = serve(TWO);
  const first = directory.forOrganization(contoso);
  expect(directory.forOrganization(contoso)).toBe(first);
  for (let i = 0; i < 1_000; i += 1) {
    directory.forOrganization(new Organization(contoso.host, `typed-${i}`));
  }
  expect(directory.forOrganization(contoso)).not.toBe(first);
});

it('the backend names what is configured for a host where none of it serves the organization, with and without the port of https', () => {
  const { directory } = serve([
    {
      host: 'tfs.example.com:443',
      credentials: [
        { personalAccessToken: 'per$onal-token', organizations: ['Other'] },
      ],
    },
  ]);
  expect(() =>
    directory.forOrganization(new Organization('tfs.example.com', 'Main')),
  ).toThrow(
    "configured for tfs.example.com: personal access token (integrations.azure[0].credentials[0]) for 'Other'",
  );
});

it('the backend sends a personal access token as it was configured', async () => {
  const { directory } = serve([
    {
      host: 'tfs.example.com',
      credentials: [{ personalAccessToken: ' per$onal-token ' }],
    },
  ]);
  const credential = directory.forOrganization(
    new Organization('tfs.example.com', 'tfs/DefaultCollection'),
  );
  const header = await credential.getAuthorization();
  expect(Buffer.from(header.slice(6), 'base64').toString()).toBe(
    ':per$onal-token',
  );
  expect(await credential.reject(header)).toBe(false);
});

it('the backend renews a token in the background, and uses the old one while that fails', async () => {
  const { directory, logs } = serve(TWO);
  const credential = directory.forOrganization(contoso);
  const first = await credential.getAuthorization();
  pass(46 * MINUTE);
  const outage = cloud.simulator.inject({
    match: { endpoint: 'token' },
    response: { status: 400, body: 'no' },
  });
  expect(await credential.getAuthorization()).toBe(first);
  await until('the warning', () => logs.some(line => line.level === 'warn'));
  expect(logs.map(line => line.message)).toEqual([
    expect.stringMatching(
      /^The token of the service principal \(client secret\), client id app-contoso, .* could not be renewed; the current one is used until .*Z: token-refused .*More: https:.*errors\.md#token-refused$/,
    ),
  ]);
  outage.remove();
  pass(MINUTE);
  expect(await credential.getAuthorization()).toBe(first);
  const second = await until('the new token', async () => {
    const now = await credential.getAuthorization();
    return now !== first && now;
  });
  expect(second).not.toBe(first);
});

describe('an outage of ten minutes of the token service', () => {
  it.each<[string, FaultOptions['response'], string]>([
    [
      'that answers 500',
      { status: 500, body: {} },
      'token-service-unavailable',
    ],
    [
      'that answers 429',
      { status: 429, body: {} },
      'token-service-unavailable',
    ],
    [
      'that answers nonsense',
      {
        status: 200,
        headers: { 'Content-Type': 'text/html' },
        body: '<html>Welcome to the hotel</html>',
      },
      'token-malformed',
    ],
  ])(
    '%s costs other credentials nothing, and a valid token is used to its end',
    async (_name, response, problem) => {
      const { directory, logs } = serve(TWO);
      const affected = directory.forOrganization(contoso);
      const other = directory.forOrganization(fabrikam);
      const first = await affected.getAuthorization();
      pass(55 * MINUTE);
      const fault = cloud.simulator.inject({
        match: { endpoint: 'token', identity: 'sp:app-contoso' },
        response,
      });
      for (const [minute, next] of [
        [1, 5],
        [5, 6],
        [6, 11],
      ] as const) {
        const warnings = logs.length;
        expect(await other.getAuthorization()).toMatch(/^Bearer /);
        if (minute < 6) {
          expect(await affected.getAuthorization()).toBe(first);
          await until('the renewal to fail', () => logs.length > warnings);
        } else {
          const failure = await failureOf(affected.getAuthorization());
          expect(failure.name).toBe('CredentialError');
          expect(failure.diagnosis).toMatchObject({ problem, transient: true });
          const requests = tokenRequests('sp:app-contoso');
          // A request in between fails at once, and sends nothing to the service.
          await failureOf(affected.getAuthorization());
          expect(tokenRequests('sp:app-contoso')).toBe(requests);
        }
        pass((next - minute) * MINUTE);
      }
      fault.remove();
      // It recovers by itself, and at once: no ban of the library's outlives the outage.
      const recovered = await affected.getAuthorization();
      expect(recovered).toMatch(/^Bearer /);
      expect(recovered).not.toBe(first);
    },
  );

  it('that asks for a long pause is named as one, rather than as no answer at all', async () => {
    const { directory } = serve(TWO, { tokenTimeoutMs: HANG });
    cloud.simulator.inject({
      match: { endpoint: 'token' },
      response: { status: 429, headers: { 'Retry-After': '600' }, body: {} },
    });
    const failure = await failureOf(
      directory.forOrganization(contoso).getAuthorization(),
    );
    expect(failure.diagnosis).toMatchObject({
      problem: 'token-service-unavailable',
      cause: expect.stringContaining('HTTP 429'),
    });
    expect(tokenRequests()).toBe(1);
  });

  it('that never answers costs other credentials nothing, and a valid token is used to its end', async () => {
    const { directory } = serve(TWO, { tokenTimeoutMs: HANG });
    const affected = directory.forOrganization(contoso);
    const other = directory.forOrganization(fabrikam);
    const first = await affected.getAuthorization();
    pass(55 * MINUTE);
    const fault = cloud.simulator.inject({
      match: { endpoint: 'token', identity: 'sp:app-contoso' },
      fault: 'hang',
    });
    // The renewal hangs behind the valid token, and nobody asks a second time.
    expect(await affected.getAuthorization()).toBe(first);
    await until('the renewal', () => fault.hits > 0);
    expect(await affected.getAuthorization()).toBe(first);
    expect(await other.getAuthorization()).toMatch(/^Bearer /);
    // Once the token has expired, the renewal is waited for, but not for ever.
    pass(6 * MINUTE);
    const failing = failureOf(affected.getAuthorization());
    expect(await other.getAuthorization()).toMatch(/^Bearer /);
    expect((await failing).diagnosis).toMatchObject({
      problem: 'token-timeout',
      transient: true,
    });
    fault.remove();
    pass(MINUTE);
    const recovered = await affected.getAuthorization();
    expect(recovered).toMatch(/^Bearer /);
    expect(recovered).not.toBe(first);
  });
});

describe('a token that Azure DevOps denies', () => {
  it('is replaced once, for a service principal', async () => {
    const { directory } = serve(TWO);
    const credential = directory.forOrganization(contoso);
    const first = await credential.getAuthorization();
    pass(1_000);
    const worth = await Promise.all(
      Array.from({ length: 20 }, () => credential.reject(first)),
    );
    expect(new Set(worth)).toEqual(new Set([true]));
    const second = await credential.getAuthorization();
    expect(second).not.toBe(first);
    expect(await credential.reject(second)).toBe(false);
    expect(tokenRequests()).toBe(2);
  });

  it('is kept while the library answers from its cache, for a managed identity', async () => {
    cloud.simulator.parts.entra.metadata.setSystemAssigned({
      tenantId: TENANT_A,
    });
    const { directory } = serve([
      { host: 'dev.azure.com', credentials: [{ clientId: 'system-assigned' }] },
    ]);
    const credential = directory.forOrganization(contoso);
    const first = await credential.getAuthorization();
    expect(await credential.reject(first)).toBe(false);
    expect(cloud.simulator.requests.count({ endpoint: 'metadata' })).toBe(1);
    // Past half of its life the library renews when it is asked.
    pass(13 * HOUR);
    expect(await credential.reject(first)).toBe(true);
    expect(await credential.getAuthorization()).not.toBe(first);
    expect(cloud.simulator.requests.count({ endpoint: 'metadata' })).toBe(2);
  });
});

it('the backend gets the token of a managed identity from App Service', async () => {
  const { simulator } = cloud;
  const { metadata } = simulator.parts.entra;
  const user = metadata.addUserAssigned({
    tenantId: TENANT_A,
    clientId: 'of-the-app',
  });
  cloud.setEnvironment(
    metadata.environment('app-service', simulator.metadataUrl),
  );
  const { directory } = serve([
    { host: 'dev.azure.com', credentials: [{ clientId: 'of-the-app' }] },
  ]);
  const headers = await Promise.all(
    Array.from({ length: 10 }, () =>
      directory.forOrganization(contoso).getAuthorization(),
    ),
  );
  expect(readClaims(headers[0] ?? '')?.objectId).toBe(user.objectId);
  expect(
    simulator.requests
      .list({ endpoint: 'metadata' })
      .map(({ url }) => new URL(url).pathname),
  ).toEqual(['/msi/token']);
});

it.each<[string, Omit<FaultOptions, 'match'>, string]>([
  ['hangs', { fault: 'hang' }, 'token-timeout'],
  [
    'is overloaded',
    { response: { status: 429, body: { error: 'throttled' } } },
    'token-service-unavailable',
  ],
  [
    'answers nonsense',
    { response: { status: 200, body: '<html>' } },
    'managed-identity-unavailable',
  ],
])(
  'a managed identity service that %s costs other credentials nothing, and works again afterwards',
  async (_name, outage, problem) => {
    cloud.simulator.parts.entra.metadata.setSystemAssigned({
      tenantId: TENANT_A,
    });
    const { directory } = serve(
      [
        {
          host: 'dev.azure.com',
          credentials: [
            { clientId: 'system-assigned', organizations: ['contoso'] },
            servicePrincipal('fabrikam'),
          ],
        },
      ],
      { tokenTimeoutMs: HANG },
    );
    const fault = cloud.simulator.inject({
      match: { door: 'metadata' },
      ...outage,
    });
    const affected = directory.forOrganization(contoso);
    const failing = failureOf(affected.getAuthorization());
    await directory.forOrganization(fabrikam).getAuthorization();
    expect((await failing).diagnosis.problem).toBe(problem);
    fault.remove();
    pass(MINUTE);
    expect(await affected.getAuthorization()).toMatch(/^Bearer /);
  },
);

it('the backend renews the token of a managed identity, although the library keeps the old one until late', async () => {
  cloud.simulator.parts.entra.metadata.setSystemAssigned({
    tenantId: TENANT_A,
  });
  cloud.simulator.parts.entra.managedIdentityTokens.lifetimeSeconds = 3_600;
  const { directory } = serve([
    { host: 'dev.azure.com', credentials: [{ clientId: 'system-assigned' }] },
  ]);
  const credential = directory.forOrganization(contoso);
  const first = await credential.getAuthorization();
  const asked = () => cloud.simulator.requests.count({ endpoint: 'metadata' });
  pass(46 * MINUTE);
  // The library answers this renewal from its cache: in the end it has asked twice.
  expect(await credential.getAuthorization()).toBe(first);
  pass(9.5 * MINUTE);
  expect(await credential.getAuthorization()).toBe(first);
  const renewed = async () => {
    pass(1_000);
    return (await credential.getAuthorization()) !== first;
  };
  // By the clock of the test, within the life of the old one.
  await until('the renewal', renewed, 4 * MINUTE);
  expect(asked()).toBe(2);
});

describe('a service principal with the token of a managed identity in place of a secret', () => {
  it('reads an organization of another tenant, once its administrator has consented', async () => {
    const { simulator } = cloud;
    const { entra } = simulator.parts;
    const identity = entra.metadata.addUserAssigned({
      tenantId: TENANT_A,
      clientId: 'identity-of-the-machine',
    });
    const application = entra.addApplication({
      tenantId: TENANT_A,
      clientId: 'app-of-a',
      multiTenant: true,
      federatedCredentials: [identity.federatedCredential],
    });
    entra.addTenant({ id: TENANT_B });
    const { directory } = serve([
      {
        host: 'dev.azure.com',
        credentials: [
          {
            clientId: 'app-of-a',
            managedIdentityClientId: 'identity-of-the-machine',
            tenantId: TENANT_B,
          },
        ],
      },
    ]);
    const credential = directory.forOrganization(contoso);
    const before = await failureOf(credential.getAuthorization());
    expect(before.diagnosis.problem).toBe('consent-missing');
    expect(before.message).toContain(
      `https://login.microsoftonline.com/${TENANT_B}/adminconsent?client_id=app-of-a`,
    );
    application.consentIn(TENANT_B);
    pass(MINUTE);
    await Promise.all(
      Array.from({ length: 50 }, () => credential.getAuthorization()),
    );
    // The assertion is asked for once, whatever becomes of what it is used for.
    expect(simulator.requests.count({ endpoint: 'metadata' })).toBe(1);
    expect(tokenRequests()).toBe(2);
  });
});

it('the backend uses the credential of the environment when nothing is configured, and warns that it does', async () => {
  cloud.setEnvironment({
    AZURE_TENANT_ID: TENANT_A,
    AZURE_CLIENT_ID: 'app-contoso',
    AZURE_CLIENT_SECRET: 's3cret~of-contoso',
  });
  const { directory, logs } = serve([]);
  const credential = directory.forOrganization(contoso);
  expect(await credential.getAuthorization()).toMatch(/^Bearer /);
  expect(credential.describe().kind).toBe('default Azure credential');
  directory.forOrganization(new Organization(contoso.host, 'CONTOSO'));
  expect(logs.map(line => line.message)).toEqual([
    expect.stringMatching(
      /^No credential under integrations.azure serves dev.azure.com\/contoso .*DefaultAzureCredential/,
    ),
  ]);
  expect(tokenRequests('sp:app-contoso')).toBe(1);
});
