import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '@backstage/types';
import type { FaultOptions, Organization } from '../../dev/simulator';
import {
  createClientCertificate,
  type ClientCertificateOptions,
} from '../../dev/simulator/certificates/client';
import type { ProblemId } from '../../src/credentials/problems/diagnosis';
import { type Cloud, TENANT_A, TENANT_B } from '../credentials/support';

/** One configuration in one state of the world, and the problem that it leads to. */
export interface Scenario {
  readonly name: string;
  /** Absent when all is well. */
  readonly problem?: ProblemId;
  /** Whether a managed identity is asked for, whose token the library keeps for the life of a process. */
  readonly asksMachine?: boolean;
  /** Whether the problem shows in `doctor` alone, as a warning. */
  readonly warns?: RegExp;
  /** Brings the world into that state. */
  set(world: World): Setting | Promise<Setting>;
}

export interface Setting {
  readonly azure: JsonObject[];
  /** The organizations of a provider. */
  readonly provider?: readonly string[];
  /** As on the command line. Default: `contoso`. */
  readonly organization?: string;
  readonly project?: string;
}

/** What scenarios are made of: an organization with two projects, and ways to reach it. */
export class World {
  readonly cloud: Cloud;
  readonly contoso: Organization;

  constructor(cloud: Cloud) {
    this.cloud = cloud;
    this.contoso = fill(
      cloud.simulator.addOrganization('contoso', { tenantId: TENANT_A }),
    );
  }

  get entra() {
    return this.cloud.simulator.parts.entra;
  }

  inject(options: FaultOptions): void {
    this.cloud.simulator.inject(options);
  }

  /** dev.azure.com with one credential. */
  readonly with = (credential: JsonObject): Setting => ({
    azure: [{ host: 'dev.azure.com', credentials: [credential] }],
  });

  /** A personal access token of alice, who may read everything. */
  token(
    options: {
      state?: 'expired' | 'revoked';
      scopes?: string[];
      organizations?: string[];
    } = {},
  ): Setting {
    const token = 'token-of-alice';
    this.contoso.grant('alice');
    this.cloud.simulator.addPersonalAccessToken(token, {
      identity: 'alice',
      ...options,
    });
    return this.with({ personalAccessToken: token });
  }

  /** An application with a secret, which may read everything in contoso. */
  application(
    options: Partial<Parameters<World['entra']['addApplication']>[0]> = {},
  ) {
    const application = this.entra.addApplication({
      tenantId: TENANT_A,
      clientId: CLIENT,
      secret: SECRET,
      ...options,
    });
    this.contoso.grant(application.identity);
    return application;
  }

  /** Where a file of the scenarios lies. */
  static pathOf(name: string): string {
    return join(FILES, name);
  }

  /** A file of this content, which is gone with `removeFiles`. Its path is the same in every run. */
  file(name: string, content: string): string {
    const path = World.pathOf(name);
    writeFileSync(path, content);
    return path;
  }

  /** An application with a certificate, which is registered unless said otherwise. */
  certificate(
    options: { registered?: boolean } & ClientCertificateOptions = {},
  ) {
    const { registered = true, ...made } = options;
    const certificate = createClientCertificate({ key: KEY, ...made });
    const application = this.application({
      secret: undefined,
      certificates: registered ? [certificate.certificate] : [],
    });
    return { ...certificate, application };
  }

  /** A certificate in a file. */
  certificateFile(content: string): Setting {
    return this.with({
      clientId: CLIENT,
      clientCertificatePath: this.file('certificate.pem', content),
      tenantId: TENANT_A,
    });
  }

  /**
   * A pod with workload identity.
   *
   * @param trusted - what the application's federated credential has
   * @param lifetimeSeconds - of the token in the pod's file
   */
  async workload(
    trusted: { issuer?: string; subject?: string; audience?: string } = {},
    lifetimeSeconds?: number,
  ): Promise<Setting> {
    const cluster = this.entra.addIssuer(CLUSTER);
    this.application({
      secret: undefined,
      federatedCredentials: [
        { issuer: CLUSTER, subject: SERVICE_ACCOUNT, ...trusted },
      ],
    });
    const token = await cluster.token({
      subject: SERVICE_ACCOUNT,
      lifetimeSeconds,
    });
    return this.pod(token);
  }

  /** The environment of a pod with workload identity, and this content in the token's file; none for no file. */
  pod(token: string | undefined): Setting {
    this.cloud.setEnvironment({
      AZURE_TENANT_ID: TENANT_A,
      AZURE_CLIENT_ID: CLIENT,
      AZURE_FEDERATED_TOKEN_FILE:
        token === undefined
          ? join(FILES, 'missing', 'azure-identity-token')
          : this.file('azure-identity-token', token),
    });
    return this.with({ clientId: CLIENT });
  }

  /** The application's credential, in contoso's tenant unless said otherwise. */
  secret(tenantId = TENANT_A, clientSecret = SECRET): Setting {
    return this.with({ clientId: CLIENT, clientSecret, tenantId });
  }
}

const CLIENT = '12345678-1234-4234-8234-123456789abc';
const IDENTITY = '87654321-4321-4321-8321-cba987654321';
const SECRET = 'secret-of-the-application';

const CLUSTER = 'https://westeurope.oic.prod-aks.azure.com/contoso/cluster/';
const SERVICE_ACCOUNT = 'system:serviceaccount:backstage:backstage';

/** Making a key takes a moment, and certificates may share one. */
const KEY = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
/** Its length is the same everywhere, so that lines break at the same places. */
const FILES = mkdtempSync('/tmp/secrets-');

export function removeFiles(): void {
  rmSync(FILES, { recursive: true, force: true });
}

/** What differs from run to run in these scenarios. */
export function steadyFiles(text: string): string {
  return text
    .replaceAll(FILES, '/run/secrets/azure0')
    .replace(/\b[0-9A-F]{40}\b/g, 'THUMBPRINT'.padEnd(40, '0'));
}

function fill(organization: Organization): Organization {
  const payments = organization.addProject('Payments');
  payments.addRepository('api', { files: { '/catalog-info.yaml': 'x' } });
  payments.addRepository('a repository with quite a long name of its own', {
    files: { '/readme.md': 'x'.repeat(1_234_567) },
  });
  payments.addRepository('retired', {
    files: { '/readme.md': 'x' },
    disabled: true,
  });
  organization.addProject('Ärger & Söhne').addRepository('leer');
  return organization;
}

const answering = (
  status: number,
  body: unknown,
): Omit<FaultOptions, 'match'> => ({
  response: { status, body },
});

const DAY = 24 * 60 * 60 * 1_000;
/** So that the days that are left are the same in every run. */
const FAR = { validFrom: 0, validTo: Date.parse('2049-01-01T00:00:00Z') };

/** Every kind of credential, when all is well. */
export const KINDS: Scenario[] = [
  {
    name: 'service principal with a client secret',
    set: world => {
      world.application();
      return world.secret();
    },
  },
  {
    name: 'system-assigned managed identity',
    asksMachine: true,
    set: world => {
      const identity = world.entra.metadata.setSystemAssigned({
        tenantId: TENANT_A,
      });
      world.contoso.grant(identity.identity, { projects: ['Payments'] });
      return world.with({ clientId: 'system-assigned' });
    },
  },
  {
    name: 'user-assigned managed identity',
    asksMachine: true,
    set: world => {
      const identity = world.entra.metadata.addUserAssigned({
        tenantId: TENANT_A,
        clientId: IDENTITY,
      });
      world.contoso.grant(identity.identity);
      return world.with({ clientId: IDENTITY });
    },
  },
  {
    name: 'service principal, assertion by a system-assigned managed identity',
    asksMachine: true,
    set: world => {
      const identity = world.entra.metadata.setSystemAssigned({
        tenantId: TENANT_A,
      });
      world.application({
        secret: undefined,
        federatedCredentials: [identity.federatedCredential],
      });
      return world.with({
        clientId: CLIENT,
        managedIdentityClientId: 'system-assigned',
        tenantId: TENANT_A,
      });
    },
  },
  {
    name: 'service principal, assertion by a user-assigned managed identity, other tenant',
    asksMachine: true,
    set: world => {
      const identity = world.entra.metadata.addUserAssigned({
        tenantId: TENANT_B,
        clientId: IDENTITY,
      });
      world.application({
        tenantId: TENANT_B,
        secret: undefined,
        consentedIn: [TENANT_A],
        federatedCredentials: [identity.federatedCredential],
      });
      return world.with({
        clientId: CLIENT,
        managedIdentityClientId: IDENTITY,
        tenantId: TENANT_A,
      });
    },
  },
  {
    name: 'service principal with a certificate in a file',
    set: world => world.certificateFile(world.certificate(FAR).pem),
  },
  {
    name: 'service principal with a certificate in the configuration',
    set: world =>
      world.with({
        clientId: CLIENT,
        clientCertificate: world.certificate(FAR).pem,
        tenantId: TENANT_A,
      }),
  },
  { name: 'workload identity', set: world => world.workload() },
  {
    name: 'workload identity that the environment names',
    set: async world => {
      await world.workload();
      return world.with({ clientId: 'system-assigned' });
    },
  },
  { name: 'personal access token', set: world => world.token() },
  {
    name: 'personal access token for a Server',
    set: world => {
      const { simulator } = world.cloud;
      const name = 'tfs/DefaultCollection';
      fill(simulator.addOrganization(name, { deployment: 'server' })).grant(
        'alice',
      );
      simulator.addPersonalAccessToken('token-of-alice', { identity: 'alice' });
      return {
        azure: [
          {
            host: simulator.serverHost,
            credentials: [
              {
                personalAccessToken: 'token-of-alice',
                organizations: ['DefaultCollection'],
              },
            ],
          },
        ],
        organization: `https://${simulator.serverHost}/${name}`,
      };
    },
  },
  {
    name: 'none: the environment has one',
    asksMachine: true,
    set: world => {
      world.application();
      world.cloud.setEnvironment({
        AZURE_TENANT_ID: TENANT_A,
        AZURE_CLIENT_ID: CLIENT,
        AZURE_CLIENT_SECRET: SECRET,
      });
      return { azure: [] };
    },
  },
];

/** Every problem that has a message of its own. */
export const FAILURES: Scenario[] = [
  {
    name: 'nothing configured for the host',
    problem: 'no-matching-credential',
    set: () => ({
      azure: [
        {
          host: 'tfs.example.com',
          credentials: [
            { personalAccessToken: 'x', organizations: ['Archive', 'Old'] },
          ],
        },
      ],
      organization: 'tfs.example.com/DefaultCollection',
    }),
  },
  {
    name: 'a personal access token of blanks',
    problem: 'personal-access-token-empty',
    set: world => world.with({ personalAccessToken: '  ' }),
  },
  {
    name: 'a credential without its secret',
    problem: 'credentials-not-valid',
    set: world => world.with({ clientId: CLIENT, tenantId: TENANT_A }),
  },
  {
    name: 'a managed identity for a Server',
    problem: 'server-needs-personal-access-token',
    set: () => ({
      azure: [
        {
          host: 'tfs.example.com',
          credentials: [{ clientId: 'system-assigned' }],
        },
      ],
    }),
  },
  {
    name: 'a personal access token that nobody knows',
    problem: 'personal-access-token-unknown',
    set: world => world.with({ personalAccessToken: 'a-value-nobody-has' }),
  },
  {
    name: 'a personal access token that has expired, and a service that says so',
    problem: 'personal-access-token-expired',
    set: world => {
      world.inject({
        match: { host: 'dev.azure.com', identity: 'alice' },
        response: {
          status: 401,
          headers: { 'Content-Type': 'text/plain' },
          body: 'Access Denied: The Personal Access Token used has expired.',
        },
      });
      return world.token();
    },
  },
  {
    name: 'a personal access token that was revoked, and a service that says so',
    problem: 'personal-access-token-revoked',
    set: world => {
      world.inject({
        match: { host: 'dev.azure.com', identity: 'alice' },
        response: {
          status: 401,
          headers: { 'Content-Type': 'text/plain' },
          body: 'Access Denied: The Personal Access Token used has been revoked.',
        },
      });
      return world.token();
    },
  },
  {
    name: 'a personal access token that has expired, and a service that says nothing',
    problem: 'personal-access-token-refused',
    set: world => world.token({ state: 'expired' }),
  },
  {
    name: 'a personal access token without the scope',
    problem: 'personal-access-token-scope',
    set: world => world.token({ scopes: ['vso.work'] }),
  },
  {
    name: 'a personal access token that is answered like nobody',
    problem: 'personal-access-token-unknown',
    set: world => {
      const { simulator } = world.cloud;
      simulator.addOrganization('home', { unknownCallers: 'nobody' });
      return {
        ...world.with({ personalAccessToken: 'a-value-nobody-has' }),
        organization: 'home',
      };
    },
  },
  {
    name: 'a Server whose web server asks for a password itself',
    problem: 'iis-basic-authentication',
    set: world => {
      const { simulator } = world.cloud;
      simulator.addOrganization('tfs/Main', {
        deployment: 'server',
        iisBasicAuthentication: true,
      });
      return {
        azure: [
          {
            host: simulator.serverHost,
            credentials: [{ personalAccessToken: 'a-value-nobody-has' }],
          },
        ],
        organization: `https://${simulator.serverHost}/tfs/Main`,
      };
    },
  },
  {
    name: 'a wrong client secret',
    problem: 'client-secret-invalid',
    set: world => {
      world.application();
      return world.secret(TENANT_A, 'a-value-nobody-has');
    },
  },
  {
    name: 'an expired client secret',
    problem: 'client-secret-expired',
    set: world => {
      world.application({
        secret: undefined,
        secrets: [{ value: SECRET, expiresAt: 1 }],
      });
      return world.secret();
    },
  },
  {
    name: 'a certificate file that is not there',
    problem: 'certificate-file-unreadable',
    set: world => {
      world.certificate();
      return world.with({
        clientId: CLIENT,
        clientCertificatePath: join(FILES, 'missing.pem'),
        tenantId: TENANT_A,
      });
    },
  },
  {
    name: 'a certificate file that is a directory',
    problem: 'certificate-file-unreadable',
    set: world =>
      world.with({
        clientId: CLIENT,
        clientCertificatePath: FILES,
        tenantId: TENANT_A,
      }),
  },
  {
    name: 'a certificate that is no PEM',
    problem: 'certificate-not-pem',
    set: world => world.certificateFile('0\u0082\n\u0003binary'),
  },
  {
    name: 'a certificate whose line breaks are lost',
    problem: 'certificate-not-pem',
    set: world =>
      world.with({
        clientId: CLIENT,
        clientCertificate: world.certificate().pem.replaceAll(/\r?\n/g, '\\n'),
        tenantId: TENANT_A,
      }),
  },
  {
    name: 'a certificate without its key',
    problem: 'certificate-key-missing',
    set: world => world.certificateFile(world.certificate().certificate),
  },
  {
    name: 'a certificate whose key has a passphrase',
    problem: 'certificate-key-encrypted',
    set: world => {
      const encrypted = KEY.export({
        type: 'pkcs8',
        format: 'pem',
        cipher: 'aes-256-cbc',
        passphrase: 'passphrase',
      });
      return world.certificateFile(
        `${world.certificate().certificate}${encrypted.toString()}`,
      );
    },
  },
  {
    name: 'a certificate with an elliptic key',
    problem: 'certificate-key-unsuitable',
    set: world => {
      const { privateKey } = generateKeyPairSync('ec', {
        namedCurve: 'prime256v1',
      });
      const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
      return world.certificateFile(
        `${world.certificate().certificate}${key.toString()}`,
      );
    },
  },
  {
    name: 'a certificate with the key of another one',
    problem: 'certificate-key-mismatch',
    set: world => {
      const { certificate } = world.certificate();
      const { key } = createClientCertificate();
      return world.certificateFile(certificate + key);
    },
  },
  {
    name: 'a certificate that has expired',
    problem: 'certificate-expired',
    set: world =>
      world.certificateFile(
        world.certificate({ validFrom: 0, validTo: DAY }).pem,
      ),
  },
  {
    name: 'a certificate that is not valid yet',
    problem: 'certificate-not-yet-valid',
    set: world =>
      world.certificateFile(
        world.certificate({ ...FAR, validFrom: FAR.validTo - DAY }).pem,
      ),
  },
  {
    name: 'a certificate that the application does not have',
    problem: 'certificate-unknown',
    set: world =>
      world.certificateFile(
        world.certificate({ ...FAR, registered: false }).pem,
      ),
  },
  {
    name: 'an application that the tenant does not know',
    problem: 'application-not-found',
    set: world => {
      world.entra.addTenant({ id: TENANT_A });
      return world.secret();
    },
  },
  {
    name: 'an application that nobody has consented to',
    problem: 'consent-missing',
    set: world => {
      world.entra.addTenant({ id: TENANT_A });
      world.application({ tenantId: TENANT_B, multiTenant: true });
      return world.secret(TENANT_A);
    },
  },
  {
    name: 'a disabled application',
    problem: 'application-disabled',
    set: world => {
      world.application().disabled = true;
      return world.secret();
    },
  },
  {
    name: 'a tenant that does not exist',
    problem: 'tenant-not-found',
    set: world => {
      world.application();
      return world.secret('00000000-1111-4111-8111-222222222222');
    },
  },
  {
    name: 'an application that does not trust the managed identity',
    problem: 'federated-credential-missing',
    asksMachine: true,
    set: world => {
      world.entra.metadata.setSystemAssigned({ tenantId: TENANT_A });
      world.application({ secret: undefined });
      return world.with({
        clientId: CLIENT,
        managedIdentityClientId: 'system-assigned',
        tenantId: TENANT_A,
      });
    },
  },
  {
    name: 'a workload without its token',
    problem: 'federated-token-unreadable',
    set: world => world.pod(undefined),
  },
  {
    name: 'a workload whose token is empty',
    problem: 'federated-token-unreadable',
    set: world => world.pod('\n'),
  },
  {
    name: 'a workload whose token is not renewed',
    problem: 'federated-token-expired',
    set: world => world.workload({}, -3_600),
  },
  {
    name: 'a workload of another service account',
    problem: 'federated-token-not-trusted',
    set: world =>
      world.workload({ subject: 'system:serviceaccount:default:backstage' }),
  },
  {
    name: 'a workload of another cluster',
    problem: 'federated-token-not-trusted',
    set: world => world.workload({ issuer: CLUSTER.replace(/\/$/, '') }),
  },
  {
    name: 'a conditional access policy at the token',
    problem: 'conditional-access-token',
    set: world => {
      world.application().tokenError = 53003;
      return world.secret();
    },
  },
  {
    name: 'a tenant without Azure DevOps',
    problem: 'azure-devops-not-in-tenant',
    set: world => {
      world.application().tokenError = 500011;
      return world.secret();
    },
  },
  {
    name: 'a clock that is wrong',
    problem: 'clock-skew',
    set: world => {
      const { application, pem } = world.certificate(FAR);
      application.tokenError = 700024;
      return world.certificateFile(pem);
    },
  },
  {
    name: 'an error of Microsoft Entra that is not known',
    problem: 'token-refused',
    set: world => {
      world.application().tokenError = 50059;
      return world.secret();
    },
  },
  {
    name: 'a managed identity that the machine does not have',
    problem: 'managed-identity-not-found',
    asksMachine: true,
    set: world => world.with({ clientId: IDENTITY }),
  },
  {
    name: 'a machine without managed identities',
    problem: 'managed-identity-unavailable',
    asksMachine: true,
    set: world => {
      world.inject({
        match: { door: 'metadata' },
        response: { status: 200, body: '<html>router</html>' },
      });
      return world.with({ clientId: 'system-assigned' });
    },
  },
  {
    name: 'nothing configured, and nothing in the environment',
    problem: 'default-credential-unavailable',
    asksMachine: true,
    set: world => {
      // Otherwise it looks for command-line tools too, which takes its time.
      world.cloud.setEnvironment({
        AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential',
      });
      return { azure: [] };
    },
  },
  {
    name: 'an expired secret in the environment',
    problem: 'client-secret-expired',
    asksMachine: true,
    set: world => {
      world.application({
        secret: undefined,
        secrets: [{ value: SECRET, expiresAt: 1 }],
      });
      world.cloud.setEnvironment({
        AZURE_TENANT_ID: TENANT_A,
        AZURE_CLIENT_ID: CLIENT,
        AZURE_CLIENT_SECRET: SECRET,
      });
      return { azure: [] };
    },
  },
  {
    name: 'a token service that fails',
    problem: 'token-service-unavailable',
    set: world => {
      world.application();
      world.inject({
        match: { endpoint: 'token' },
        ...answering(429, { error: 'too_many_requests' }),
      });
      return world.secret();
    },
  },
  {
    name: 'a token service that cannot be reached',
    problem: 'token-service-unreachable',
    set: world => {
      world.inject({
        match: { endpoint: 'token' },
        fault: 'reset-before-headers',
      });
      return world.secret();
    },
  },
  {
    name: 'a token service that never answers',
    problem: 'token-timeout',
    set: world => {
      world.inject({ match: { endpoint: 'token' }, fault: 'hang' });
      return world.secret();
    },
  },
  {
    name: 'a token service that answers nonsense',
    problem: 'token-malformed',
    set: world => {
      world.inject({
        match: { endpoint: 'token' },
        ...answering(200, '<html>'),
      });
      return world.secret();
    },
  },
  {
    name: 'a service principal that was never added to the organization',
    problem: 'identity-not-added',
    set: world => {
      const application = world.application();
      world.contoso.revoke(application.identity);
      return world.secret();
    },
  },
  {
    name: 'an identity that is not let in any more',
    problem: 'identity-not-authorized',
    set: world => {
      const { identity } = world.application();
      world.entra.denySignIn(identity, 'unauthorized');
      return world.secret();
    },
  },
  {
    name: 'an identity without a licence',
    problem: 'identity-not-authorized',
    set: world => {
      const { identity } = world.application();
      world.contoso.setAccessLevel(identity, 'none');
      return world.secret();
    },
  },
  {
    name: 'a token of another tenant than the organization is connected to',
    problem: 'wrong-tenant',
    set: world => {
      world.application({ tenantId: TENANT_B });
      return world.secret(TENANT_B);
    },
  },
  {
    name: 'a managed identity of another tenant',
    problem: 'wrong-tenant',
    asksMachine: true,
    set: world => {
      world.entra.metadata.setSystemAssigned({ tenantId: TENANT_B });
      return world.with({ clientId: 'system-assigned' });
    },
  },
  {
    name: 'an organization of personal accounts',
    problem: 'wrong-tenant',
    set: world => {
      world.application();
      world.cloud.simulator.addOrganization('home', {
        tenantId: '00000000-0000-0000-0000-000000000000',
      });
      return { ...world.secret(), organization: 'home' };
    },
  },
  {
    name: 'a conditional access policy at Azure DevOps',
    problem: 'conditional-access',
    set: world => {
      const { identity } = world.application();
      world.entra.denySignIn(identity, 'conditional-access');
      return world.secret();
    },
  },
  ...(['sign-in-203', 'sign-in-302', 'sign-in-200'] as const).map(
    (fault): Scenario => ({
      name: `a sign-in page instead of data (${fault})`,
      problem: 'sign-in-page',
      set: world => {
        const { identity } = world.application();
        world.inject({ match: { identity, organization: 'contoso' }, fault });
        return world.secret();
      },
    }),
  ),
  {
    name: 'a token that is denied without a word',
    problem: 'token-not-accepted',
    set: world => {
      const { identity } = world.application();
      world.inject({
        match: { identity, organization: 'contoso' },
        response: { status: 401 },
      });
      return world.secret();
    },
  },
  {
    name: 'an identity that may not do this',
    problem: 'permission-missing',
    set: world => {
      const { identity } = world.application();
      world.inject({
        match: { identity, endpoint: 'repositories' },
        ...answering(403, {
          message: 'Access denied: needs the permission to read.',
          typeKey: 'AccessCheckException',
        }),
      });
      return world.secret();
    },
  },
  {
    name: 'an organization that does not exist',
    problem: 'organization-not-found',
    set: world => {
      world.application();
      return { ...world.secret(), organization: 'contosso' };
    },
  },
  {
    name: 'a project that does not exist',
    problem: 'project-not-found',
    set: world => {
      world.application();
      return { ...world.secret(), project: 'Paiments' };
    },
  },
  {
    name: 'an identity that is blocked for using too much',
    problem: 'service-throttled',
    set: world => {
      const { identity } = world.application();
      world.inject({
        match: { identity, organization: 'contoso' },
        response: {
          status: 429,
          headers: { 'Retry-After': '300' },
          body: {
            message:
              'TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource Concurrency in namespace VSID.',
          },
        },
      });
      return world.secret();
    },
  },
  {
    name: 'a host that does not exist',
    problem: 'service-unreachable',
    set: () => ({
      azure: [
        {
          host: 'localhost:9',
          credentials: [{ personalAccessToken: 'x' }],
        },
      ],
      organization: 'localhost:9/DefaultCollection',
    }),
  },
  {
    name: 'a web server that does not take the requests',
    problem: 'request-failed',
    set: world => {
      const { identity } = world.application();
      world.inject({
        match: { identity, organization: 'contoso' },
        response: {
          status: 400,
          headers: { 'Content-Type': 'text/plain' },
          body: 'A potentially dangerous Request.Path value was detected from the client (:).',
        },
      });
      return world.secret();
    },
  },
  {
    name: 'something else in place of Azure DevOps',
    problem: 'answer-not-understood',
    set: world => {
      const { identity } = world.application();
      world.inject({
        match: { identity, organization: 'contoso' },
        response: {
          status: 200,
          headers: { 'Content-Type': 'text/plain' },
          body: 'It works!',
        },
      });
      return world.secret();
    },
  },
];

/** What works, and is worth a word of `doctor` all the same. */
export const WARNINGS: Scenario[] = [
  {
    name: 'an identity with the access level Stakeholder',
    warns: /warn {2}repositories {4}none visible, although 2 projects are/,
    set: world => {
      const { identity } = world.application();
      world.contoso.setAccessLevel(identity, 'stakeholder');
      return world.secret();
    },
  },
  {
    name: 'a global personal access token',
    warns: /warn {2}token reach {5}a global token/,
    set: world => {
      fill(
        world.cloud.simulator.addOrganization('fabrikam', {
          tenantId: TENANT_A,
        }),
      ).grant('alice');
      return { ...world.token(), provider: ['contoso', 'fabrikam'] };
    },
  },
  {
    name: 'a personal access token for one of two organizations',
    warns: /pass {2}token reach {5}dev\.azure\.com\/fabrikam does not know it/,
    set: world => {
      fill(
        world.cloud.simulator.addOrganization('fabrikam', {
          tenantId: TENANT_A,
        }),
      ).grant('alice');
      return {
        ...world.token({ organizations: ['contoso'] }),
        provider: ['contoso', 'fabrikam'],
      };
    },
  },
  {
    name: 'a personal access token whose owner the other organization does not let in',
    warns:
      /pass {2}token reach {5}it cannot be told whether it is a global one/,
    set: world => {
      world.cloud.simulator.addOrganization('fabrikam', {
        tenantId: TENANT_A,
      });
      return { ...world.token(), provider: ['contoso', 'fabrikam'] };
    },
  },
  {
    name: 'a personal access token that may read code, and list no projects',
    warns: /warn {2}projects {8}.* lacks the scope Project and\n *Team/,
    set: world => world.token({ scopes: ['vso.code'] }),
  },
  {
    name: 'a project that is being deleted',
    warns:
      /pass {2}projects {8}2 projects visible\n {2}pass {2}repositories {4}4 repositories in 2 projects \(and 1 /,
    set: world => {
      world.contoso
        .addProject('Gone', { state: 'deleting' })
        .addRepository('legacy');
      return world.token();
    },
  },
  {
    name: 'a certificate that ends soon',
    warns: /warn {2}certificate /,
    set: world =>
      world.certificateFile(
        // Half a day more, so that the test may take its time.
        world.certificate({ validTo: Date.now() + 9.5 * DAY }).pem,
      ),
  },
  ...([404, 405] as const).map((optionsAnsweredWith): Scenario => ({
    name: `a proxy that answers OPTIONS with ${optionsAnsweredWith}`,
    warns: /warn {2}api version/,
    set: world => {
      const { identity } = world.application();
      fill(
        world.cloud.simulator.addOrganization('behind-proxy', {
          tenantId: TENANT_A,
          optionsAnsweredWith,
        }),
      ).grant(identity);
      return { ...world.secret(), organization: 'behind-proxy' };
    },
  })),
];
