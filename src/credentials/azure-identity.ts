import {
  type AccessToken as LibraryToken,
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  DefaultAzureCredential,
  ManagedIdentityCredential,
  type TokenCredential,
} from '@azure/identity';
import type { AccessToken } from './access-token';
import {
  type CertificateSource,
  inspectCertificate,
  readCertificate,
} from './certificate';
import { classifyTokenFailure, type TokenFailure } from './token-failures';
import { TokenError } from './errors';
import type { AcquireToken, TokenSource } from './token-source';
import {
  readFederatedToken,
  SYSTEM_ASSIGNED,
  whatWorkloadLacks,
  type WorkloadIdentity,
  workloadIdentityOf,
} from './workload-identity';

/** The scope of tokens for Azure DevOps: all that the identity may do there. */
const AZURE_DEVOPS_SCOPE = '499b84ac-1321-427f-aa17-267ca6975798/.default';

/** The scope of a managed identity's token that is presented as a client assertion. */
export const TOKEN_EXCHANGE_SCOPE = 'api://AzureADTokenExchange/.default';

/** How long one request to Microsoft Entra may take, in milliseconds. The library itself sets no limit. */
const REQUEST_TIMEOUT = 10_000;

/** What the library does not pass on of the requests that it makes. */
interface Observed {
  status?: number;
  networkCode?: string;
}

/** How long the library may pause before it asks again, in milliseconds. */
const LONGEST_PAUSE = 4_000;

/** Two repetitions within seconds; what lasts longer is repeated by the token source. */
function clientOptions(observed: Observed) {
  return {
    retryOptions: { maxRetries: 2, maxRetryDelayInMs: LONGEST_PAUSE },
    additionalPolicies: [
      {
        position: 'perRetry' as const,
        policy: { name: 'observe', sendRequest: observer(observed) },
      },
    ],
  };
}

function observer(observed: Observed) {
  return async <
    Request extends { timeout: number },
    Response extends {
      status: number;
      headers: { get(name: string): string | undefined };
    },
  >(
    request: Request,
    next: (request: Request) => Promise<Response>,
  ): Promise<Response> => {
    request.timeout = REQUEST_TIMEOUT;
    observed.status = undefined;
    observed.networkCode = undefined;
    let response: Response;
    try {
      response = await next(request);
    } catch (error) {
      observed.networkCode = networkCodeOf(error);
      throw error;
    }
    observed.status = response.status;
    // The library would pause for as long as that, whatever its options say, and
    // it would look as if there were no answer (core-rest-pipeline 1.24,
    // throttlingRetryStrategy).
    const seconds = Number(response.headers.get('retry-after'));
    if (response.status >= 400 && seconds * 1_000 > LONGEST_PAUSE) {
      throw new Error(`HTTP ${response.status}, with a pause of ${seconds} s`);
    }
    return response;
  };
}

function networkCodeOf(error: unknown): string {
  const { name, code } = error as { name?: unknown; code?: unknown };
  if (name === 'AbortError') return 'REQUEST_TIMEOUT';
  return typeof code === 'string' ? code : 'network error';
}

// Every token is asked of a new object of the library. An object keeps its
// token until five minutes before expiry, which leaves no other way to a fresh
// one; and after an answer of 429 or 5xx it does not ask again for a minute.

/** Asks with a client id and a client secret. */
export function withClientSecret(options: {
  tenantId: string;
  clientId: string;
  clientSecret: string;
}): AcquireToken {
  const { tenantId, clientId, clientSecret } = options;
  return () =>
    ask({ issuer: 'microsoft-entra' }, AZURE_DEVOPS_SCOPE, observed => {
      const libraryOptions = clientOptions(observed);
      return new ClientSecretCredential(
        tenantId,
        clientId,
        clientSecret,
        libraryOptions,
      );
    });
}

/** Asks with a client id and a certificate, which is read anew each time. */
export function withCertificate(
  options: { tenantId: string; clientId: string } & CertificateSource,
  now: () => number,
): AcquireToken {
  const { tenantId, clientId } = options;
  return async () => {
    const { pem, facts } = await readCertificate(options, now());
    return await ask(
      { issuer: 'microsoft-entra', presented: facts },
      AZURE_DEVOPS_SCOPE,
      observed =>
        new ClientCertificateCredential(
          tenantId,
          clientId,
          { certificate: pem },
          clientOptions(observed),
        ),
    );
  };
}

/** Asks for an application that trusts a managed identity, whose own token is the assertion. */
export function withAssertion(options: {
  tenantId: string;
  clientId: string;
  assertions: TokenSource;
}): AcquireToken {
  const { tenantId, clientId, assertions } = options;
  return async () => {
    const { token } = await assertions.get();
    return await askWithAssertion(
      { tenantId, clientId, assertion: token },
      { issuer: 'microsoft-entra' },
      AZURE_DEVOPS_SCOPE,
    );
  };
}

/** Asks with whatever the environment offers, as Backstage does for dev.azure.com. */
export function withDefaultCredential(): AcquireToken {
  return async () =>
    await ask(
      { issuer: 'environment', ...(await lookAtEnvironment()) },
      AZURE_DEVOPS_SCOPE,
      () => new DefaultAzureCredential(),
    );
}

/** What `DefaultAzureCredential` presents first, or why it cannot, for the explanation of how it ends. */
async function lookAtEnvironment(): Promise<Omit<Asked, 'issuer'>> {
  const {
    AZURE_TENANT_ID: tenantId,
    AZURE_CLIENT_ID: clientId,
    AZURE_CLIENT_SECRET,
    AZURE_CLIENT_CERTIFICATE_PATH: path,
  } = process.env;
  const identity = tenantId && clientId ? { tenantId, clientId } : undefined;
  if (AZURE_CLIENT_SECRET) return { identity };
  const workload = workloadIdentityOf(SYSTEM_ASSIGNED);
  try {
    if (path) {
      const source = { clientCertificatePath: path };
      return { identity, presented: await inspectCertificate(source) };
    }
    return workload
      ? {
          identity,
          presented: (await readFederatedToken(workload.tokenFile)).facts,
        }
      : { hint: whatWorkloadLacks(SYSTEM_ASSIGNED) };
  } catch (error) {
    // The library goes on to the next of its credentials.
    return { hint: error instanceof TokenError ? error.detail : undefined };
  }
}

/** Asks the managed identity service of the machine. */
export function withManagedIdentity(
  clientId: string,
  scope = AZURE_DEVOPS_SCOPE,
): AcquireToken {
  const askOnce = () =>
    ask(
      {
        issuer: 'managed-identity',
        hint: whatWorkloadLacks(clientId),
      },
      scope,
      () =>
        clientId === SYSTEM_ASSIGNED
          ? new ManagedIdentityCredential()
          : new ManagedIdentityCredential(clientId),
    );
  return async instead => {
    const workload = workloadIdentityOf(clientId);
    if (workload) return await askAsWorkload(workload, scope);
    const token = await askOnce();
    // Here the cache is one for the whole process, and nothing forces a fresh
    // token out of it. Past half of the token's life, though, the first question
    // makes the library renew it, and the second has the new one.
    return token.token === instead?.token ? await askOnce() : token;
  };
}

/** What the library's `ManagedIdentityCredential` does in such an environment, with errors that can be explained. */
async function askAsWorkload(
  { tenantId, clientId, tokenFile }: WorkloadIdentity,
  scope: string,
): Promise<AccessToken> {
  const { token, facts } = await readFederatedToken(tokenFile);
  return await askWithAssertion(
    { tenantId, clientId, assertion: token },
    {
      issuer: 'microsoft-entra',
      presented: facts,
      identity: { tenantId, clientId },
    },
    scope,
    // As the library itself asks for a workload: its authority need not be one
    // that is publicly known.
    { disableInstanceDiscovery: true },
  );
}

async function askWithAssertion(
  who: { tenantId: string; clientId: string; assertion: string },
  asked: Asked,
  scope: string,
  options?: { disableInstanceDiscovery: boolean },
): Promise<AccessToken> {
  return await ask(
    asked,
    scope,
    observed =>
      new ClientAssertionCredential(
        who.tenantId,
        who.clientId,
        // Called twice for every token, hence nothing but a value.
        () => Promise.resolve(who.assertion),
        { ...clientOptions(observed), ...options },
      ),
  );
}

/** Who is asked, and with what. */
interface Asked extends Pick<TokenFailure, 'issuer' | 'presented' | 'hint'> {
  /** For whom, where it may be another than the credential's own. */
  readonly identity?: TokenError['identity'];
}

async function ask(
  asked: Asked,
  scope: string,
  create: (observed: Observed) => TokenCredential,
): Promise<AccessToken> {
  const observed: Observed = {};
  let answer: LibraryToken | null;
  try {
    answer = await create(observed).getToken(scope);
  } catch (error) {
    // What the library throws can carry the request, hence words only.
    const failure = classifyTokenFailure({
      ...asked,
      text: wordsOf(error),
      ...observed,
    });
    failure.identity = asked.identity;
    throw failure;
  }
  if (!answer?.token || !Number.isFinite(answer.expiresOnTimestamp)) {
    throw new TokenError('token-malformed');
  }
  return { token: answer.token, expiresAt: answer.expiresOnTimestamp };
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { errors } = error as { errors?: unknown };
  const parts = Array.isArray(errors) ? errors.map(wordsOf) : [];
  return [error.message, ...parts].join('\n');
}
