import { claimsOf } from './access-token';
import { TokenError } from './errors';
import { readProof } from './proof-file';
import type { FederatedTokenFacts } from './types';

/** What the environment of a process with workload identity has. */
export interface WorkloadIdentity {
  readonly tenantId: string;
  readonly clientId: string;
  /** The path of the token that Kubernetes, or another issuer, renews. */
  readonly tokenFile: string;
}

/** The value of `clientId` and `managedIdentityClientId` that stands for the identity of the machine itself. */
export const SYSTEM_ASSIGNED = 'system-assigned';

/**
 * The workload identity that takes the place of a managed identity where the
 * environment has one.
 *
 * `ManagedIdentityCredential` of `@azure/identity` asks for it rather than for
 * a managed identity wherever these three are known (4.13, tokenExchangeMsi).
 * It is what the webhook of Azure Workload Identity sets.
 *
 * @param configured - the managed identity; for `system-assigned` the environment names one
 */
export function workloadIdentityOf(
  configured: string,
): WorkloadIdentity | undefined {
  const {
    AZURE_TENANT_ID: tenantId,
    AZURE_FEDERATED_TOKEN_FILE: tokenFile,
    AZURE_CLIENT_ID,
  } = process.env;
  const clientId =
    configured === SYSTEM_ASSIGNED ? AZURE_CLIENT_ID : configured;
  return tenantId && tokenFile && clientId
    ? { tenantId, tokenFile, clientId }
    : undefined;
}

/** What the environment lacks for a workload identity, in words; `undefined` where it has nothing of one. */
export function whatWorkloadLacks(configured: string): string | undefined {
  const { AZURE_FEDERATED_TOKEN_FILE, AZURE_TENANT_ID } = process.env;
  if (!AZURE_FEDERATED_TOKEN_FILE || workloadIdentityOf(configured)) {
    return undefined;
  }
  const missing = AZURE_TENANT_ID ? 'AZURE_CLIENT_ID' : 'AZURE_TENANT_ID';
  return `AZURE_FEDERATED_TOKEN_FILE is set, and ${missing} is not`;
}

/**
 * Reads the token of a workload.
 *
 * @throws TokenError
 */
export async function readFederatedToken(
  tokenFile: string,
): Promise<{ token: string; facts: FederatedTokenFacts }> {
  const problem = 'federated-token-unreadable';
  const token = (await readProof(tokenFile, problem)).trim();
  const claims = claimsOf(token);
  if (!claims) {
    const what =
      token === '' ? 'it is empty' : 'what is in it is no JSON Web Token';
    throw new TokenError(problem, `${tokenFile}: ${what}`);
  }
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const { iss, sub, aud, exp } = claims;
  return {
    token,
    facts: {
      kind: 'federated token',
      issuer: text(iss),
      subject: text(sub),
      audience: Array.isArray(aud) ? aud.join(' ') : text(aud),
      ...(typeof exp === 'number' && { expiresAt: exp * 1_000 }),
    },
  };
}
