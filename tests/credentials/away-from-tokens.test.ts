import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@backstage/types';
import { createClientCertificate } from '../../dev/simulator/certificates/client';
import { loadProgram, runOn } from '../cli/terminal';
import { component } from '../e2e/support';
import { startCatalog, type TestCatalog } from '../support/backend';
import { proxyGlobalFetch } from '../support/proxied-fetch';
import { Cloud, TENANT_A } from './support';

// The way that docs/credentials/away-from-tokens.md describes, from one kind of
// credential to another.

const TOKEN = { personalAccessToken: 'token-of-alice' };

const files = mkdtempSync(join(tmpdir(), 'azure-devops-credentials-'));
afterAll(() => rmSync(files, { recursive: true }));

let cloud: Cloud;
let restoreFetch: () => Promise<void>;
let catalog: TestCatalog | undefined;

beforeEach(async () => {
  cloud = await Cloud.start();
  restoreFetch = proxyGlobalFetch();
  cloud.simulator.addPersonalAccessToken('token-of-alice', {
    identity: 'alice',
  });
});

afterEach(async () => {
  await catalog?.stop();
  catalog = undefined;
  await restoreFetch();
  await cloud.close();
});

/** An organization with two projects, which these identities may read. */
function addOrganization(
  name: string,
  readers: Readonly<Record<string, readonly string[] | undefined>>,
): void {
  const organization = cloud.simulator.addOrganization(name, {
    tenantId: TENANT_A,
  });
  for (const project of ['Payments', 'Shop']) {
    organization.addProject(project).addRepository('service', {
      files: {
        '/catalog-info.yaml': component(`${name}-${project.toLowerCase()}`),
      },
    });
  }
  for (const [identity, projects] of Object.entries(readers)) {
    organization.grant(identity, projects && { projects: [...projects] });
  }
}

/** Starts the backend with a credential for each organization, on the database of the one before, and refreshes. */
async function readWith(credentials: Record<string, JsonObject>) {
  const databasePrefix = catalog?.databasePrefix;
  await catalog?.stop({ keepDatabase: true });
  catalog = await startCatalog({
    database: 'postgres',
    databasePrefix,
    integrations: {
      azure: [
        {
          host: 'dev.azure.com',
          credentials: Object.entries(credentials).map(([name, each]) => ({
            ...each,
            organizations: [name],
          })),
        },
      ],
    },
    providers: { main: { organizations: Object.keys(credentials) } },
  });
  const { organizations } = await catalog.refresh();
  await catalog.settled();
  const entities = await catalog.entities({ kind: 'Component' });
  return {
    organizations: organizations.map(({ outcome }) => outcome),
    entities: entities
      .map(({ metadata: { name, uid, annotations } }) => ({
        name,
        uid,
        location: annotations?.['backstage.io/managed-by-location'],
      }))
      .sort((a, b) => a.name.localeCompare(b.name)),
  };
}

it('no entity moves from a token to any other kind of credential, and none goes because an identity sees less', async () => {
  const { entra } = cloud.simulator.parts;
  const certificate = createClientCertificate();
  const machine = entra.metadata.setSystemAssigned({ tenantId: TENANT_A });
  const issuer = 'https://cluster.example/';
  const subject = 'system:serviceaccount:backstage:backstage';
  const application = entra.addApplication({
    tenantId: TENANT_A,
    clientId: 'catalog',
    secret: 'secret-of-the-application',
    certificates: [certificate.certificate],
    federatedCredentials: [machine.federatedCredential, { issuer, subject }],
  });
  const principal = { clientId: 'catalog', tenantId: TENANT_A };
  const kinds: Record<string, JsonObject> = {
    'by-secret': { ...principal, clientSecret: 'secret-of-the-application' },
    'by-certificate': { ...principal, clientCertificate: certificate.pem },
    'by-assertion': {
      ...principal,
      managedIdentityClientId: 'system-assigned',
    },
    'by-machine': { clientId: 'system-assigned' },
    'sees-less': { ...principal, clientSecret: 'secret-of-the-application' },
  };
  for (const name of Object.keys(kinds)) {
    const seen = name === 'sees-less' ? ['Payments'] : undefined;
    addOrganization(name, {
      alice: undefined,
      [application.identity]: seen,
      [machine.identity]: seen,
    });
  }
  const names = Object.keys(kinds);
  const byToken = await readWith(
    Object.fromEntries(names.map(name => [name, TOKEN])),
  );
  expect(byToken.entities).toHaveLength(2 * names.length);

  const { requests } = cloud.simulator;
  const ofAlice = requests.count({ identity: 'alice' });
  expect(await readWith(kinds)).toEqual({
    organizations: names.map(() => 'complete'),
    entities: byToken.entities,
  });
  expect(requests.count({ identity: 'alice' })).toBe(ofAlice);

  const tokenFile = join(files, 'azure-identity-token');
  const cluster = entra.addIssuer(issuer);
  writeFileSync(tokenFile, await cluster.token({ subject }));
  cloud.setEnvironment({
    AZURE_TENANT_ID: TENANT_A,
    AZURE_CLIENT_ID: 'catalog',
    AZURE_FEDERATED_TOKEN_FILE: tokenFile,
  });
  expect(
    await readWith(
      Object.fromEntries(names.map(name => [name, { clientId: 'catalog' }])),
    ),
  ).toMatchObject({ entities: byToken.entities });
  expect(requests.count({ identity: 'alice' })).toBe(ofAlice);
});

it('what a token and an identity see can be compared line by line', async () => {
  const application = cloud.simulator.parts.entra.addApplication({
    tenantId: TENANT_A,
    clientId: 'catalog',
    secret: 'secret-of-the-application',
  });
  const principal = {
    clientId: 'catalog',
    tenantId: TENANT_A,
    clientSecret: 'secret-of-the-application',
  };
  addOrganization('contoso', {
    alice: undefined,
    [application.identity]: undefined,
  });
  addOrganization('fabrikam', {
    alice: undefined,
    [application.identity]: ['Payments'],
  });
  const program = loadProgram();
  const tableOf = async (organization: string, credential: JsonObject) => {
    const { stdout } = await runOn(
      program,
      {
        integrations: {
          azure: [{ host: 'dev.azure.com', credentials: [credential] }],
        },
      },
      ['repositories', '--organization', organization],
    );
    return stdout
      .slice(stdout.indexOf('\n\n'))
      .split('\n')
      .map(line => line.trim().replace(/\s+/g, ' '))
      .filter(line => line !== '');
  };
  const before = await tableOf('contoso', TOKEN);
  expect(before).toHaveLength(3);
  expect(await tableOf('contoso', principal)).toEqual(before);
  const less = await tableOf('fabrikam', principal);
  expect(
    (await tableOf('fabrikam', TOKEN)).filter(line => !less.includes(line)),
  ).toEqual([expect.stringContaining('Shop service')]);
});
