import type { LoggerService } from '@backstage/backend-plugin-api';
import { readCertificate } from './certificate';
import { type ConfiguredCredential, describeConfigured } from './configured';
import {
  TOKEN_EXCHANGE_SCOPE,
  withAssertion,
  withCertificate,
  withClientSecret,
  withDefaultCredential,
  withManagedIdentity,
} from './azure-identity';
import { describeCredential } from './problems/diagnosis';
import { type AcquireToken, TokenSource } from './token-source';
import type { ProofFacts } from './types';
import {
  readFederatedToken,
  SYSTEM_ASSIGNED,
  workloadIdentityOf,
} from './workload-identity';

/** After how many milliseconds an answer that does not come is given up; the library has no limit. */
const TIMEOUT = 30_000;

/** The default credential tries the environment, files, the machine and command-line tools one after the other. */
const DEFAULT_CREDENTIAL_TIMEOUT = 60_000;

interface TokensOptions {
  readonly logger: LoggerService;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** After how many milliseconds a token that does not come is given up. */
  readonly timeoutMs?: number;
}

/** The token sources of one process: one for each credential, however many organizations it serves. */
export class Tokens {
  readonly #options: TokensOptions;
  readonly #sources = new Map<string, TokenSource>();

  constructor(options: TokensOptions) {
    this.#options = options;
  }

  /** Tokens with a configured credential other than a personal access token. */
  of(entry: ConfiguredCredential): TokenSource {
    const name = describeCredential(describeConfigured(entry));
    return this.#source(entry.configKey, name, this.#acquireWith(entry));
  }

  /** Tokens with what the environment offers. */
  ofEnvironment(): TokenSource {
    return this.#source(
      'environment',
      'default Azure credential',
      withDefaultCredential(),
      DEFAULT_CREDENTIAL_TIMEOUT,
    );
  }

  #acquireWith({ credential }: ConfiguredCredential): AcquireToken {
    switch (credential.kind) {
      case 'ClientSecret':
        return withClientSecret(credential);
      case 'ClientCertificate':
        return withCertificate(credential, this.#options.now);
      case 'ManagedIdentity':
        return withManagedIdentity(credential.clientId);
      case 'ManagedIdentityClientAssertion':
        return withAssertion({
          tenantId: credential.tenantId,
          clientId: credential.clientId,
          assertions: this.#assertionsOf(credential.managedIdentityClientId),
        });
      case 'PersonalAccessToken':
        throw new Error('A personal access token needs no other token');
    }
  }

  #assertionsOf(clientId: string): TokenSource {
    const kind =
      clientId === SYSTEM_ASSIGNED
        ? 'managed identity (system-assigned)'
        : 'managed identity (user-assigned)';
    return this.#source(
      `assertion:${clientId}`,
      `${kind} in place of a client secret`,
      withManagedIdentity(clientId, TOKEN_EXCHANGE_SCOPE),
    );
  }

  #source(
    key: string,
    name: string,
    acquire: AcquireToken,
    usualTimeoutMs = TIMEOUT,
  ): TokenSource {
    const { timeoutMs = usualTimeoutMs, logger, now } = this.#options;
    const source =
      this.#sources.get(key) ??
      new TokenSource({ name, acquire, timeoutMs, logger, now });
    this.#sources.set(key, source);
    return source;
  }
}

/**
 * How to look at what a credential presents in place of a client secret, as it
 * is at the moment; `undefined` for a credential that presents nothing of the kind.
 */
export function proofOf(
  { credential }: ConfiguredCredential,
  now: () => number,
): (() => Promise<ProofFacts>) | undefined {
  if (credential.kind === 'ClientCertificate') {
    return async () => (await readCertificate(credential, now())).facts;
  }
  const workload =
    credential.kind === 'ManagedIdentity'
      ? workloadIdentityOf(credential.clientId)
      : undefined;
  return (
    workload &&
    (async () => (await readFederatedToken(workload.tokenFile)).facts)
  );
}
