import type { IncomingMessage } from 'node:http';
import type { ClientApiBase } from 'azure-devops-node-api/ClientApiBases';
import { CoreApi } from 'azure-devops-node-api/CoreApi';
import { GitApi } from 'azure-devops-node-api/GitApi';
import { LocationsApi } from 'azure-devops-node-api/LocationsApi';
import { VsoClient } from 'azure-devops-node-api/VsoClient';
import { HttpClient } from 'typed-rest-client/HttpClient';
import type { IHttpClientResponse } from 'typed-rest-client/Interfaces';
import { type IRestResponse, RestClient } from 'typed-rest-client/RestClient';
import { rejectOnAbort } from '../concurrency';
import {
  assumedLocations,
  assumedVersion,
  refusalOfOptions,
} from './assumed-versions';
import { ABORTED, lastingFault } from './errors';
import { parseLocations } from './parse';
import { apiBaseUrl, RequestScope, targetOf } from './target';
import type { Call, OutgoingRequest, Transport } from './transport';
import type { ApiVersions } from './types';

/** A part of the service's interface, and the library's class for it. */
interface ApiArea<A extends ClientApiBase> {
  /** Its name in addresses: `_apis/{name}`. */
  readonly name: string;
  /** A resource of the area. Any will do: the library asks for all of them at once. */
  readonly anyResource: string;
  readonly api: { readonly prototype: A };
}

/** Repositories and what is in them. */
export const GIT: ApiArea<GitApi> = {
  name: 'git',
  anyResource: 'fb93c0db-47ed-4a31-8c20-47552878fb44',
  api: GitApi,
};

/** Projects. */
export const CORE: ApiArea<CoreApi> = {
  name: 'core',
  anyResource: '603fe2ac-9723-48b9-88ad-09305aa6c6e1',
  api: CoreApi,
};

/** The organization itself, and the identity that a credential belongs to. */
export const LOCATIONS: ApiArea<LocationsApi> = {
  name: 'Location',
  anyResource: '00d9565f-ed9c-4a06-9a50-00e7896ccab4',
  api: LocationsApi,
};

/** Which resources there are in which versions: some 200 KB. */
const DISCOVERY_BYTES = 8 * 1_048_576;
/** After how many milliseconds versions that were assumed are asked for again. */
const ASSUMED_FOR = 60 * 60 * 1_000;
/** The library's words where a server is too old for a resource. */
const NOT_OFFERED = 'Failed to find api location';

/**
 * One API of azure-devops-node-api on our transport, for one organization. The
 * library puts requests together and negotiates versions. What comes back does
 * not go through it, since it takes 404, sign-in pages and broken bodies alike
 * for `null`. Nor does it ask for resource areas, whose answer could name
 * another host.
 */
export class LibraryApi<A extends ClientApiBase> {
  readonly #transport: Transport;
  readonly #area: ApiArea<A>;
  readonly #baseUrl: string;
  readonly #scope: RequestScope;
  readonly #onAssumed: (message: string) => void;
  /** Which resources the area has, and in which versions, once that is known. */
  #locations: VsoClient | undefined;
  /** Set while the service is asked for them. */
  #discovery: Promise<VsoClient> | undefined;
  /** Set while versions are assumed, because `OPTIONS` is refused. */
  #assumed: { readonly status: number; readonly until: number } | undefined;

  /** @param onAssumed - told when the service works with versions that were assumed */
  constructor(
    transport: Transport,
    area: ApiArea<A>,
    onAssumed: (message: string) => void = () => {},
  ) {
    this.#transport = transport;
    this.#area = area;
    this.#onAssumed = onAssumed;
    this.#baseUrl = apiBaseUrl(transport.organization);
    this.#scope = new RequestScope(this.#baseUrl);
  }

  /**
   * Makes one request through the API, and parses what came back.
   *
   * @throws AzureDevOpsRequestError, or whatever the credential throws.
   */
  async call<T>(call: Call<T>, use: (api: A) => Promise<unknown>): Promise<T> {
    const locations = await this.#awaitVersions(call);
    const answers: T[] = [];
    const api = this.#apiWith(locations, async (...request) => {
      const outgoing = this.#outgoing(call, ...request);
      answers.push(await this.#transport.send(outgoing, call));
      // The library gets nothing: it would change an answer in place.
      return null;
    });
    try {
      await use(api);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith(NOT_OFFERED)) {
        throw this.#transport.error(
          call,
          lastingFault(
            'bad-request',
            'this version of Azure DevOps Server does not offer it',
          ),
        );
      }
      throw error;
    }
    const [answer] = answers;
    if (answers.length !== 1) {
      throw new Error(
        `${answers.length} requests were made to ${call.operation}`,
      );
    }
    if (this.#assumed) this.#reportAssumed(this.#assumed.status);
    return answer as T;
  }

  /** In which versions the service offers a resource of the area, as of the first request. */
  async versionsOf(
    resource: string,
    call: Pick<Call<unknown>, 'operation' | 'signal'>,
  ): Promise<ApiVersions | undefined> {
    const locations = await this.#awaitVersions(call);
    const location = await locations.beginGetLocation(
      this.#area.name,
      resource,
    );
    return location?.releasedVersion
      ? {
          released: location.releasedVersion,
          newest: location.maxVersion,
          ...(this.#assumed && { refusedWith: this.#assumed.status }),
        }
      : undefined;
  }

  #reportAssumed(status: number): void {
    const version = assumedVersion(this.#transport.organization);
    this.#onAssumed(
      `OPTIONS is answered with ${status}, probably by a proxy, while other requests work; ` +
        `version ${version} of the interface is assumed. Let OPTIONS through to have the newest`,
    );
  }

  /** The API, with clients that send the requests of one call. */
  #apiWith(vsoClient: VsoClient, send: Send): A {
    const fields: Partial<ClientApiBase> = {
      ...clientsWith(send),
      baseUrl: this.#baseUrl,
      vsoClient,
    };
    return withFields(this.#area.api.prototype, fields as Partial<A>);
  }

  /** Waits for the versions that the service speaks: one request for all callers, and another only after a failure. */
  async #awaitVersions({
    signal,
    operation,
  }: Pick<Call<unknown>, 'operation' | 'signal'>): Promise<VsoClient> {
    if (this.#assumed && this.#transport.now() >= this.#assumed.until) {
      this.#locations = undefined;
    }
    if (this.#locations) {
      return this.#locations;
    }
    this.#discovery ??= this.#discover().finally(() => {
      this.#discovery = undefined;
    });
    try {
      return await rejectOnAbort(this.#discovery, signal);
    } catch (error) {
      throw signal?.aborted
        ? this.#transport.error({ operation }, ABORTED)
        : error;
    }
  }

  async #discover(): Promise<VsoClient> {
    const { name, anyResource } = this.#area;
    let locations: unknown;
    this.#assumed = undefined;
    try {
      locations = await this.#transport.send(
        {
          method: 'OPTIONS',
          target: targetOf(`${this.#baseUrl}/_apis/${name}`),
          accept: 'application/json',
        },
        {
          operation: 'find out which API versions it speaks',
          expects: 'json',
          maxBytes: DISCOVERY_BYTES,
          compress: true,
          priority: 'interactive',
          parse: json => parseLocations(json, anyResource),
        },
      );
    } catch (error) {
      const status = refusalOfOptions(error);
      if (status === undefined) throw error;
      this.#assumed = { status, until: this.#transport.now() + ASSUMED_FOR };
      locations = assumedLocations(this.#transport.organization);
    }
    // By itself the library would ask for each object that is made of it, and
    // for each of the first callers (azure-devops-node-api 17.0).
    const { rest } = clientsWith(async () => locations);
    this.#locations = new VsoClient(this.#baseUrl, rest);
    return this.#locations;
  }

  /** What the library wants to send, if that goes to the organization and changes nothing. */
  #outgoing<T>(
    call: Call<T>,
    ...[verb, url, data, headers]: LibraryRequest
  ): OutgoingRequest {
    const target = this.#scope.target(url);
    const isQuestion =
      verb === 'GET' || (verb === 'POST' && call.isPostedQuestion === true);
    if (!target || !isQuestion) {
      throw this.#transport.error(
        call,
        lastingFault(
          'bad-request',
          target
            ? `${verb} would change something`
            : 'its address lies outside the organization',
        ),
      );
    }
    const accept: unknown = headers['Accept'];
    return {
      method: verb,
      target,
      body: verb === 'POST' && typeof data === 'string' ? data : undefined,
      accept: typeof accept === 'string' ? accept : 'application/json',
    };
  }
}

/** A request as the library puts it together. */
type LibraryRequest = Parameters<HttpClient['request']>;

/** A successful answer as the library takes it. */
class LibraryResponse implements IHttpClientResponse {
  /** Some of the library's methods hand it through; nothing reads it. */
  readonly message = { statusCode: 200 } as IncomingMessage;

  constructor(readonly result: unknown) {}

  readBody(): Promise<string> {
    return Promise.resolve('');
  }
}

/** @returns what the library is given as the answer */
type Send = (...request: LibraryRequest) => Promise<unknown>;

/** The library's HTTP client with everything below its interface replaced. */
class TransportHttpClient extends HttpClient {
  declare readonly send: Send;

  override async request(...request: LibraryRequest): Promise<LibraryResponse> {
    return new LibraryResponse(await this.send(...request));
  }
}

/** The library's REST client, which takes an answer as it was already parsed. */
class TransportRestClient extends RestClient {
  protected override async processResponse<T>({
    result,
  }: LibraryResponse): Promise<IRestResponse<T>> {
    return { statusCode: 200, result: result as T, headers: {} };
  }
}

function clientsWith(send: Send): Pick<ClientApiBase, 'http' | 'rest'> {
  const http = withFields(TransportHttpClient.prototype, { send });
  const rest = withFields(TransportRestClient.prototype, { client: http });
  return { http, rest };
}

/**
 * An object of one of the library's classes. Their constructors would make four
 * HTTP clients for each call, and each of these reads the proxy's variables
 * anew, and throws where one is no regular expression.
 */
function withFields<T extends object>(prototype: T, fields: Partial<T>): T {
  return Object.assign(Object.create(prototype) as T, fields);
}
