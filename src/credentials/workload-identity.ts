import { readFile } from 'node:fs/promises';
import { claimsOf } from './access-token';
import { whyUnreadable } from './certificate';
import { TokenError } from './errors';
import type { FederatedTokenFacts } from './types';

/** What the environment of a process with workload identity has. */
export interface WorkloadIdentity {
  readonly tenantId: string;
  readonly clientId: string;
  /** The path of the token that Kubernetes, or another issuer, renews. */
  readonly tokenFile: string;
}

/**
 * The workload identity that a process has, if it has one.
 *
 * `ManagedIdentityCredential` of `@azure/identity` asks for it rather than for
 * a managed identity wherever these three are known (4.13, tokenExchangeMsi).
 * It is what the webhook of Azure Workload Identity sets.
 *
 * @param clientId - the configured one; without it the environment's
 */
export function workloadIdentityOf(
  env: NodeJS.ProcessEnv,
  clientId: string | undefined,
): WorkloadIdentity | undefined {
  const tenantId = env.AZURE_TENANT_ID;
  const tokenFile = env.AZURE_FEDERATED_TOKEN_FILE;
  const id = clientId ?? env.AZURE_CLIENT_ID;
  return tenantId && tokenFile && id
    ? { tenantId, tokenFile, clientId: id }
    : undefined;
}

/**
 * Reads the token of a workload. It is read each time: its issuer replaces it
 * long before it expires.
 *
 * @throws TokenError
 */
export async function readFederatedToken(
  tokenFile: string,
): Promise<{ token: string; facts: FederatedTokenFacts }> {
  let token: string;
  try {
    token = (await readFile(tokenFile, 'utf8')).trim();
  } catch (error) {
    throw new TokenError(
      'federated-token-unreadable',
      `${tokenFile}: ${whyUnreadable(error)}`,
    );
  }
  const claims = claimsOf(token);
  if (!claims) {
    throw new TokenError(
      'federated-token-unreadable',
      token === ''
        ? `${tokenFile}: it is empty`
        : `${tokenFile}: what is in it is no JSON Web Token`,
    );
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
