import type { ClientApiBase } from 'azure-devops-node-api/ClientApiBases';
import type { VsoClient } from 'azure-devops-node-api/VsoClient';
import { apiBaseUrl, RequestScope } from './target';
import type { ClassifiedFault } from './classify';
import { verifyLocations } from './answers';
import { LIMITS } from './limits';
import type { Call } from './call';
import type { Requester } from './requester';
import { SharedWork } from './shared-work';
import { ApiOnTransport } from './transport';
import type { ApiArea } from './areas';

/** How many of the library's objects are kept for later calls; making them costs more than using them. */
const SPARES = 64;
/** The library's words where a server is too old for a resource. */
const NOT_OFFERED = 'Failed to find api location';

/**
 * One API of azure-devops-node-api on our transport, for one organization. The
 * service is asked once which versions of it it speaks.
 */
export class OrganizationApi<A extends ClientApiBase> {
  readonly #requester: Requester;
  readonly #area: ApiArea<A>;
  readonly #baseUrl: string;
  readonly #scope: RequestScope;
  readonly #discovery: SharedWork<VsoClient>;
  readonly #spares: Array<ApiOnTransport<A>> = [];
  #versions: VsoClient | undefined;

  constructor(requester: Requester, area: ApiArea<A>) {
    this.#requester = requester;
    this.#area = area;
    this.#baseUrl = apiBaseUrl(requester.organization);
    this.#scope = new RequestScope(this.#baseUrl);
    this.#discovery = new SharedWork(signal => this.#discover(signal));
  }

  /**
   * Does something with the API. All requests made through it belong to the call.
   *
   * @throws AzureDevOpsRequestError, or whatever the credential throws.
   */
  async call<T>(call: Call, use: (api: A) => Promise<T>): Promise<T> {
    const versions = this.#versions ?? (await this.#awaitVersions(call));
    const api = this.#spares.pop() ?? this.#make(versions);
    try {
      return await api.during(call, use);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith(NOT_OFFERED)) {
        throw this.error(call, {
          kind: 'bad-request',
          seen: 'this version of Azure DevOps Server does not offer it',
        });
      }
      throw error;
    } finally {
      if (this.#spares.length < SPARES) {
        this.#spares.push(api);
      }
    }
  }

  /** An error of this organization, for what only the caller can see. */
  error(call: Call, fault: Pick<ClassifiedFault, 'kind' | 'seen'>) {
    return this.#requester.error(call, {
      retryable: false,
      throttling: false,
      ...fault,
    });
  }

  #make(versions?: VsoClient): ApiOnTransport<A> {
    return new ApiOnTransport(
      this.#area.create(this.#baseUrl),
      this.#requester,
      this.#scope,
      versions,
    );
  }

  async #awaitVersions(call: Call): Promise<VsoClient> {
    const discovery = await this.#discovery.join(call.signal);
    if (discovery.outcome === 'aborted') {
      throw this.error(call, {
        kind: 'aborted',
        seen: 'the request was aborted',
      });
    }
    return discovery.value;
  }

  async #discover(signal: AbortSignal): Promise<VsoClient> {
    const { vsoClient } = await this.#make().during(
      {
        operation: 'find out which API versions it speaks',
        expects: 'json',
        maxBytes: LIMITS.discovery,
        compress: true,
        priority: 'interactive',
        signal,
        verify: verifyLocations,
      },
      async api => {
        const { name, anyResource } = this.#area;
        await api.vsoClient.beginGetLocation(name, anyResource);
        return api;
      },
    );
    this.#versions = vsoClient;
    return vsoClient;
  }
}
