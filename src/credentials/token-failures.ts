import { quote } from '../quotation';
import { TokenError } from './errors';
import type { ProblemId } from './problems/diagnosis';
import type { ProofFacts } from './types';

/** What is known of a token request that failed. */
export interface TokenFailure {
  /** Who was asked. */
  readonly issuer: 'microsoft-entra' | 'managed-identity' | 'environment';
  /** In place of a client secret; absent for a secret, and for what a managed identity presents. */
  readonly presented?: ProofFacts;
  /** What the library threw, in words. */
  readonly text: string;
  /** The last HTTP status that came, if it could be seen. */
  readonly status?: number;
  /** Node's code of the last network error, if it could be seen. */
  readonly networkCode?: string;
  /** What of the environment is probably not as it was meant. */
  readonly hint?: string;
}

/** What Microsoft Entra's codes mean for the person who runs Backstage. Source: learn.microsoft.com/entra/identity-platform/reference-error-codes. */
const ENTRA_CODES: Readonly<Record<string, ProblemId>> = {
  7000215: 'client-secret-invalid',
  7000216: 'client-secret-invalid',
  7000222: 'client-secret-expired',
  700016: 'application-not-found',
  65001: 'consent-missing',
  7000229: 'consent-missing',
  650052: 'azure-devops-not-in-tenant',
  500011: 'azure-devops-not-in-tenant',
  500014: 'azure-devops-not-in-tenant',
  7000112: 'application-disabled',
  90002: 'tenant-not-found',
  900021: 'tenant-not-found',
  900023: 'tenant-not-found',
  50012: 'federated-credential-missing',
  50013: 'federated-credential-missing',
  50027: 'federated-credential-missing',
  70021: 'federated-credential-missing',
  70025: 'federated-credential-missing',
  700027: 'federated-credential-missing',
  700211: 'federated-credential-missing',
  700212: 'federated-credential-missing',
  700213: 'federated-credential-missing',
  700236: 'federated-credential-missing',
  700024: 'clock-skew',
  53000: 'conditional-access-token',
  53003: 'conditional-access-token',
  530032: 'conditional-access-token',
  530034: 'conditional-access-token',
  530035: 'conditional-access-token',
  50196: 'token-service-unavailable',
  90033: 'token-service-unavailable',
  90055: 'token-service-unavailable',
};

/** What some problems are for what was presented. */
const PROBLEMS_OF_PROOFS: Readonly<
  Record<ProofFacts['kind'], Partial<Record<ProblemId, ProblemId>>>
> = {
  certificate: { 'federated-credential-missing': 'certificate-unknown' },
  'federated token': {
    'federated-credential-missing': 'federated-token-not-trusted',
    'clock-skew': 'federated-token-expired',
  },
};

/** The problem that a token request failed with. */
export function classifyTokenFailure(failure: TokenFailure): TokenError {
  const { text } = failure;
  const code = /AADSTS(\d+)/.exec(text)?.[1];
  if (code) return entraError(code, text, failure.presented);
  if (/Invalid tenant id/i.test(text)) {
    return new TokenError('tenant-not-found');
  }
  switch (failure.issuer) {
    case 'environment':
      return new TokenError('default-credential-unavailable', failure.hint);
    case 'managed-identity':
      return managedIdentityFailure(text, failure.hint);
    case 'microsoft-entra':
      return entraFailure(failure, text);
  }
}

function entraError(
  code: string,
  text: string,
  presented: ProofFacts | undefined,
): TokenError {
  const known = ENTRA_CODES[code];
  if (!known) {
    return new TokenError('token-refused', sentenceWith(`AADSTS${code}`, text));
  }
  const problem =
    (presented && PROBLEMS_OF_PROOFS[presented.kind][known]) ?? known;
  const detail = [`AADSTS${code}`, ...compared(presented, problem)];
  return new TokenError(problem, detail.join(', '));
}

/** What the problem is about, so that it can be compared with what Microsoft Entra shows. */
function compared(
  presented: ProofFacts | undefined,
  problem: ProblemId,
): string[] {
  if (presented?.kind === 'certificate' && problem === 'certificate-unknown') {
    return [`thumbprint ${presented.thumbprint}`];
  }
  if (presented?.kind !== 'federated token') return [];
  const { issuer, subject, audience, expiresAt } = presented;
  if (problem === 'federated-token-not-trusted') {
    return [`issuer ${issuer}`, `subject ${subject}`, `audience ${audience}`];
  }
  return problem === 'federated-token-expired' && expiresAt !== undefined
    ? [`valid until ${new Date(expiresAt).toISOString()}`]
    : [];
}

function entraFailure(failure: TokenFailure, text: string): TokenError {
  const { status, networkCode } = failure;
  if (networkCode === 'REQUEST_TIMEOUT') return new TokenError('token-timeout');
  if (networkCode)
    return new TokenError('token-service-unreachable', networkCode);
  if (status === 429 || (status !== undefined && status >= 500)) {
    return new TokenError('token-service-unavailable', `HTTP ${status}`);
  }
  if (status === undefined) return neverAsked(text);
  // Microsoft Entra answers a token request with 200 and JSON, or with an error.
  return status < 400
    ? new TokenError('token-malformed', `HTTP ${status}`)
    : new TokenError('token-refused', descriptionIn(text) ?? `HTTP ${status}`);
}

/** What became of a request that the library never sent, or whose end is not to be seen. */
function neverAsked(text: string): TokenError {
  return /authorityHost|_resolution_error|network_error/.test(text)
    ? new TokenError('token-service-unreachable')
    : new TokenError('token-refused', quote(text, { maxLength: 300 }));
}

/** Of what the managed identity service answered the library passes on a description at best, and never the status. */
function managedIdentityFailure(
  text: string,
  hint: string | undefined,
): TokenError {
  if (
    /Identity not found|No User Assigned|Managed Identity found/i.test(text)
  ) {
    return new TokenError('managed-identity-not-found', hint);
  }
  if (/network_error|unreachable/i.test(text)) {
    return new TokenError('managed-identity-unavailable', hint);
  }
  const description = descriptionIn(text);
  return description
    ? new TokenError('token-refused', description)
    : new TokenError('token-service-unavailable');
}

/** What MSAL repeats of an error, where it repeats anything. */
function descriptionIn(text: string): string | undefined {
  const description = /Description: (.+?) - Correlation ID/.exec(text)?.[1];
  return description === undefined || description === 'Not Available'
    ? undefined
    : quote(description);
}

/** The first sentence that begins with a code, without the identifiers that follow it. */
function sentenceWith(code: string, text: string): string {
  const start = text.indexOf(code);
  const sentence = /^.*?(?=\. |\.$| Trace ID|\r|\n|$)/.exec(text.slice(start));
  return quote(sentence?.[0] ?? code, { maxLength: 300 }) ?? code;
}
