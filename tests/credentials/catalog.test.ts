import type { Simulator } from '../../dev/simulator';
import { DEFAULT_LIMITER_OPTIONS } from '../../src/azure/limiter/state';
import { startCatalog, type TestCatalog } from '../support/backend';
import { proxyGlobalFetch } from '../support/proxied-fetch';
import { SecretScan } from '../support/secrets';
import { Cloud, ownDate, pass, TENANT_A, TENANT_B } from './support';

// The real catalog, with identities of every kind.

const REPOSITORIES = 5;

let cloud: Cloud;
let simulator: Simulator;
let restoreFetch: () => Promise<void>;
let catalog: TestCatalog | undefined;

beforeEach(async () => {
  cloud = await Cloud.start();
  simulator = cloud.simulator;
  restoreFetch = proxyGlobalFetch();
});

afterEach(async () => {
  await catalog?.stop();
  catalog = undefined;
  await restoreFetch();
  await cloud.close();
});

function component(name: string): string {
  return `apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: ${name}
spec:
  type: service
  lifecycle: production
  owner: somebody
`;
}

/** An organization with repositories that give a component each, and its reader. */
function addOrganization(
  name: string,
  tenantId: string,
  reader: string,
  size = REPOSITORIES,
): void {
  const organization = simulator.addOrganization(name, { tenantId });
  const project = organization.addProject('Project');
  for (let i = 0; i < size; i += 1) {
    project.addRepository(`repository-${i}`, {
      files: { '/catalog-info.yaml': component(`${name}-${i}`) },
    });
  }
  organization.grant(reader);
}

async function names(): Promise<string[]> {
  const entities = (await catalog?.entities({ kind: 'Component' })) ?? [];
  return entities.map(({ metadata }) => metadata.name).sort();
}

it('the catalog fills from seven organizations, each read by its own identity and nobody else', async () => {
  const { entra } = simulator.parts;
  const scan = new SecretScan();
  scan.register('the personal access token', 'token-of-alice');
  scan.register('the client secret', 's3cret+of/principal=');
  scan.register('the secret of the environment', 's3cret~of-environment');
  scan.watchOutput();

  const system = entra.metadata.setSystemAssigned({ tenantId: TENANT_A });
  const user = entra.metadata.addUserAssigned({
    tenantId: TENANT_A,
    clientId: 'user-assigned',
  });
  const principal = entra.addApplication({
    tenantId: TENANT_A,
    clientId: 'principal',
    secret: 's3cret+of/principal=',
  });
  const bySystem = entra.addApplication({
    tenantId: TENANT_A,
    clientId: 'vouched-for-by-system',
    federatedCredentials: [system.federatedCredential],
  });
  const byUser = entra.addApplication({
    tenantId: TENANT_A,
    clientId: 'vouched-for-by-user',
    federatedCredentials: [user.federatedCredential],
    consentedIn: [TENANT_B],
  });
  const ofEnvironment = entra.addApplication({
    tenantId: TENANT_A,
    clientId: 'of-environment',
    secret: 's3cret~of-environment',
  });
  cloud.setEnvironment({
    AZURE_TENANT_ID: TENANT_A,
    AZURE_CLIENT_ID: 'of-environment',
    AZURE_CLIENT_SECRET: 's3cret~of-environment',
  });
  simulator.addPersonalAccessToken('token-of-alice', { identity: 'alice' });

  const readers: Record<string, string> = {
    'by-secret': principal.identity,
    'by-system-identity': system.identity,
    'by-user-identity': user.identity,
    'by-system-assertion': bySystem.identity,
    'by-user-assertion': byUser.identity,
    'by-token': 'alice',
    'by-nothing': ofEnvironment.identity,
  };
  for (const [name, reader] of Object.entries(readers)) {
    const tenantId = name === 'by-user-assertion' ? TENANT_B : TENANT_A;
    addOrganization(name, tenantId, reader);
  }
  // Everybody else may read everything too, so that a wrong choice would not show as a denial.
  for (const name of Object.keys(readers)) {
    Object.values(readers).forEach(reader =>
      simulator.organization(name).grant(reader),
    );
  }

  catalog = await startCatalog({
    integrations: {
      azure: [
        {
          host: 'dev.azure.com',
          credentials: [
            {
              organizations: ['By-Secret'],
              clientId: 'principal',
              clientSecret: 's3cret+of/principal=',
              tenantId: TENANT_A,
            },
            {
              organizations: ['by-system-identity'],
              clientId: 'system-assigned',
            },
            { organizations: ['by-user-identity'], clientId: 'user-assigned' },
            {
              organizations: ['by-system-assertion'],
              clientId: 'vouched-for-by-system',
              managedIdentityClientId: 'system-assigned',
              tenantId: TENANT_A,
            },
            {
              organizations: ['by-user-assertion'],
              clientId: 'vouched-for-by-user',
              managedIdentityClientId: 'user-assigned',
              tenantId: TENANT_B,
            },
            {
              organizations: ['by-token'],
              personalAccessToken: 'token-of-alice',
            },
          ],
        },
      ],
    },
    providers: { main: { organizations: Object.keys(readers) } },
  });
  const report = await catalog.refresh();
  await catalog.settled();

  expect(report).toMatchObject({
    outcome: 'complete',
    entities: 7 * REPOSITORIES,
  });
  expect(await names()).toHaveLength(7 * REPOSITORIES);
  const { requests } = simulator;
  for (const [organization, reader] of Object.entries(readers)) {
    const all = requests.count({ organization });
    expect({
      organization,
      all,
      byReader: requests.count({ organization, identity: reader }),
    }).toEqual({
      organization,
      all: REPOSITORIES + 2,
      byReader: REPOSITORIES + 2,
    });
  }
  // One token for each service principal, one for each managed identity and one for its assertion.
  expect({
    tokens: requests.count({ endpoint: 'token' }),
    metadata: requests.count({ endpoint: 'metadata' }),
  }).toEqual({ tokens: 4, metadata: 4 });

  // Now let everything go wrong as well, and look for secrets in all of it.
  entra.refuseSignIn(principal.identity, 'conditional-access');
  simulator.personalAccessToken('token-of-alice').state = 'revoked';
  simulator.inject({
    match: { organization: 'by-system-assertion' },
    response: {
      status: 302,
      headers: { Location: 'https://elsewhere.visualstudio.com/' },
    },
  });
  byUser.withdrawConsent(TENANT_B);
  simulator.organization('by-user-identity').revoke(user.identity);
  const failed = await catalog.refresh();
  expect(failed.organizations.filter(o => o.outcome === 'failed').length).toBe(
    4,
  );
  expect(await names()).toHaveLength(7 * REPOSITORIES);

  scan.saw('the log', catalog.logs);
  scan.saw('the reports', [report, failed]);
  scan.saw('the catalog', await catalog.entities());
  await scan.sawDatabase('the database', catalog.knex);
  scan.sawRequests(
    requests.list(),
    ({ organization, host, identity }) =>
      /^(almsearch\.)?dev\.azure\.com$/.test(host) &&
      organization !== undefined &&
      (identity === undefined || identity === readers[organization]),
  );
  scan.close();
  expect(scan.size).toBeGreaterThan(100);
  expect(scan.leaks()).toEqual([]);
  expect(requests.count({ host: 'elsewhere.visualstudio.com' })).toBe(0);
});

describe('a refresh over 2,000 repositories', () => {
  const SIZE = 2_000;
  const MOST_SLOTS = DEFAULT_LIMITER_OPTIONS.maxConcurrency;
  /** How long a token is valid, in milliseconds. */
  const LIFE = 20_000;

  // Tokens live by this clock, which only the test moves.
  beforeAll(ownDate);
  afterAll(() => jest.useRealTimers());

  async function refresh(): Promise<void> {
    const { identity } = simulator.parts.entra.addApplication({
      tenantId: TENANT_A,
      clientId: 'principal',
      secret: 'secret',
    });
    addOrganization('contoso', TENANT_A, identity, SIZE);
    catalog = await startCatalog({
      integrations: {
        azure: [
          {
            credentials: [
              {
                clientId: 'principal',
                clientSecret: 'secret',
                tenantId: TENANT_A,
              },
            ],
          },
        ],
      },
      providers: { main: { organization: 'contoso' } },
    });
    const report = await catalog.refresh();
    expect(report).toMatchObject({
      outcome: 'complete',
      entities: SIZE,
      organizations: [{ probes: { conclusive: SIZE, unknown: 0 } }],
    });
  }

  it('loses none when the token expires in the middle, again and again', async () => {
    const { entra } = simulator.parts;
    entra.tokens.lifetimeSeconds = LIFE / 1_000;
    let asked = 0;
    simulator.inject({
      match: { endpoint: 'items' },
      response: (_request, proceed) => {
        asked += 1;
        // Every token that is out expires, those on their way included.
        if (asked % 400 === 0) pass(LIFE);
        return proceed();
      },
    });
    await refresh();
    const { requests } = simulator;
    const tokens = requests.count({ endpoint: 'token' });
    expect(tokens).toBeGreaterThan(4);
    expect(requests.count({ endpoint: 'items', status: 200 })).toBe(SIZE);
    // At most what was in flight is sent again for each of them.
    expect(asked - SIZE).toBeLessThanOrEqual(tokens * MOST_SLOTS);
  });

  it('repeats no more than was in flight when the token is denied in the middle', async () => {
    let denied: string | undefined;
    simulator.inject({
      match: { endpoint: 'items' },
      skip: SIZE / 2,
      response: (request, proceed) => {
        const { authorization } = request.headers;
        if (denied === undefined) {
          denied = authorization;
          // A token that is issued in the same second is the same token.
          pass(1_000);
        }
        return authorization === denied ? { status: 401 } : proceed();
      },
    });
    await refresh();
    const { requests } = simulator;
    const denials = requests.count({ endpoint: 'items', status: 401 });
    expect(denials).toBeGreaterThan(0);
    expect(denials).toBeLessThanOrEqual(MOST_SLOTS);
    expect(requests.count({ endpoint: 'items' })).toBe(SIZE + denials);
    expect(requests.count({ endpoint: 'token' })).toBe(2);
  });
});
