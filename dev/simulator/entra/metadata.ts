import type {
  Accepted,
  SimulatedRequest,
  SimulatedResponse,
  SimulatedService,
} from '../http';
import { guidOf } from '../model/names';
import type { TokenLifetime } from './authority';
import type { Directory } from './directory';
import {
  type ManagedIdentity,
  managedIdentity,
  type ManagedIdentityOptions,
} from './managed-identity';
import { audienceOf, type TokenMint } from './tokens';

interface MetadataOptions {
  readonly directory: Directory;
  readonly mint: TokenMint;
  readonly lifetime: TokenLifetime;
  /** Epoch milliseconds of the simulator's clock. */
  readonly now: () => number;
  /** What App Service requests must send as X-IDENTITY-HEADER. */
  readonly identityHeader: string;
}

const IMDS_PATH = /^\/metadata\/identity\/oauth2\/token\/?$/;
const APP_SERVICE_PATH = /^\/msi\/token\/?$/;

/** An error, which the two forms of the service write differently. */
class MetadataError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * The metadata service of one machine, as virtual machines (IMDS) and as App
 * Service and containers present it.
 *
 * Sources: https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token,
 * https://learn.microsoft.com/azure/app-service/overview-managed-identity
 */
export class MetadataService implements SimulatedService {
  readonly #options: MetadataOptions;
  /** What App Service and containers hand to their processes beside the address. */
  readonly identityHeader: string;
  readonly #userAssigned: ManagedIdentity[] = [];
  #systemAssigned: ManagedIdentity | undefined;
  #count = 0;

  constructor(options: MetadataOptions) {
    this.#options = options;
    this.identityHeader = options.identityHeader;
  }

  /**
   * The environment in which a process finds this service.
   *
   * @param form - as on a virtual machine, or as on App Service and in containers
   * @param metadataUrl - where the simulator's metadata service listens
   */
  environment(
    form: 'imds' | 'app-service',
    metadataUrl: string,
  ): Record<string, string> {
    return form === 'imds'
      ? { AZURE_POD_IDENTITY_AUTHORITY_HOST: metadataUrl }
      : {
          IDENTITY_ENDPOINT: `${metadataUrl}/msi/token`,
          IDENTITY_HEADER: this.identityHeader,
        };
  }

  /** Gives the machine an identity of its own. */
  setSystemAssigned(options: ManagedIdentityOptions): ManagedIdentity {
    this.#systemAssigned = managedIdentity(
      'system-assigned',
      this.#inTenant(options),
    );
    return this.#systemAssigned;
  }

  /** Assigns an identity that exists by itself. */
  addUserAssigned(options: ManagedIdentityOptions): ManagedIdentity {
    const identity = managedIdentity('user-assigned', {
      clientId: guidOf('user-assigned', this.#count++),
      ...this.#inTenant(options),
    });
    this.#userAssigned.push(identity);
    return identity;
  }

  accept(request: SimulatedRequest): Accepted | undefined {
    const { pathname, searchParams } = request.url;
    const isImds = IMDS_PATH.test(pathname);
    if (!isImds && !APP_SERVICE_PATH.test(pathname)) return undefined;
    const selected = this.#find(searchParams);
    return {
      description: {
        endpoint: 'metadata',
        identity: typeof selected === 'string' ? undefined : selected.identity,
      },
      answer: () => (isImds ? this.#imds(request) : this.#appService(request)),
    };
  }

  async #imds(request: SimulatedRequest): Promise<SimulatedResponse> {
    try {
      if (request.headers['metadata']?.toLowerCase() !== 'true') {
        throw new MetadataError(
          'invalid_request',
          'Required metadata header not specified',
        );
      }
      const token = await this.#token(request.url.searchParams);
      return { status: 200, body: token };
    } catch (error) {
      if (!(error instanceof MetadataError)) throw error;
      const { code, message } = error;
      return { status: 400, body: { error: code, error_description: message } };
    }
  }

  async #appService(request: SimulatedRequest): Promise<SimulatedResponse> {
    if (request.headers['x-identity-header'] !== this.identityHeader) {
      return {
        status: 401,
        body: { statusCode: 401, message: 'Unauthorized' },
      };
    }
    try {
      const { access_token, client_id, expires_on, resource, token_type } =
        await this.#token(request.url.searchParams);
      return {
        status: 200,
        body: { access_token, client_id, expires_on, resource, token_type },
      };
    } catch (error) {
      if (!(error instanceof MetadataError)) throw error;
      const { message } = error;
      return { status: 400, body: { statusCode: 400, message } };
    }
  }

  async #token(query: URLSearchParams) {
    for (const name of ['api-version', 'resource']) {
      if (!query.get(name)) {
        throw new MetadataError(
          'invalid_request',
          `Required query variable '${name}' is missing`,
        );
      }
    }
    const resource = query.get('resource') ?? '';
    const identity = this.#find(query);
    if (typeof identity === 'string') {
      throw new MetadataError('invalid_request', identity);
    }
    const audience = audienceOf(resource);
    if (!audience) {
      throw new MetadataError(
        'invalid_resource',
        `AADSTS500011: The resource principal named ${resource} was not found in the tenant named ${identity.tenantId}.`,
      );
    }
    const { mint, lifetime, now } = this.#options;
    const issuedAt = Math.floor(now() / 1000);
    const { lifetimeSeconds } = lifetime;
    return {
      access_token: await mint.accessToken(identity, audience, lifetimeSeconds),
      client_id: identity.clientId,
      expires_in: String(lifetimeSeconds),
      expires_on: String(issuedAt + lifetimeSeconds),
      ext_expires_in: String(lifetimeSeconds),
      not_before: String(issuedAt),
      resource,
      token_type: 'Bearer',
    };
  }

  /** The identity that a query means, or why there is none. */
  #find(query: URLSearchParams): ManagedIdentity | string {
    const all = [
      ...(this.#systemAssigned ? [this.#systemAssigned] : []),
      ...this.#userAssigned,
    ];
    const clientId = query.get('client_id')?.toLowerCase();
    if (clientId) {
      return (
        all.find(identity => identity.clientId === clientId) ??
        'Identity not found'
      );
    }
    if (this.#systemAssigned) return this.#systemAssigned;
    const [only, another] = this.#userAssigned;
    if (another) {
      return 'Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request';
    }
    return only ?? 'Identity not found';
  }

  /** With the tenant's id, which may have been given as a domain; it is made where it is not known yet. */
  #inTenant(options: ManagedIdentityOptions): ManagedIdentityOptions {
    const { id } = this.#options.directory.ensureTenant(options.tenantId);
    return { ...options, tenantId: id };
  }
}
