import { X509Certificate } from 'node:crypto';
import { type Application, type Directory, type Tenant } from './directory';
import { AadError, type AadErrorContext } from './errors';
import {
  type AssertionClaims,
  audienceOf,
  isTenantIssuer,
  loadJose,
  tenantIssuer,
  TOKEN_EXCHANGE_RESOURCE,
  InvalidTokenError,
  type TokenMint,
  type TokenSubject,
  verifySigned,
} from './tokens';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** How far an application's clock may be off, in seconds. MSAL rounds the time, to the next second as often as not. */
const CLOCK_TOLERANCE = 300;

/** What a token request is granted. */
interface Granted {
  readonly subject: TokenSubject;
  readonly audience: string;
}

/** The state that a decision depends on. */
interface GrantContext {
  readonly directory: Directory;
  readonly mint: TokenMint;
  /** Epoch milliseconds of the simulator's clock. */
  readonly now: number;
}

/**
 * Decides a token request of the client credentials flow.
 *
 * Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 *
 * @throws AadError when there is no token for it
 */
export async function grantClientCredentials(
  context: GrantContext,
  tenant: Tenant,
  form: URLSearchParams,
): Promise<Granted> {
  const grantType = required(form, 'grant_type');
  if (grantType !== 'client_credentials') {
    throw new AadError(70003, { subjectMatter: grantType });
  }
  const clientId = required(form, 'client_id');
  const application = context.directory.application(clientId);
  const words: AadErrorContext = {
    clientId,
    tenant: tenant.id,
    applicationName: application?.name,
  };
  if (
    !application ||
    (!application.multiTenant && application.tenantId !== tenant.id)
  ) {
    throw new AadError(700016, words);
  }
  if (application.tokenError) throw new AadError(application.tokenError, words);
  if (application.disabled) throw new AadError(7000112, words);
  await authenticate(context, application, form, {
    ...words,
    tenant: tenant.id,
  });
  const objectId = application.objectIdIn(tenant.id);
  if (!objectId) throw new AadError(7000229, words);
  return {
    subject: { tenantId: tenant.id, objectId, clientId: application.clientId },
    audience: requestedAudience(form, tenant),
  };
}

async function authenticate(
  context: GrantContext,
  application: Application,
  form: URLSearchParams,
  words: AadErrorContext,
): Promise<void> {
  const secret = form.get('client_secret');
  if (secret !== null) {
    const known = application.secrets.find(({ value }) => value === secret);
    if (!known) throw new AadError(7000215, words);
    if (known.expiresAt !== undefined && known.expiresAt <= context.now) {
      throw new AadError(7000222, words);
    }
    return;
  }
  const assertion = form.get('client_assertion');
  if (
    assertion === null ||
    form.get('client_assertion_type') !== ASSERTION_TYPE
  ) {
    throw new AadError(7000218, words);
  }
  const { header, claims } = await decoded(assertion);
  if (claims.iss === application.clientId) {
    await checkSignature(context, application, { assertion, header }, words);
  } else {
    await checkFederatedToken(context, application, assertion, claims);
  }
}

type Decoded = Awaited<ReturnType<typeof decoded>>;

async function decoded(assertion: string) {
  const jose = await loadJose();
  try {
    return {
      header: jose.decodeProtectedHeader(assertion),
      claims: jose.decodeJwt(assertion),
    };
  } catch {
    throw new AadError(50027, {});
  }
}

/**
 * Checks an assertion that the application signed itself, with the key of a
 * certificate. The certificate is found by its thumbprint alone.
 *
 * Source: https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 */
async function checkSignature(
  context: GrantContext,
  application: Application,
  { assertion, header }: { assertion: string; header: Decoded['header'] },
  words: AadErrorContext,
): Promise<void> {
  const thumbprint = namedThumbprint(header);
  if (!thumbprint) throw new AadError(50027, words);
  const certificate = application.certificates.find(
    ({ fingerprint, fingerprint256 }) =>
      [fingerprint, fingerprint256].some(
        each => each.replaceAll(':', '') === thumbprint,
      ),
  );
  const unusableKey = (reason: string) =>
    new AadError(700027, { ...words, key: { reason, thumbprint } });
  if (!certificate) throw unusableKey('The key was not found.');
  if (Date.parse(certificate.validTo) <= context.now) {
    throw unusableKey('The key used is expired.');
  }
  const claims = await verified(context, () =>
    verifySigned(
      assertion,
      certificate.publicKey,
      context.now,
      CLOCK_TOLERANCE,
    ),
  );
  const isForTenant = [
    `/${words.tenant}/oauth2/v2.0/token`,
    `/${words.tenant}/v2.0`,
  ].some(path => claims.audience.toLowerCase().endsWith(path));
  if (!isForTenant || claims.subject !== application.clientId) {
    throw new AadError(700023, { ...words, audience: claims.audience });
  }
}

/** The thumbprint of the key that signed, in hexadecimal digits: by SHA-256 or SHA-1, or of the certificate that was sent along. */
function namedThumbprint(header: Decoded['header']): string | undefined {
  const named = header['x5t#S256'] ?? header.x5t;
  if (typeof named === 'string') {
    return Buffer.from(named, 'base64url').toString('hex').toUpperCase();
  }
  const [sent] = header.x5c ?? [];
  return sent === undefined
    ? undefined
    : new X509Certificate(
        Buffer.from(sent, 'base64'),
      ).fingerprint256.replaceAll(':', '');
}

/**
 * Checks a token of somebody else against the application's federated
 * credentials: of a managed identity, or of an issuer outside of Entra.
 *
 * Sources: https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity,
 * https://learn.microsoft.com/entra/workload-id/workload-identity-federation
 */
async function checkFederatedToken(
  context: GrantContext,
  application: Application,
  assertion: string,
  { iss = '' }: Decoded['claims'],
): Promise<void> {
  const outside = context.directory.issuer(iss);
  const { issuer, subject, audience } = await verified(context, () =>
    (outside ?? context.mint).verify(assertion),
  );
  const words = { issuer, subject, audience };
  const records = application.federatedCredentials;
  if (records.length === 0) throw new AadError(70021, words);
  const ofIssuer = records.filter(record => record.issuer === issuer);
  if (ofIssuer.length === 0) throw new AadError(700211, words);
  const ofSubject = ofIssuer.filter(record => record.subject === subject);
  if (ofSubject.length === 0) throw new AadError(700213, words);
  const matches = ofSubject.some(
    record => (record.audience ?? TOKEN_EXCHANGE_RESOURCE) === audience,
  );
  if (!matches) throw new AadError(700212, words);
  // Entra takes its own tokens only for applications of the tenant that issued them.
  if (isTenantIssuer(issuer) && issuer !== tenantIssuer(application.tenantId)) {
    throw new AadError(700236, words);
  }
}

async function verified(
  context: GrantContext,
  verify: () => Promise<AssertionClaims>,
): Promise<AssertionClaims> {
  try {
    return await verify();
  } catch (error) {
    if (!(error instanceof InvalidTokenError)) throw error;
    switch (error.reason) {
      case 'malformed':
        throw new AadError(50027, {});
      case 'signature':
        throw new AadError(700027, {});
      case 'expired':
      case 'not-yet-valid':
        throw new AadError(700024, {
          validity: {
            now: new Date(context.now).toISOString(),
            from: instant(error.validity?.notBefore),
            until: instant(error.validity?.expires),
          },
        });
    }
  }
}

function requestedAudience(form: URLSearchParams, tenant: Tenant): string {
  const scope = required(form, 'scope')
    .split(' ')
    // MSAL adds the scopes of OpenID Connect to whatever it asks for.
    .filter(word => !['openid', 'profile', 'offline_access'].includes(word))
    .join(' ');
  if (!scope.endsWith('/.default')) {
    throw new AadError(1002012, { subjectMatter: scope });
  }
  const resource = scope.slice(0, -'/.default'.length);
  const audience = audienceOf(resource);
  if (!audience) {
    throw new AadError(500011, {
      subjectMatter: resource,
      tenant: tenant.domain,
    });
  }
  return audience;
}

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (!value) throw new AadError(900144, { subjectMatter: name });
  return value;
}

function instant(seconds: number | undefined): string {
  return seconds === undefined ? '' : new Date(seconds * 1000).toISOString();
}
