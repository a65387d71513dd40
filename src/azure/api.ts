import type { GitApi } from 'azure-devops-node-api/GitApi';
import type { VsoClient } from 'azure-devops-node-api/VsoClient';
import { apiBaseUrl, RequestScope } from './target';
import type { ClassifiedFault } from './classify';
import { verifyLocations } from './answers';
import { LIMITS } from './limits';
import type { Call, Requester } from './requester';
import { SharedWork } from './shared-work';
import { TransportGitApi } from './transport';

/** Any resource of the area will do: the library asks for all of them at once. */
const ANY_RESOURCE = 'fb93c0db-47ed-4a31-8c20-47552878fb44';
/** How many of the library's objects are kept for later calls; making them costs more than using them. */
const SPARES = 64;
/** The library's words where a server is too old for a resource. */
const NOT_OFFERED = 'Failed to find api location';

/**
 * azure-devops-node-api's Git API on our transport, for one organization. The
 * service is asked once which versions of its API it speaks.
 */
export class OrganizationApi {
  readonly #requester: Requester;
  readonly #baseUrl: string;
  readonly #scope: RequestScope;
  readonly #discovery: SharedWork<VsoClient>;
  readonly #spares: TransportGitApi[] = [];
  #versions: VsoClient | undefined;

  constructor(requester: Requester) {
    this.#requester = requester;
    this.#baseUrl = apiBaseUrl(requester.organization);
    this.#scope = new RequestScope(this.#baseUrl);
    this.#discovery = new SharedWork(signal => this.#discover(signal));
  }

  /**
   * Does something with the Git API. All requests made through it belong to the call.
   *
   * @throws AzureDevOpsRequestError, or whatever the credential throws.
   */
  async call<T>(call: Call, use: (git: GitApi) => Promise<T>): Promise<T> {
    const versions = this.#versions ?? (await this.#awaitVersions(call));
    const git = this.#spares.pop() ?? this.#git(versions);
    try {
      return await git.during(call, use);
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
        this.#spares.push(git);
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

  #git(versions?: VsoClient): TransportGitApi {
    return new TransportGitApi(
      this.#baseUrl,
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
    const { vsoClient } = await this.#git().during(
      {
        operation: 'find out which API versions it speaks',
        expects: 'json',
        maxBytes: LIMITS.discovery,
        compress: true,
        lane: 'interactive',
        signal,
        verify: verifyLocations,
      },
      async git => {
        await git.vsoClient.beginGetLocation('git', ANY_RESOURCE);
        return git;
      },
    );
    this.#versions = vsoClient;
    return vsoClient;
  }
}
