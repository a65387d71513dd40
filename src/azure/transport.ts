import type { ClientApiBase } from 'azure-devops-node-api/ClientApiBases';
import { VsoClient } from 'azure-devops-node-api/VsoClient';
import { HttpClient } from 'typed-rest-client/HttpClient';
import type { IHeaders } from 'typed-rest-client/Interfaces';
import { type IRestResponse, RestClient } from 'typed-rest-client/RestClient';
import { Answer } from './answer';
import { type Call, SAFE_METHODS } from './call';
import type { Requester } from './requester';
import type { RequestScope } from './target';

/**
 * The library's HTTP client with everything below its interface replaced: what
 * it returns is a checked success, and everything else is thrown as an
 * `AzureDevOpsRequestError` before the library can take it for `null`.
 */
class TransportHttpClient extends HttpClient {
  /** What the requests are for, while there is something. */
  call: Call | undefined;
  readonly #requester: Requester;
  readonly #scope: RequestScope;

  constructor(requester: Requester, scope: RequestScope) {
    super(undefined);
    this.#requester = requester;
    this.#scope = scope;
  }

  override async request(
    verb: string,
    requestUrl: string,
    _data: string | NodeJS.ReadableStream,
    headers: IHeaders,
  ): Promise<Answer> {
    const { call } = this;
    if (!call) {
      throw new Error(`${verb} ${requestUrl} belongs to no call`);
    }
    const target = this.#scope.target(requestUrl);
    const method = SAFE_METHODS.find(safe => safe === verb);
    if (!target || !method) {
      throw this.#requester.error(call, {
        kind: 'bad-request',
        seen: target
          ? `${verb} would change something`
          : 'its address lies outside the organization',
        retryable: false,
        throttling: false,
      });
    }
    const accept: unknown = headers['Accept'];
    return await this.#requester.send(
      {
        method,
        target,
        accept: typeof accept === 'string' ? accept : 'application/json',
      },
      call,
    );
  }
}

/** The library's REST client, which takes the body as it was already parsed and checked. */
class TransportRestClient extends RestClient {
  constructor(client: HttpClient) {
    super(undefined);
    this.client = client;
  }

  protected override async processResponse<T>(
    response: Answer,
  ): Promise<IRestResponse<T>> {
    return {
      statusCode: response.status,
      result: response.json as T,
      headers: {},
    };
  }
}

/**
 * One of the library's APIs on our transport, without its own ways of finding
 * out where things are: no request for resource areas is made, whose answer
 * could name another host. It serves one call at a time.
 */
export class ApiOnTransport<A extends ClientApiBase> {
  readonly #api: A;
  readonly #http: TransportHttpClient;

  /** @param versions - what the service has already told of its API versions, through another of these */
  constructor(
    api: A,
    requester: Requester,
    scope: RequestScope,
    versions?: VsoClient,
  ) {
    this.#api = api;
    this.#http = new TransportHttpClient(requester, scope);
    api.http = this.#http;
    api.rest = new TransportRestClient(this.#http);
    api.vsoClient = versions ?? new VsoClient(api.baseUrl, api.rest);
  }

  /** All requests that are made meanwhile belong to the call. */
  async during<T>(call: Call, use: (api: A) => Promise<T>): Promise<T> {
    this.#http.call = call;
    try {
      return await use(this.#api);
    } finally {
      this.#http.call = undefined;
    }
  }
}
