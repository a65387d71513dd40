import { X509Certificate } from 'node:crypto';
import {
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  type TokenCredential,
} from '@azure/identity';
import { Simulator } from '../../dev/simulator';
import { createClientCertificate } from '../../dev/simulator/certificates/client';
import { ask } from './ask';
import { claims, ELSEWHERE, HOME, HOUR, SCOPE } from './entra-support';
import { withEnvironment } from '../support/with-environment';

let simulator: Simulator;
let now: number;
let restore: () => void;

beforeEach(async () => {
  now = Date.now();
  simulator = await Simulator.start({ clock: () => now });
  restore = withEnvironment({ HTTPS_PROXY: simulator.proxyUrl });
});

afterEach(async () => {
  restore();
  await simulator.close();
});

/** The message of the error when a credential gets no token. */
async function errorOf(credential: TokenCredential): Promise<string> {
  const token = await credential
    .getToken(SCOPE)
    .catch((error: unknown) => error);
  if (!(token instanceof Error)) throw new Error('A token was given');
  return token.message;
}

describe('an application with a secret in the simulated Entra', () => {
  function secretCredential(tenantId: string, clientId: string, secret = 's1') {
    return new ClientSecretCredential(tenantId, clientId, secret, {
      // Otherwise a failed request is repeated for seconds.
      retryOptions: { maxRetries: 0 },
    });
  }

  it('gets a token with its claims in one request', async () => {
    const app = simulator.parts.entra.addApplication({
      name: 'catalog',
      tenantId: HOME,
      secret: 's1',
    });
    const token = await secretCredential(HOME, app.clientId).getToken(SCOPE);
    expect(claims(token.token)).toMatchObject({
      aud: '499b84ac-1321-427f-aa17-267ca6975798',
      iss: `https://sts.windows.net/${HOME}/`,
      tid: HOME,
      appid: app.clientId,
      oid: app.objectIdIn(HOME),
      nbf: Math.floor(now / 1000),
      exp: Math.floor(now / 1000) + 3599,
    });
    expect(simulator.requests.count({ endpoint: 'token' })).toBe(1);
    expect(simulator.requests.list({ endpoint: 'token' })).toMatchObject([
      {
        host: 'login.microsoftonline.com',
        identity: app.identity,
        status: 200,
      },
    ]);
  });

  it('gets a token through another authorityHost', async () => {
    const app = simulator.parts.entra.addApplication({
      tenantId: HOME,
      secret: 's1',
    });
    // Read when the credential is made: this one is to go there straight.
    delete process.env.HTTPS_PROXY;
    const credential = new ClientSecretCredential(HOME, app.clientId, 's1', {
      authorityHost: simulator.serverUrl,
      disableInstanceDiscovery: true,
    });
    await credential.getToken(SCOPE);
    expect(simulator.requests.count({ endpoint: 'openid' })).toBe(1);
    expect(simulator.requests.count({ endpoint: 'token' })).toBe(1);
  });

  it.each<[string, string, (clientId: string) => TokenCredential]>([
    ['a wrong secret', 'AADSTS7000215', id => secretCredential(HOME, id, 'no')],
    [
      'a secret that has expired',
      'AADSTS7000222',
      id => secretCredential(HOME, id, 'old'),
    ],
    [
      'an unknown application',
      'AADSTS700016',
      () => secretCredential(HOME, ELSEWHERE),
    ],
    [
      'an application of another tenant alone',
      'AADSTS700016',
      id => secretCredential(ELSEWHERE, id),
    ],
    [
      'an unknown tenant',
      'AADSTS90002',
      id => secretCredential('33333333-3333-4333-8333-333333333333', id),
    ],
  ])('is answered %s with %s', async (_, code, credential) => {
    simulator.parts.entra.addTenant({ id: ELSEWHERE });
    const app = simulator.parts.entra.addApplication({
      tenantId: HOME,
      secrets: ['s1', { value: 'old', expiresAt: now - 1 }],
    });
    expect(await errorOf(credential(app.clientId))).toContain(code);
  });

  it('is answered with any error that a test asks for, and with AADSTS7000112 when it is disabled', async () => {
    const app = simulator.parts.entra.addApplication({
      tenantId: HOME,
      secret: 's1',
    });
    const credential = secretCredential(HOME, app.clientId);
    app.tokenError = 53003;
    expect(await errorOf(credential)).toContain('AADSTS53003');
    app.tokenError = undefined;
    app.disabled = true;
    expect(await errorOf(credential)).toContain('AADSTS7000112');
    app.disabled = false;
    expect((await credential.getToken(SCOPE)).token).toBeTruthy();
  });

  it('gets a token of another tenant after consent there', async () => {
    const app = simulator.parts.entra.addApplication({
      tenantId: HOME,
      secret: 's1',
      multiTenant: true,
    });
    simulator.parts.entra.addTenant({ id: ELSEWHERE });
    const credential = secretCredential(ELSEWHERE, app.clientId);
    expect(await errorOf(credential)).toContain('AADSTS7000229');
    app.consentIn(ELSEWHERE);
    const token = await credential.getToken(SCOPE);
    expect(claims(token.token)).toMatchObject({
      tid: ELSEWHERE,
      oid: app.objectIdIn(ELSEWHERE),
    });
    expect(app.objectIdIn(ELSEWHERE)).not.toBe(app.objectIdIn(HOME));
    app.withdrawConsent(ELSEWHERE);
    expect(await errorOf(secretCredential(ELSEWHERE, app.clientId))).toContain(
      'AADSTS7000229',
    );
  });

  it('cannot be consented to in another tenant when it is not multi-tenant', () => {
    const app = simulator.parts.entra.addApplication({ tenantId: HOME });
    expect(() => app.consentIn(ELSEWHERE)).toThrow('multiTenant: true');
  });

  it('can be struck by faults of the token endpoint', async () => {
    const app = simulator.parts.entra.addApplication({
      tenantId: HOME,
      secret: 's1',
    });
    simulator.inject({
      match: { endpoint: 'token' },
      response: { status: 429, headers: {}, body: '' },
      times: 1,
    });
    expect(await errorOf(secretCredential(HOME, app.clientId))).toBeTruthy();
    const fresh = secretCredential(HOME, app.clientId);
    expect((await fresh.getToken(SCOPE)).token).toBeTruthy();
  });
});

it('the simulated Entra describes its tenants', async () => {
  simulator.parts.entra.addTenant({ id: HOME });
  const configuration = await ask(
    simulator,
    `https://login.microsoftonline.com/${HOME}/v2.0/.well-known/openid-configuration`,
  );
  expect(JSON.parse(configuration.body)).toMatchObject({
    issuer: `https://login.microsoftonline.com/${HOME}/v2.0`,
    token_endpoint: `https://login.microsoftonline.com/${HOME}/oauth2/v2.0/token`,
  });
});

it("errors of the simulated Entra have Entra's form", async () => {
  const response = await fetch(
    `${simulator.serverUrl}/${HOME}/oauth2/v2.0/token?client-request-id=c-1`,
    { method: 'POST', body: new URLSearchParams({ client_id: 'x' }) },
  );
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({
    error: 'invalid_tenant',
    error_description: expect.stringMatching(
      /^AADSTS90002: Tenant '11111111-.*' not found\. .* Trace ID: \S+ Correlation ID: c-1 Timestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/,
    ),
    error_codes: [90002],
    timestamp: expect.any(String),
    trace_id: expect.any(String),
    correlation_id: 'c-1',
    error_uri: 'https://login.microsoftonline.com/error?code=90002',
  });
});

describe('an application with a federated managed identity in the simulated Entra', () => {
  function assertionCredential(
    tenantId: string,
    clientId: string,
    assertion: string,
  ) {
    return new ClientAssertionCredential(
      tenantId,
      clientId,
      () => Promise.resolve(assertion),
      { retryOptions: { maxRetries: 0 } },
    );
  }

  /** The identity's own token, as the metadata service gives it. */
  async function assertionFrom() {
    const url = new URL(
      '/metadata/identity/oauth2/token/?api-version=2018-02-01',
      simulator.metadataUrl,
    );
    url.searchParams.set('resource', 'api://AzureADTokenExchange');
    const response = await fetch(url, { headers: { Metadata: 'true' } });
    const { access_token } = (await response.json()) as {
      access_token: string;
    };
    return access_token;
  }

  it('gets a token of its own tenant and of one that consented', async () => {
    const identity = simulator.parts.entra.metadata.setSystemAssigned({
      tenantId: HOME,
    });
    const app = simulator.parts.entra.addApplication({
      tenantId: HOME,
      federatedCredentials: [identity.federatedCredential],
      consentedIn: [ELSEWHERE],
    });
    const assertion = await assertionFrom();
    expect(claims(assertion)).toMatchObject({
      iss: `https://login.microsoftonline.com/${HOME}/v2.0`,
      sub: identity.objectId,
      aud: 'api://AzureADTokenExchange',
    });
    for (const tenant of [HOME, ELSEWHERE]) {
      const token = await assertionCredential(
        tenant,
        app.clientId,
        assertion,
      ).getToken(SCOPE);
      expect(claims(token.token)).toMatchObject({
        tid: tenant,
        appid: app.clientId,
      });
    }
  });

  it('gets the error of Entra for each assertion that does not fit', async () => {
    const identity = simulator.parts.entra.metadata.setSystemAssigned({
      tenantId: HOME,
    });
    const other = simulator.parts.entra.metadata.addUserAssigned({
      tenantId: HOME,
    });
    const { issuer, subject } = identity.federatedCredential;
    const add = (
      name: string,
      federatedCredentials: Array<{
        issuer: string;
        subject: string;
        audience?: string;
      }>,
      tenantId = HOME,
    ) =>
      simulator.parts.entra.addApplication({
        name,
        tenantId,
        federatedCredentials,
      }).clientId;
    const assertion = await assertionFrom();
    const [header, payload] = assertion.split('.');
    const right = add('right', [{ issuer, subject }]);
    const cases: Array<[string, string, string, string?]> = [
      ['AADSTS70021', add('none', []), assertion],
      [
        'AADSTS700211',
        add('issuer', [{ issuer: 'https://issuer.example', subject }]),
        assertion,
      ],
      [
        'AADSTS700213',
        add('subject', [{ issuer, subject: other.objectId }]),
        assertion,
      ],
      [
        'AADSTS700212',
        add('audience', [{ issuer, subject, audience: 'api://else' }]),
        assertion,
      ],
      [
        'AADSTS700236',
        add('tenant', [{ issuer, subject }], ELSEWHERE),
        assertion,
        ELSEWHERE,
      ],
      ['AADSTS700027', right, `${header}.${payload}.AAAA`],
      ['AADSTS50027', right, 'no assertion'],
    ];
    const found = [];
    for (const [, clientId, presented, tenant = HOME] of cases) {
      const message = await errorOf(
        assertionCredential(tenant, clientId, presented),
      );
      found.push(/AADSTS\d+/.exec(message)?.[0]);
    }
    expect(found).toEqual(cases.map(([code]) => code));
    now += 25 * HOUR;
    expect(
      await errorOf(assertionCredential(HOME, right, assertion)),
    ).toContain('AADSTS700024');
  });
});

describe('an application with a certificate in the simulated Entra', () => {
  const retryOptions = { maxRetries: 0 };
  const made = createClientCertificate();

  it('gets a token by its signature, with and without the certificate sent along', async () => {
    const app = simulator.parts.entra.addApplication({
      tenantId: HOME,
      certificates: [made.certificate],
    });
    for (const sendCertificateChain of [false, true]) {
      const credential = new ClientCertificateCredential(
        HOME,
        app.clientId,
        { certificate: made.pem },
        { retryOptions, sendCertificateChain },
      );
      const token = await credential.getToken(SCOPE);
      expect(claims(token.token)).toMatchObject({ appid: app.clientId });
    }
  });

  it.each([
    ['it is not registered', [], 'The key was not found.'],
    [
      'only another one is registered',
      [createClientCertificate().certificate],
      'The key was not found.',
    ],
  ])('gets no token when %s', async (_when, certificates, reason) => {
    const app = simulator.parts.entra.addApplication({
      tenantId: HOME,
      certificates,
    });
    const credential = new ClientCertificateCredential(
      HOME,
      app.clientId,
      { certificate: made.pem },
      { retryOptions },
    );
    const thumbprint = new X509Certificate(
      made.certificate,
    ).fingerprint256.replaceAll(':', '');
    const message = await errorOf(credential);
    expect(message).toContain('AADSTS700027');
    expect(message).toContain(`Reason - ${reason}`);
    expect(message).toContain(thumbprint);
  });

  it('gets no token when the certificate has expired, or another key signed', async () => {
    const expired = createClientCertificate({ validFrom: 0, validTo: 1_000 });
    const app = simulator.parts.entra.addApplication({
      tenantId: HOME,
      certificates: [expired.certificate, made.certificate],
    });
    const other = createClientCertificate();
    for (const [pem, code] of [
      [expired.pem, 'The key used is expired.'],
      [made.certificate + other.key, 'AADSTS700027'],
    ] as const) {
      const credential = new ClientCertificateCredential(
        HOME,
        app.clientId,
        { certificate: pem },
        { retryOptions },
      );
      expect(await errorOf(credential)).toContain(code);
    }
  });
});

describe('a federated token of an issuer outside of the simulated Entra', () => {
  const ISSUER = 'https://cluster.example/';
  const SUBJECT = 'system:serviceaccount:backstage:backstage';

  it.each([
    [{}, undefined],
    [{ subject: 'system:serviceaccount:default:default' }, 'AADSTS700213'],
    [{ issuer: 'https://cluster.example' }, 'AADSTS700211'],
    [{ audience: 'api://somebody-else' }, 'AADSTS700212'],
  ])(
    'is compared with the federated credential: %j, %s',
    async (record, code) => {
      const { entra } = simulator.parts;
      const token = await entra.addIssuer(ISSUER).token({ subject: SUBJECT });
      const app = entra.addApplication({
        tenantId: HOME,
        federatedCredentials: [{ issuer: ISSUER, subject: SUBJECT, ...record }],
      });
      const credential = new ClientAssertionCredential(
        HOME,
        app.clientId,
        () => Promise.resolve(token),
        { retryOptions: { maxRetries: 0 } },
      );
      if (code) {
        expect(await errorOf(credential)).toContain(code);
      } else {
        expect((await credential.getToken(SCOPE)).token).toMatch(/^eyJ/);
      }
    },
  );

  it('gets no token past its time, nor where nobody knows its issuer', async () => {
    const { entra } = simulator.parts;
    const cluster = entra.addIssuer(ISSUER);
    const token = await cluster.token({
      subject: SUBJECT,
      lifetimeSeconds: 60,
    });
    const app = entra.addApplication({
      tenantId: HOME,
      federatedCredentials: [{ issuer: ISSUER, subject: SUBJECT }],
    });
    const credential = (assertion: string) =>
      new ClientAssertionCredential(
        HOME,
        app.clientId,
        () => Promise.resolve(assertion),
        { retryOptions: { maxRetries: 0 } },
      );
    now += 61_000;
    expect(await errorOf(credential(token))).toContain('AADSTS700024');
    const strangers = await Simulator.start();
    try {
      const unknown = await strangers.parts.entra
        .addIssuer('https://elsewhere.example/')
        .token({ subject: SUBJECT });
      expect(await errorOf(credential(unknown))).toContain('AADSTS700027');
    } finally {
      await strangers.close();
    }
  });
});
