import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import type { ClientApiBase } from 'azure-devops-node-api/ClientApiBases';
import { CoreApi } from 'azure-devops-node-api/CoreApi';
import { GitApi } from 'azure-devops-node-api/GitApi';
import { LocationsApi } from 'azure-devops-node-api/LocationsApi';
import { VsoClient } from 'azure-devops-node-api/VsoClient';
import { HttpClient } from 'typed-rest-client/HttpClient';
import type {
  IHeaders,
  IHttpClientResponse,
} from 'typed-rest-client/Interfaces';
import { type IRestResponse, RestClient } from 'typed-rest-client/RestClient';
import { assumedLocations, assumedVersion, refusalOfOptions } from './assumed';
import { rejectOnAbort } from './clock';
import { lastingFault } from './errors';
import { parseLocations } from './parse';
import { apiBaseUrl, RequestScope } from './target';
import type { Call, OutgoingRequest, Transport } from './transport';
import type { ApiVersions } from './types';

/** A part of the service's interface, and the library's class for it. */
export interface ApiArea<A extends ClientApiBase> {
  /** Its name in addresses: `_apis/{name}`. */
  readonly name: string;
  /** A resource of the area. Any will do: the library asks for all of them at once. */
  readonly anyResource: string;
  create(baseUrl: string): A;
}

/** Repositories and what is in them. */
export const GIT: ApiArea<GitApi> = {
  name: 'git',
  anyResource: 'fb93c0db-47ed-4a31-8c20-47552878fb44',
  create: baseUrl => new GitApi(baseUrl, []),
};

/** Projects. */
export const CORE: ApiArea<CoreApi> = {
  name: 'core',
  anyResource: '603fe2ac-9723-48b9-88ad-09305aa6c6e1',
  create: baseUrl => new CoreApi(baseUrl, []),
};

/** The organization itself, and the identity that a credential belongs to. */
export const LOCATIONS: ApiArea<LocationsApi> = {
  name: 'Location',
  anyResource: '00d9565f-ed9c-4a06-9a50-00e7896ccab4',
  create: baseUrl => new LocationsApi(baseUrl, []),
};

/** Which resources there are in which versions: some 200 KB. */
const DISCOVERY_BYTES = 8 * 1_048_576;
/** After how many milliseconds versions that were assumed are asked for again. */
const ASSUMED_FOR = 60 * 60 * 1_000;
/** The library's words where a server is too old for a resource. */
const NOT_OFFERED = 'Failed to find api location';

/** The call that a request of the library belongs to. */
interface CurrentCall {
  readonly operation: string;
  /** Whether it may post what it asks. */
  readonly isPostedQuestion?: boolean;
  /** Sends the request, and keeps what came back for the caller. */
  send(request: OutgoingRequest): Promise<LibraryResponse>;
}

/**
 * One API of azure-devops-node-api on our transport, for one organization. The
 * library puts requests together and negotiates versions. What comes back does
 * not go through it, since it takes 404, sign-in pages and broken bodies alike
 * for `null`. Nor does it ask for resource areas, whose answer could name
 * another host.
 */
export class OrganizationApi<A extends ClientApiBase> {
  readonly #transport: Transport;
  readonly #area: ApiArea<A>;
  readonly #api: A;
  readonly #currentCall = new AsyncLocalStorage<CurrentCall | undefined>();
  readonly #onAssumed: (message: string) => void;
  #discovery: Promise<void> | undefined;
  /** Set while versions are assumed, because `OPTIONS` is refused. */
  #assumed: { readonly status: number; readonly until: number } | undefined;

  /** @param onAssumed - told when the service works with versions that were assumed */
  constructor(
    transport: Transport,
    area: ApiArea<A>,
    onAssumed: (message: string) => void = () => {},
  ) {
    this.#onAssumed = onAssumed;
    const baseUrl = apiBaseUrl(transport.organization);
    const http = new TransportHttpClient(
      transport,
      new RequestScope(baseUrl),
      this.#currentCall,
    );
    this.#transport = transport;
    this.#area = area;
    this.#api = area.create(baseUrl);
    this.#api.http = http;
    this.#api.rest = new TransportRestClient(http);
    this.#api.vsoClient = new VsoClient(baseUrl, this.#api.rest);
  }

  /**
   * Makes one request through the API, and parses what came back.
   *
   * @throws AzureDevOpsRequestError, or whatever the credential throws.
   */
  async call<T>(call: Call<T>, use: (api: A) => Promise<unknown>): Promise<T> {
    await this.#awaitVersions(call);
    try {
      const answer = await this.#during(call, use);
      this.#reportAssumed();
      return answer;
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
  }

  /** In which versions the service offers a resource of the area, as of the first request. */
  async versionsOf(
    resource: string,
    call: Pick<Call<unknown>, 'operation' | 'signal'>,
  ): Promise<ApiVersions | undefined> {
    await this.#awaitVersions(call);
    const location = await this.#api.vsoClient.beginGetLocation(
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

  #reportAssumed(): void {
    if (!this.#assumed) return;
    const version = assumedVersion(this.#transport.organization);
    this.#onAssumed(
      `OPTIONS is answered with ${this.#assumed.status}, probably by a proxy, while other requests work; ` +
        `version ${version} of the interface is assumed. Let OPTIONS through to have the newest`,
    );
  }

  /** @param forLibrary - what the library is to make of the answer: by default nothing, since it would change it in place */
  async #during<T>(
    call: Call<T>,
    use: (api: A) => Promise<unknown>,
    forLibrary: (answer: T) => unknown = () => null,
  ): Promise<T> {
    const answers: T[] = [];
    const send = async (request: OutgoingRequest) => {
      const answer = await this.#transport.send(request, call);
      answers.push(answer);
      return new LibraryResponse(forLibrary(answer));
    };
    const { operation, isPostedQuestion } = call;
    await this.#currentCall.run({ operation, isPostedQuestion, send }, () =>
      use(this.#api),
    );
    const [answer] = answers;
    if (answers.length !== 1) {
      throw new Error(`${answers.length} requests were made to ${operation}`);
    }
    return answer as T;
  }

  /** Waits for the versions that the service speaks: one request for all callers, and another only after a failure. */
  async #awaitVersions({
    signal,
    operation,
  }: Pick<Call<unknown>, 'operation' | 'signal'>): Promise<void> {
    if (this.#assumed && this.#transport.now() >= this.#assumed.until) {
      this.#discovery = undefined;
    }
    this.#discovery ??= this.#discover().catch((error: unknown) => {
      this.#discovery = undefined;
      throw error;
    });
    await rejectOnAbort(this.#discovery, signal).catch((error: unknown) => {
      throw signal?.aborted
        ? this.#transport.error(
            { operation },
            lastingFault('aborted', 'the request was aborted'),
          )
        : error;
    });
  }

  async #discover(): Promise<void> {
    const operation = 'find out which API versions it speaks';
    const { name, anyResource } = this.#area;
    const { organization } = this.#transport;
    // The library asks once for each of these objects. The one in use stays
    // until another has its answer.
    const next = new VsoClient(apiBaseUrl(organization), this.#api.rest);
    const locate = () => next.beginGetLocation(name, anyResource);
    this.#assumed = undefined;
    try {
      await this.#during(
        {
          operation,
          expects: 'json',
          maxBytes: DISCOVERY_BYTES,
          compress: true,
          priority: 'interactive',
          parse: json => parseLocations(json, anyResource),
        },
        locate,
        locations => locations,
      );
    } catch (error) {
      const status = refusalOfOptions(error);
      if (status === undefined) throw error;
      this.#assumed = { status, until: this.#transport.now() + ASSUMED_FOR };
      const send = () =>
        Promise.resolve(new LibraryResponse(assumedLocations(organization)));
      await this.#currentCall.run({ operation, send }, locate);
    }
    this.#api.vsoClient = next;
  }
}

/** A successful answer as the library takes it. */
class LibraryResponse implements IHttpClientResponse {
  /** Some of the library's methods hand it through; nothing reads it. */
  readonly message = { statusCode: 200 } as IncomingMessage;

  constructor(readonly result: unknown) {}

  readBody(): Promise<string> {
    return Promise.resolve('');
  }
}

/** The library's HTTP client with everything below its interface replaced. */
class TransportHttpClient extends HttpClient {
  constructor(
    private readonly transport: Transport,
    private readonly scope: RequestScope,
    private readonly currentCall: AsyncLocalStorage<CurrentCall | undefined>,
  ) {
    super(undefined);
  }

  override async request(
    verb: string,
    requestUrl: string,
    data: string | NodeJS.ReadableStream,
    headers: IHeaders,
  ): Promise<LibraryResponse> {
    const call = this.currentCall.getStore();
    if (!call) {
      throw new Error(`${verb} ${requestUrl} belongs to no call`);
    }
    const target = this.scope.target(requestUrl);
    const isQuestion =
      verb === 'GET' ||
      verb === 'OPTIONS' ||
      (verb === 'POST' && call.isPostedQuestion === true);
    if (!target || !isQuestion) {
      throw this.transport.error(
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
    const request: OutgoingRequest = {
      method: verb,
      target,
      body: verb === 'POST' && typeof data === 'string' ? data : undefined,
      accept: typeof accept === 'string' ? accept : 'application/json',
    };
    // A connection keeps the context that it is opened in for as long as it is
    // open, hence not that of the call, which holds the answer.
    return await this.currentCall.run(undefined, () => call.send(request));
  }
}

/** The library's REST client, which takes an answer as it was already parsed. */
class TransportRestClient extends RestClient {
  constructor(client: HttpClient) {
    super(undefined);
    this.client = client;
  }

  protected override async processResponse<T>({
    result,
  }: LibraryResponse): Promise<IRestResponse<T>> {
    return { statusCode: 200, result: result as T, headers: {} };
  }
}
