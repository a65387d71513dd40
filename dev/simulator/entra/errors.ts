import type { SimulatedResponse } from '../http';

/** The values in the sentences of Entra's errors. */
export interface AadErrorContext {
  /** The tenant as the request named it. */
  readonly tenant?: string;
  readonly clientId?: string;
  readonly applicationName?: string;
  readonly issuer?: string;
  readonly subject?: string;
  readonly audience?: string;
  /** The resource, scope, grant type or parameter that was wrong. */
  readonly subjectMatter?: string;
  /** For 700027: why the signature is not accepted, and the thumbprint that it names. */
  readonly key?: { reason: string; thumbprint: string };
  /** For 700024: the instants, as ISO text. */
  readonly validity?: { now: string; from: string; until: string };
}

interface AadErrorForm {
  readonly status: number;
  readonly error: string;
  readonly text: (context: AadErrorContext) => string;
}

const FEDERATION_HELP =
  'Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation';

/**
 * The errors of the token endpoint by AADSTS number, as users of the real
 * service have reported them. Status and `error` of those that no report shows
 * in full are assumed; dev/simulator/README.md says which.
 */
const AAD_ERRORS = {
  50027: {
    status: 400,
    error: 'invalid_request',
    text: () => 'JWT token is invalid or malformed.',
  },
  50059: {
    status: 400,
    error: 'invalid_request',
    text: () =>
      'No tenant-identifying information found in either the request or implied by any provided credentials.',
  },
  53003: {
    status: 400,
    error: 'invalid_grant',
    text: () =>
      'Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.',
  },
  70003: {
    status: 400,
    error: 'unsupported_grant_type',
    text: c =>
      `The app requested an unsupported grant type '${c.subjectMatter}'.`,
  },
  70021: {
    status: 400,
    error: 'invalid_request',
    text: c =>
      `No matching federated identity record found for presented assertion. Assertion Issuer: '${c.issuer}'. Assertion Subject: '${c.subject}'. Assertion Audience: '${c.audience}'. https://docs.microsoft.com/en-us/azure/active-directory/develop/workload-identity-federation`,
  },
  90002: {
    status: 400,
    error: 'invalid_tenant',
    text: c =>
      `Tenant '${c.tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`,
  },
  500011: {
    status: 400,
    error: 'invalid_resource',
    text: c =>
      `The resource principal named ${c.subjectMatter} was not found in the tenant named ${c.tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.`,
  },
  700016: {
    status: 400,
    error: 'unauthorized_client',
    text: c =>
      `Application with identifier '${c.clientId}' was not found in the directory '${c.tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`,
  },
  700023: {
    status: 401,
    error: 'invalid_client',
    text: c =>
      `Client assertion audience claim does not match Realm issuer. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials. Audience: '${c.audience}'.`,
  },
  700024: {
    status: 401,
    error: 'invalid_client',
    text: c =>
      `Client assertion is not within its valid time range. Current time: ${c.validity?.now}, assertion valid from ${c.validity?.from}, expiry time of assertion ${c.validity?.until}.`,
  },
  700027: {
    status: 401,
    error: 'invalid_client',
    text: c =>
      c.key
        ? `The certificate with identifier used to sign the client assertion is not registered on application. [Reason - ${c.key.reason}, Thumbprint of key used by client: '${c.key.thumbprint}', Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '${c.clientId}'. Review the documentation at https://docs.microsoft.com/en-us/graph/deployments to determine the corresponding service endpoint.]`
        : 'Client assertion failed signature validation.',
  },
  700211: {
    status: 401,
    error: 'invalid_client',
    text: c =>
      `No matching federated identity record found for presented assertion issuer '${c.issuer}'. ${FEDERATION_HELP}`,
  },
  700212: {
    status: 401,
    error: 'invalid_client',
    text: c =>
      `No matching federated identity record found for presented assertion audience '${c.audience}'. ${FEDERATION_HELP}`,
  },
  700213: {
    status: 401,
    error: 'invalid_client',
    text: c =>
      `No matching federated identity record found for presented assertion subject '${c.subject}'. ${FEDERATION_HELP}`,
  },
  700236: {
    status: 401,
    error: 'invalid_client',
    text: c =>
      `Entra ID tokens issued by issuer '${c.issuer}' may not be used for federated identity credential flows for applications or managed identities registered in this tenant.`,
  },
  900144: {
    status: 400,
    error: 'invalid_request',
    text: c =>
      `The request body must contain the following parameter: '${c.subjectMatter}'.`,
  },
  1002012: {
    status: 400,
    error: 'invalid_scope',
    text: c =>
      `The provided value for scope ${c.subjectMatter} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
  },
  7000112: {
    status: 401,
    error: 'unauthorized_client',
    text: c => `Application '${c.clientId}'(${c.applicationName}) is disabled.`,
  },
  7000215: {
    status: 401,
    error: 'invalid_client',
    text: c =>
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${c.clientId}'.`,
  },
  7000218: {
    status: 401,
    error: 'invalid_client',
    text: () =>
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  },
  7000222: {
    status: 401,
    error: 'invalid_client',
    text: c =>
      `The provided client secret keys for app '${c.clientId}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.`,
  },
  7000229: {
    status: 401,
    error: 'invalid_client',
    text: c =>
      `The client application ${c.clientId} is missing service principal in the tenant ${c.tenant}. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119`,
  },
} satisfies Record<number, AadErrorForm>;

/** An AADSTS number that the simulator knows. */
export type AadErrorCode = keyof typeof AAD_ERRORS;

/** Thrown where the authority gives no token; becomes the answer of the token endpoint. */
export class AadError extends Error {
  constructor(
    readonly code: AadErrorCode,
    readonly context: AadErrorContext,
  ) {
    const form: AadErrorForm = AAD_ERRORS[code];
    super(`AADSTS${code}: ${form.text(context)}`);
  }
}

/** The error as the token endpoint puts it on the wire. */
export function aadErrorResponse(
  error: AadError,
  at: number,
  ids: { traceId: string; correlationId: string },
): SimulatedResponse {
  const form: AadErrorForm = AAD_ERRORS[error.code];
  const timestamp = new Date(at).toISOString().replace('T', ' ');
  const stamp = `${timestamp.slice(0, 19)}Z`;
  return {
    status: form.status,
    headers: {
      'Cache-Control': 'no-store, no-cache',
      'x-ms-request-id': ids.traceId,
    },
    body: {
      error: form.error,
      error_description: `${error.message} Trace ID: ${ids.traceId} Correlation ID: ${ids.correlationId} Timestamp: ${stamp}`,
      error_codes: [error.code],
      timestamp: stamp,
      trace_id: ids.traceId,
      correlation_id: ids.correlationId,
      error_uri: `https://login.microsoftonline.com/error?code=${error.code}`,
    },
  };
}
