import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Simulator } from '../../dev/simulator';
import { createClientCertificate } from '../../dev/simulator/certificates/client';
import { DEFAULT_LIMITER_OPTIONS } from '../../src/azure/limiter/state';
import { component } from '../e2e/support';
import { startCatalog, type TestCatalog } from '../support/backend';
import { proxyGlobalFetch } from '../support/proxied-fetch';
import { SecretScan } from '../support/secret-scan';
import {
  Cloud,
  mountVolume,
  ownDate,
  pass,
  TENANT_A,
  TENANT_B,
} from './support';

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

it('the catalog fills from eight organizations, each read by its own identity and nobody else', async () => {
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
    clientId: 'trusts-system',
    federatedCredentials: [system.federatedCredential],
  });
  const byUser = entra.addApplication({
    tenantId: TENANT_A,
    clientId: 'trusts-user',
    federatedCredentials: [user.federatedCredential],
    consentedIn: [TENANT_B],
  });
  const certificate = createClientCertificate();
  const byCertificate = entra.addApplication({
    tenantId: TENANT_A,
    clientId: 'with-certificate',
    certificates: [certificate.certificate],
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
    'by-certificate': byCertificate.identity,
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
              clientId: 'trusts-system',
              managedIdentityClientId: 'system-assigned',
              tenantId: TENANT_A,
            },
            {
              organizations: ['by-user-assertion'],
              clientId: 'trusts-user',
              managedIdentityClientId: 'user-assigned',
              tenantId: TENANT_B,
            },
            {
              organizations: ['by-certificate'],
              clientId: 'with-certificate',
              clientCertificate: certificate.pem,
              tenantId: TENANT_A,
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
    entities: 8 * REPOSITORIES,
  });
  expect(await names()).toHaveLength(8 * REPOSITORIES);
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
  }).toEqual({ tokens: 5, metadata: 4 });

  // Now let everything go wrong as well, and look for secrets in all of it.
  entra.denySignIn(principal.identity, 'conditional-access');
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
  expect(await names()).toHaveLength(8 * REPOSITORIES);

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

describe('on a pod with workload identity', () => {
  const HOUR = 3_600_000;
  const CLUSTER = 'https://cluster.example/';
  const files = mkdtempSync(join(tmpdir(), 'azure-devops-credentials-'));

  // Tokens live by this clock, which only the test moves.
  beforeAll(ownDate);
  afterAll(() => {
    jest.useRealTimers();
    rmSync(files, { recursive: true });
  });

  it('a certificate and a federated token that are replaced on disk are used without a restart', async () => {
    const { entra } = simulator.parts;
    const subject = 'system:serviceaccount:backstage:backstage';
    const cluster = entra.addIssuer(CLUSTER);
    const first = createClientCertificate();
    const byCertificate = entra.addApplication({
      tenantId: TENANT_A,
      clientId: 'with-certificate',
      certificates: [first.certificate],
    });
    const workload = entra.addApplication({
      tenantId: TENANT_A,
      clientId: 'of-workload',
      federatedCredentials: [{ issuer: CLUSTER, subject }],
    });
    mountVolume(files, {
      'certificate.pem': first.pem,
      token: await cluster.token({ subject }),
    });
    cloud.setEnvironment({
      AZURE_TENANT_ID: TENANT_A,
      AZURE_CLIENT_ID: 'of-workload',
      AZURE_FEDERATED_TOKEN_FILE: join(files, 'token'),
    });
    const readers: Record<string, string> = {
      'by-certificate': byCertificate.identity,
      'by-workload': workload.identity,
      'by-workload-of-environment': workload.identity,
    };
    const organizations = Object.keys(readers);
    for (const [name, reader] of Object.entries(readers)) {
      addOrganization(name, TENANT_A, reader);
    }
    catalog = await startCatalog({
      integrations: {
        azure: [
          {
            host: 'dev.azure.com',
            credentials: [
              {
                organizations: ['by-certificate'],
                clientId: 'with-certificate',
                clientCertificatePath: join(files, 'certificate.pem'),
                tenantId: TENANT_A,
              },
              { organizations: ['by-workload'], clientId: 'of-workload' },
              { clientId: 'system-assigned' },
            ],
          },
        ],
      },
      providers: { main: { organizations } },
    });
    const entities = organizations.length * REPOSITORIES;
    expect(await catalog.refresh()).toMatchObject({
      outcome: 'complete',
      entities,
    });
    await catalog.settled();
    expect(await names()).toHaveLength(entities);

    // The tokens end, the certificate is taken from the application, and nothing is renewed.
    pass(2 * HOUR);
    byCertificate.certificates.pop();
    const failed = await catalog.refresh();
    expect(failed.organizations.map(({ outcome }) => outcome)).toEqual([
      'failed',
      'failed',
      'failed',
    ]);
    const problems = JSON.stringify([failed, catalog.logs]);
    expect(problems).toContain('docs/errors.md#certificate-unknown');
    expect(problems).toContain('docs/errors.md#federated-token-expired');
    expect(await names()).toHaveLength(entities);

    // Now the files are replaced.
    const second = createClientCertificate();
    byCertificate.certificates.push(new X509Certificate(second.certificate));
    mountVolume(files, {
      'certificate.pem': second.pem,
      token: await cluster.token({ subject }),
    });
    pass(60_000);
    expect(await catalog.refresh()).toMatchObject({ outcome: 'complete' });
    expect(await names()).toHaveLength(entities);

    const { requests } = simulator;
    for (const [organization, reader] of Object.entries(readers)) {
      expect(requests.count({ organization, identity: reader })).toBe(
        requests.count({ organization }),
      );
    }
    const tokens = (identity: string, status: number) =>
      requests.count({ endpoint: 'token', identity, status });
    expect({
      certificate: [200, 401].map(s => tokens(byCertificate.identity, s)),
      workload: [200, 401].map(s => tokens(workload.identity, s)),
      metadata: requests.count({ endpoint: 'metadata' }),
    }).toEqual({ certificate: [2, 1], workload: [4, 2], metadata: 0 });
  });
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
