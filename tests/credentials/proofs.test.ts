import {
  createPrivateKey,
  generateKeyPairSync,
  X509Certificate,
} from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigReader } from '@backstage/config';
import type { JsonObject } from '@backstage/types';
import type { FederatedIssuer } from '../../dev/simulator/entra/issuers';
import { createClientCertificate } from '../../dev/simulator/certificates/client';
import { createCredentialDirectory } from '../../src/credentials/directory';
import type { CredentialError } from '../../src/credentials/errors';
import type { ProblemId } from '../../src/credentials/problems/diagnosis';
import { Organization } from '../../src/organization';
import { recordingLogger } from '../support/logs';
import { withEnvironment } from '../support/with-environment';
import {
  Cloud,
  freshDirectory,
  identityOf,
  mountVolume,
  TENANT_A,
} from './support';

// What takes the place of a client secret: certificates and federated tokens, in
// every form in which people and machines write them.

const CLUSTER = 'https://cluster.example/';
const SUBJECT = 'system:serviceaccount:backstage:backstage';
const contoso = new Organization('dev.azure.com', 'contoso');

const made = createClientCertificate();
const another = createClientCertificate();
const nameless = createClientCertificate({ subject: [] });
const key = createPrivateKey(made.key);
const FAR = Date.parse('2049-01-01T00:00:00Z');
const encrypted = { cipher: 'aes-256-cbc', passphrase: 'passphrase' } as const;

let cloud: Cloud;
let cluster: FederatedIssuer;
let files: string;
let restoreEnvironment: (() => void) | undefined;

beforeAll(async () => {
  files = mkdtempSync(join(tmpdir(), 'azure-devops-credentials-'));
  cloud = await Cloud.start();
  const { entra } = cloud.simulator.parts;
  cluster = entra.addIssuer(CLUSTER);
  entra.addApplication({
    tenantId: TENANT_A,
    clientId: 'with-certificate',
    certificates: [made.certificate, nameless.certificate],
  });
  entra.addApplication({
    tenantId: TENANT_A,
    clientId: 'of-workload',
    federatedCredentials: [{ issuer: CLUSTER, subject: SUBJECT }],
  });
});

afterEach(() => {
  restoreEnvironment?.();
  restoreEnvironment = undefined;
});

afterAll(async () => {
  await cloud.close();
  rmSync(files, { recursive: true });
});

function file(name: string, content: string | Buffer): string {
  const path = join(files, name);
  writeFileSync(path, content);
  return path;
}

function azure(credential: JsonObject): JsonObject[] {
  return [{ host: 'dev.azure.com', credentials: [credential] }];
}

function credentialOf(credential: JsonObject) {
  return createCredentialDirectory({
    config: new ConfigReader({
      integrations: { azure: azure(credential) },
    }),
    logger: recordingLogger([]),
  }).forOrganization(contoso);
}

async function failureOf(work: Promise<unknown>): Promise<CredentialError> {
  const failure = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ name: 'CredentialError' });
  return failure as CredentialError;
}

/** Whether a text has so much as a dozen characters in a row of what is secret: of a PEM without the words of its lines BEGIN and END. */
function sharesPiece(text: string, secret: string): boolean {
  const base64 = secret.replaceAll(/-----[A-Z ]+-----/g, '');
  return Array.from({ length: Math.max(0, base64.length - 11) }, (_, i) =>
    base64.slice(i, i + 12),
  ).some(piece => text.includes(piece));
}

describe('a certificate', () => {
  const byFile = (path: string) =>
    credentialOf({
      clientId: 'with-certificate',
      clientCertificatePath: path,
      tenantId: TENANT_A,
    });
  const pkcs8 = made.key;
  const pkcs1 = key.export({ type: 'pkcs1', format: 'pem' }).toString();
  const der = new X509Certificate(made.certificate).raw;

  it.each<[string, string | Buffer]>([
    ['the key before it', pkcs8 + made.certificate],
    ['the certificates of issuers after it', made.pem + another.certificate],
    ['a key in PKCS #1', made.certificate + pkcs1],
    ['line breaks of Windows', made.pem.replaceAll(/\r?\n/g, '\r\n')],
    ['a byte order mark', `\uFEFF${pkcs8}${made.certificate}`],
    [
      "OpenSSL's attributes between its parts",
      `Bag Attributes\n    localKeyID: 46 84\nsubject=CN = backstage\n${made.certificate}Key Attributes: <No Attributes>\n${pkcs8}`,
    ],
    ['other text after it', `${made.pem}\nissued by hand, 2026\n`],
    ['no subject', nameless.pem],
  ])('is used with %s', async (_what, content) => {
    const credential = byFile(file('certificate.pem', content));
    expect(await identityOf(credential)).toBe('app:with-certificate');
    expect((await credential.inspectProof?.())?.kind).toBe('certificate');
  });

  const small = createClientCertificate({
    key: generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey,
  });
  const elliptic = generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
  }).privateKey;

  it.each<[string, string | Buffer, ProblemId, string]>([
    ['is empty', '', 'certificate-not-pem', 'it is empty'],
    ['is DER', der, 'certificate-not-pem', 'it is no text'],
    [
      'is a text in UTF-16',
      Buffer.from(`\uFEFF${made.pem}`, 'utf16le'),
      'certificate-not-pem',
      'it is no text',
    ],
    [
      'has the key alone',
      pkcs8,
      'certificate-not-pem',
      'it has no BEGIN CERTIFICATE',
    ],
    [
      'is cut off in the certificate',
      pkcs8 + made.certificate.slice(0, 300),
      'certificate-not-pem',
      'there is no END CERTIFICATE',
    ],
    [
      'is cut off in the key',
      made.pem.slice(0, -300),
      'certificate-not-pem',
      'the private key is damaged',
    ],
    [
      'has lost its line breaks',
      made.pem.replaceAll(/\r?\n/g, ' '),
      'certificate-not-pem',
      'its line breaks are lost',
    ],
    [
      'is damaged inside',
      made.pem.replace(/MII.{20}/, 'AAAA'),
      'certificate-not-pem',
      'is damaged',
    ],
    ['has no key', made.certificate, 'certificate-key-missing', ''],
    [
      'has a key with a passphrase, in PKCS #8',
      made.certificate +
        key.export({ type: 'pkcs8', format: 'pem', ...encrypted }).toString(),
      'certificate-key-encrypted',
      '',
    ],
    [
      'has a key with a passphrase, in PKCS #1',
      made.certificate +
        key.export({ type: 'pkcs1', format: 'pem', ...encrypted }).toString(),
      'certificate-key-encrypted',
      '',
    ],
    [
      'has an elliptic key',
      made.certificate +
        elliptic.export({ type: 'sec1', format: 'pem' }).toString(),
      'certificate-key-unsuitable',
      'its kind is ec',
    ],
    [
      'has a short key',
      small.pem,
      'certificate-key-unsuitable',
      'it has 1024 bits',
    ],
    [
      'has expired',
      createClientCertificate({ key, validFrom: 0, validTo: 1_000 }).pem,
      'certificate-expired',
      'CN=backstage, valid until 1970-01-01T00:00:01Z',
    ],
    [
      'is not valid yet',
      createClientCertificate({ key, validFrom: FAR, validTo: FAR + 1_000 })
        .pem,
      'certificate-not-yet-valid',
      'CN=backstage, valid from 2049-01-01T00:00:00Z',
    ],
    [
      'the application does not have',
      another.pem,
      'certificate-unknown',
      'AADSTS700027, thumbprint ',
    ],
    [
      'has the key of another certificate',
      made.certificate + another.key,
      'certificate-key-mismatch',
      'CN=backstage',
    ],
    [
      'stands behind its issuer',
      another.certificate + made.pem,
      'certificate-key-mismatch',
      'CN=backstage',
    ],
  ])(
    'that %s is named, with nothing of its key',
    async (_what, content, problem, detail) => {
      const failure = await failureOf(
        byFile(file('certificate.pem', content)).getAuthorization(),
      );
      expect(failure.diagnosis.problem).toBe(problem);
      expect(failure.message).toContain(detail);
      expect(sharesPiece(failure.message, String(content))).toBe(false);
    },
  );

  it.each<[string, () => string, string]>([
    ['is a folder', () => files, 'it is a directory (EISDIR)'],
    [
      'is not there',
      () => join(files, 'missing.pem'),
      'there is no such file (ENOENT)',
    ],
    [
      'lies below a file',
      () => join(file('certificate.pem', made.pem), 'x'),
      'ENOTDIR',
    ],
    [
      'is a link to itself',
      () => {
        const path = join(files, 'loop.pem');
        symlinkSync(path, path);
        return path;
      },
      'ELOOP',
    ],
  ])('whose path %s is named with its path', async (_what, place, detail) => {
    const path = place();
    const failure = await failureOf(byFile(path).getAuthorization());
    expect(failure.diagnosis.problem).toBe('certificate-file-unreadable');
    expect(failure.message).toContain(`(${path}: ${detail}`);
  });

  it.each([
    ['the PEM', made.pem],
    ['the PEM without its line breaks', made.pem.replaceAll(/\r?\n/g, '')],
    ['the PEM in base64', Buffer.from(made.pem).toString('base64')],
    [
      'a short key in base64',
      elliptic.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    ],
  ])(
    'is named without a byte of it where its path should be, and there is %s',
    async (_what, content) => {
      const failure = await failureOf(byFile(content).getAuthorization());
      expect(failure.diagnosis.problem).toBe('certificate-file-unreadable');
      expect(sharesPiece(failure.message, content)).toBe(false);
      expect(failure.message).toContain('what is configured is no path');
    },
  );

  it('with several parts in its subject is named in one line', async () => {
    const parted = createClientCertificate({
      subject: [
        { name: 'organizationName', value: 'Contoso' },
        { name: 'commonName', value: 'backstage' },
      ],
      validFrom: 0,
      validTo: 1_000,
    });
    const contents = [parted.pem, parted.certificate + another.key];
    for (const content of contents) {
      const failure = await failureOf(
        byFile(file('certificate.pem', content)).getAuthorization(),
      );
      expect(failure.message).toContain('(O=Contoso, CN=backstage');
      expect(failure.message).not.toContain('\n');
    }
  });

  it('of the environment that the application does not have is named with its thumbprint', async () => {
    restoreEnvironment = withEnvironment({
      AZURE_TENANT_ID: TENANT_A,
      AZURE_CLIENT_ID: 'with-certificate',
      AZURE_CLIENT_CERTIFICATE_PATH: file('certificate.pem', another.pem),
    });
    const { directory } = freshDirectory([]);
    const failure = await failureOf(
      directory.forOrganization(contoso).getAuthorization(),
    );
    expect(failure.diagnosis.problem).toBe('certificate-unknown');
    const { fingerprint } = new X509Certificate(another.certificate);
    expect(failure.message).toContain(
      `(AADSTS700027, thumbprint ${fingerprint.replaceAll(':', '')})`,
    );
  });
});

describe('a federated token', () => {
  const workload = () => credentialOf({ clientId: 'of-workload' });

  /** The environment of a pod whose token is in this file. */
  function pod(
    path: string,
    variables: Record<string, string | undefined> = {},
  ): void {
    restoreEnvironment = withEnvironment({
      AZURE_TENANT_ID: TENANT_A,
      AZURE_CLIENT_ID: 'of-workload',
      AZURE_FEDERATED_TOKEN_FILE: path,
      ...variables,
    });
  }

  it('is used with a line break behind it', async () => {
    pod(file('token', `${await cluster.token({ subject: SUBJECT })}\n`));
    expect(await identityOf(workload())).toBe('app:of-workload');
  });

  it.each([
    ["the US government's", () => 'https://login.microsoftonline.us/'],
    ["China's", () => 'https://login.partner.microsoftonline.cn'],
    ["somebody's own", () => cloud.simulator.serverUrl],
  ])(
    'goes to the authority that the environment names: %s',
    async (_whose, authority) => {
      pod(file('token', await cluster.token({ subject: SUBJECT })), {
        AZURE_AUTHORITY_HOST: authority(),
      });
      expect(await identityOf(workload())).toBe('app:of-workload');
      const asked = cloud.simulator.requests.list({ endpoint: 'token' }).at(-1);
      expect(new URL(asked?.url ?? '').origin).toBe(
        new URL(authority()).origin,
      );
    },
  );

  it.each<[string, () => string, string]>([
    [
      'is missing',
      () => join(files, 'missing'),
      'there is no such file (ENOENT)',
    ],
    ['is a folder', () => files, 'it is a directory (EISDIR)'],
    ['is empty', () => file('token', ''), 'it is empty'],
    ['has a line break alone', () => file('token', '\n'), 'it is empty'],
    [
      'has something else',
      () => file('token', 'ceci n’est pas un jeton'),
      'what is in it is no JSON Web Token',
    ],
  ])('whose file %s is named with the file', async (_what, place, detail) => {
    const path = place();
    pod(path);
    const failure = await failureOf(workload().getAuthorization());
    expect(failure.diagnosis.problem).toBe('federated-token-unreadable');
    expect(failure.message).toContain(`(${path}: ${detail}`);
  });

  it('is named without a byte of it where its path should be', async () => {
    const token = await cluster.token({ subject: SUBJECT });
    pod(token);
    const failure = await failureOf(workload().getAuthorization());
    expect(failure.diagnosis.problem).toBe('federated-token-unreadable');
    expect(sharesPiece(failure.message, token)).toBe(false);
    expect(failure.message).toContain('what is configured is no path');
  });

  it.each<[string, Parameters<FederatedIssuer['token']>[0], ProblemId, string]>(
    [
      [
        'of another service account',
        { subject: 'system:serviceaccount:default:default' },
        'federated-token-not-trusted',
        'AADSTS700213, issuer https://cluster.example/, subject system:serviceaccount:default:default, audience api://AzureADTokenExchange',
      ],
      [
        'for another audience',
        { subject: SUBJECT, audience: 'https://kubernetes.default.svc' },
        'federated-token-not-trusted',
        'audience https://kubernetes.default.svc',
      ],
      [
        'that has expired',
        { subject: SUBJECT, lifetimeSeconds: -60 },
        'federated-token-expired',
        'AADSTS700024, valid until 20',
      ],
    ],
  )('%s is named with what it says', async (_what, options, problem, said) => {
    const token = await cluster.token(options);
    pod(file('token', token));
    const failure = await failureOf(workload().getAuthorization());
    expect(failure.diagnosis.problem).toBe(problem);
    expect(failure.message).toContain(said);
    expect(sharesPiece(failure.message, token)).toBe(false);
  });

  it.each<[string, Record<string, string | undefined>, string]>([
    [
      'the tenant',
      { AZURE_TENANT_ID: undefined },
      'AZURE_FEDERATED_TOKEN_FILE is set, and AZURE_TENANT_ID is not',
    ],
    [
      'the client',
      { AZURE_CLIENT_ID: '' },
      'AZURE_FEDERATED_TOKEN_FILE is set, and AZURE_CLIENT_ID is not',
    ],
  ])(
    'is not used where the environment lacks %s, and the error of the managed identity says so',
    async (_what, variables, said) => {
      pod(file('token', await cluster.token({ subject: SUBJECT })), variables);
      const { directory } = freshDirectory(
        azure({ clientId: 'system-assigned' }),
      );
      const failure = await failureOf(
        directory.forOrganization(contoso).getAuthorization(),
      );
      expect(failure.diagnosis.problem).toBe('managed-identity-not-found');
      expect(failure.message).toContain(said);
    },
  );

  it('of the environment whose file is missing is named where nothing else is found', async () => {
    const path = join(files, 'missing');
    pod(path, { AZURE_TOKEN_CREDENTIALS: 'WorkloadIdentityCredential' });
    const { directory } = freshDirectory([]);
    const failure = await failureOf(
      directory.forOrganization(contoso).getAuthorization(),
    );
    expect(failure.diagnosis.problem).toBe('default-credential-unavailable');
    expect(failure.message).toContain(`(${path}: there is no such file`);
  });

  it('that the kubelet replaces while a token is asked for serves the next one, and this one ends well', async () => {
    const [first, second] = [
      await cluster.token({ subject: SUBJECT }),
      await cluster.token({ subject: SUBJECT }),
    ];
    mountVolume(files, { 'azure-identity-token': first });
    pod(join(files, 'azure-identity-token'));
    const presented: Array<string | null> = [];
    const fault = cloud.simulator.inject({
      match: { endpoint: 'token', identity: 'sp:of-workload' },
      response: (request, proceed) => {
        if (presented.length === 0) {
          mountVolume(files, { 'azure-identity-token': second });
        }
        const form = new URLSearchParams(request.body.toString());
        presented.push(form.get('client_assertion'));
        return proceed();
      },
    });
    for (const pod of [workload(), workload()]) {
      expect(await identityOf(pod)).toBe('app:of-workload');
    }
    fault.remove();
    expect(presented).toEqual([first, second]);
  });

  it('stands for the managed identity that stands for the secret of an application', async () => {
    const { entra } = cloud.simulator.parts;
    const identity = entra.addApplication({
      tenantId: TENANT_A,
      clientId: 'identity-of-workload',
      federatedCredentials: [{ issuer: CLUSTER, subject: SUBJECT }],
    });
    entra.addApplication({
      tenantId: TENANT_A,
      clientId: 'trusts-workload',
      federatedCredentials: [
        {
          issuer: `https://login.microsoftonline.com/${TENANT_A}/v2.0`,
          subject: identity.objectIdIn(TENANT_A) ?? '',
        },
      ],
    });
    pod(file('token', await cluster.token({ subject: SUBJECT })));
    const assertion = (managedIdentityClientId: string) =>
      credentialOf({
        clientId: 'trusts-workload',
        managedIdentityClientId,
        tenantId: TENANT_A,
      });
    expect(await identityOf(assertion('identity-of-workload'))).toBe(
      'app:trusts-workload',
    );
    // What is said of a failure names the identity that failed.
    const failure = await failureOf(
      assertion('with-certificate').getAuthorization(),
    );
    expect(failure.message).toContain(
      'no federated credential of application with-certificate fits the token of the workload identity (AADSTS70021, ',
    );
  });
});

it.each(['login.microsoftonline.us', 'http://login.microsoftonline.com'])(
  'an authority that is no address of https is named as the mistake: %s',
  async authority => {
    restoreEnvironment = withEnvironment({ AZURE_AUTHORITY_HOST: authority });
    const failure = await failureOf(
      credentialOf({
        clientId: 'with-certificate',
        clientCertificate: made.pem,
        tenantId: TENANT_A,
      }).getAuthorization(),
    );
    expect(failure.message).toContain(`AZURE_AUTHORITY_HOST is '${authority}'`);
    expect(failure.message).toContain('What to do: Set AZURE_AUTHORITY_HOST');
    expect(failure.message).not.toMatch(/DNS|proxy/);
  },
);

it('a secret of the environment that has expired is named with its application and its variable', async () => {
  cloud.simulator.parts.entra.addApplication({
    tenantId: TENANT_A,
    clientId: 'of-environment',
    secrets: [{ value: 'secret-of-the-environment', expiresAt: 1 }],
  });
  restoreEnvironment = withEnvironment({
    AZURE_TENANT_ID: TENANT_A,
    AZURE_CLIENT_ID: 'of-environment',
    AZURE_CLIENT_SECRET: 'secret-of-the-environment',
  });
  const { directory } = freshDirectory([]);
  const failure = await failureOf(
    directory.forOrganization(contoso).getAuthorization(),
  );
  expect(failure.diagnosis).toMatchObject({
    problem: 'client-secret-expired',
    cause: expect.stringContaining('of application of-environment has expired'),
    cure: expect.stringMatching(/put its Value into AZURE_CLIENT_SECRET$/),
  });
});

describe('a secret', () => {
  const secret = 'Abc8Q~d0ntPr1ntTh1sV3ryS3cretValueOfM1ne';

  it.each([
    ['clientId', 'application-not-found'],
    ['tenantId', 'tenant-not-found'],
  ])('in the place of an id is not shown: %s', async (name, problem) => {
    const failure = await failureOf(
      credentialOf({
        clientId: 'with-certificate',
        clientSecret: 'with-certificate',
        tenantId: TENANT_A,
        [name]: secret,
      }).getAuthorization(),
    );
    expect(failure.diagnosis.problem).toBe(problem);
    expect(sharesPiece(JSON.stringify(failure), secret)).toBe(false);
    expect(sharesPiece(failure.message, secret)).toBe(false);
  });

  it("is told from a tenant's domain, which is shown", async () => {
    const failure = await failureOf(
      credentialOf({
        clientId: 'with-certificate',
        clientSecret: 'with-certificate',
        tenantId: 'm365x12345678.onmicrosoft.com',
      }).getAuthorization(),
    );
    expect(failure.message).toContain(
      'tenant m365x12345678.onmicrosoft.com does not exist',
    );
  });

  it.each(['microsoft-entra', 'managed-identity'])(
    'that an answer in place of the token service repeats is not shown: %s',
    async service => {
      const fault = cloud.simulator.inject({
        match:
          service === 'microsoft-entra'
            ? { endpoint: 'token' }
            : { door: 'metadata' },
        response: {
          status: 400,
          body: {
            error: 'invalid_request',
            error_description: `Not with ${secret}`,
          },
        },
      });
      const { directory } = freshDirectory(
        azure(
          service === 'microsoft-entra'
            ? { clientId: 'a', clientSecret: secret, tenantId: TENANT_A }
            : { clientId: 'system-assigned' },
        ),
      );
      const failure = await failureOf(
        directory.forOrganization(contoso).getAuthorization(),
      );
      fault.remove();
      expect(failure.diagnosis.problem).toBe('token-refused');
      expect(failure.message).toContain('Not with');
      expect(sharesPiece(failure.message, secret)).toBe(false);
    },
  );
});
