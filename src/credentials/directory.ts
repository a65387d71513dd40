import type { LoggerService } from '@backstage/backend-plugin-api';
import type { Config } from '@backstage/config';
import { LRUCache } from 'lru-cache';
import type { Organization } from '../organization';
import {
  describeConfigured,
  listConfigured,
  readConfiguredCredentials,
} from './configured';
import { CredentialError, TokenError } from './errors';
import { hostKey, matchCredential } from './match';
import { diagnose } from './problems/diagnosis';
import type { TokenSource } from './token-source';
import { proofOf, Tokens } from './tokens';
import type {
  CredentialDescription,
  CredentialDirectory,
  OrganizationCredential,
  ProofFacts,
} from './types';

interface CredentialDirectoryOptions {
  /** The root configuration; `integrations.azure` is read from it, once. */
  readonly config: Config;
  readonly logger: LoggerService;
  /** Milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number;
  /** After how many milliseconds a token that does not come is given up. Default: 30,000; for the default credential, which tries several things, 60,000. */
  readonly tokenTimeoutMs?: number;
}

/** Names come from URLs that people type, so there is no end to them. What is forgotten is chosen again. */
const MOST_REMEMBERED = 1_000;

/**
 * Which credential serves which organization. Make one per process and share
 * it: its tokens are shared by all who ask through it.
 *
 * @throws what `@backstage/integration` throws when `integrations.azure` is not valid.
 */
export function createCredentialDirectory({
  config,
  logger,
  now = Date.now,
  tokenTimeoutMs,
}: CredentialDirectoryOptions): CredentialDirectory {
  const configured = readConfiguredCredentials(config);
  const tokens = new Tokens({ logger, now, timeoutMs: tokenTimeoutMs });
  const chosen = new LRUCache<string, OrganizationCredential>({
    max: MOST_REMEMBERED,
  });

  function choose(organization: Organization): OrganizationCredential {
    const match = matchCredential(configured, organization);
    switch (match.outcome) {
      case 'matched': {
        const { credential: entry, matchedBy } = match;
        const description = { ...describeConfigured(entry), matchedBy };
        return entry.credential.kind === 'PersonalAccessToken'
          ? personalAccessTokenCredential(
              organization,
              description,
              entry.credential.personalAccessToken,
            )
          : tokenCredential(
              organization,
              description,
              tokens.of(entry),
              proofOf(entry, now),
            );
      }
      case 'default': {
        const { matchedBy } = match;
        logger.warn(
          `No credential under integrations.azure serves ${organization.label} (${matchedBy}); ` +
            "using the environment's own (DefaultAzureCredential), as Backstage does",
        );
        return tokenCredential(
          organization,
          { kind: 'default Azure credential', matchedBy },
          tokens.ofEnvironment(),
        );
      }
      case 'none':
        throw new CredentialError(
          organization,
          undefined,
          diagnose('no-matching-credential', {
            organization,
            configured: listConfigured(
              configured.filter(
                ({ host }) => hostKey(host) === hostKey(organization.host),
              ),
            ),
          }),
        );
    }
  }

  return {
    forOrganization(organization) {
      const credential = chosen.get(organization.key) ?? choose(organization);
      chosen.set(organization.key, credential);
      return credential;
    },
  };
}

// The secrets live in closures rather than in properties, so that nothing that
// prints or serializes a credential can show them.

/** The credential of an organization that is served by a personal access token. */
function personalAccessTokenCredential(
  organization: Organization,
  description: CredentialDescription,
  token: string,
): OrganizationCredential {
  return {
    describe: () => description,
    getAuthorization: async ({ signal } = {}) => {
      signal?.throwIfAborted();
      // Backstage accepts a token of blanks. Sent, it would be no credential at all.
      if (token === '') {
        throw credentialError(
          organization,
          description,
          new TokenError('personal-access-token-empty'),
        );
      }
      return `Basic ${Buffer.from(`:${token}`).toString('base64')}`;
    },
    reject: async () => false,
  };
}

/** The credential of an organization that is served by tokens of Microsoft Entra. */
function tokenCredential(
  organization: Organization,
  description: CredentialDescription,
  source: TokenSource,
  proof?: () => Promise<ProofFacts>,
): OrganizationCredential {
  const explained = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw error instanceof TokenError
        ? credentialError(organization, description, error)
        : error;
    }
  };
  return {
    describe: () => description,
    getAuthorization: async ({ signal } = {}) =>
      await explained(async () => bearer((await source.get(signal)).token)),
    reject: async authorization =>
      await source.replace(authorization.replace(/^Bearer /, '')),
    ...(proof && { inspectProof: async () => await explained(proof) }),
  };
}

function bearer(token: string): string {
  return `Bearer ${token}`;
}

function credentialError(
  organization: Organization,
  credential: CredentialDescription,
  error: TokenError,
): CredentialError {
  return new CredentialError(
    organization,
    credential,
    diagnose(error.problem, {
      organization,
      credential: { ...credential, ...error.identity },
      detail: error.detail,
    }),
  );
}
