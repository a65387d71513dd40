import type { LoggerService } from '@backstage/backend-plugin-api';
import type { Simulator } from '../../../dev/simulator';
import {
  type AzureDevOpsClientsOptions,
  AzureDevOpsClientPool,
} from '../../../src/azure/clients';
import {
  AzureDevOpsRequestError,
  type RequestFault,
} from '../../../src/azure/errors';
import type {
  CredentialDirectory,
  OrganizationCredential,
} from '../../../src/credentials/types';
import { type LogLine, recordingLogger } from '../../support/logs';
import { withEnvironment } from '../../support/with-environment';

export const TOKEN = 'a-token-that-nobody-may-see';

/** Has all requests go through a simulator's proxy, whatever the environment says; returns what undoes it. */
export function throughProxy({ proxyUrl }: Simulator): () => void {
  return withEnvironment({
    HTTPS_PROXY: proxyUrl,
    https_proxy: undefined,
    NO_PROXY: undefined,
    no_proxy: undefined,
  });
}

/** One personal access token for every organization. */
export function tokenDirectory(
  token: string,
  overrides: Partial<OrganizationCredential> = {},
): CredentialDirectory {
  return {
    forOrganization: () => ({
      describe: () => ({ kind: 'personal access token', matchedBy: 'a test' }),
      getAuthorization: () => Promise.resolve(basic(token)),
      reject: () => Promise.resolve(false),
      ...overrides,
    }),
  };
}

export function basic(token: string): string {
  return `Basic ${Buffer.from(`:${token}`).toString('base64')}`;
}

/** Clients that are closed when the test ends. */
export class TestClients {
  readonly #open: AzureDevOpsClientPool[] = [];
  readonly logs: LogLine[] = [];
  readonly logger: LoggerService = recordingLogger(this.logs);

  create(
    options: Partial<AzureDevOpsClientsOptions> = {},
  ): AzureDevOpsClientPool {
    const pool = new AzureDevOpsClientPool({
      credentials: tokenDirectory(TOKEN),
      logger: this.logger,
      ...options,
    });
    this.#open.push(pool);
    return pool;
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map(pool => pool.close()));
    this.logs.splice(0);
  }
}

/** The error that a request ends with; fails when it succeeds or fails otherwise. */
export async function faultOf(
  request: Promise<unknown>,
): Promise<AzureDevOpsRequestError & RequestFault> {
  let result: unknown;
  try {
    result = await request;
  } catch (error) {
    if (error instanceof AzureDevOpsRequestError) {
      const { name, message, stack, organization, operation, fault } = error;
      return { ...fault, name, message, stack, organization, operation, fault };
    }
    throw error;
  }
  throw new Error(`Expected a failure, got ${JSON.stringify(result)}`);
}
