/** A request as the parts of the simulator see it, whichever door it came through. */
export interface SimulatedRequest {
  readonly method: string;
  /** Absolute, with the host that the client believes it talks to. */
  readonly url: URL;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** `cloud`: through the proxy, under the service's own names; `server`: Azure DevOps Server on loopback; `metadata`: the metadata service. */
  readonly door: 'cloud' | 'server' | 'metadata';
  /** Aborted when the client goes away before it has its answer. */
  readonly signal?: AbortSignal;
}

export interface SimulatedResponse {
  readonly status: number;
  /** A header that is sent several times has a list of values. */
  readonly headers?: Record<string, string | readonly string[]>;
  /** Buffers and texts are sent as they are, other values as JSON. */
  readonly body?: unknown;
}

/** What a request is about: for the log, the counters and the matching of faults. */
export interface RequestDescription {
  /** `repositories`, `items`, `token`, `codesearch`, ... */
  readonly endpoint: string;
  readonly organization?: string;
  readonly project?: NamedObject;
  readonly repository?: NamedObject;
  /** The name of the identity whose credential the request bears, if it is known. */
  readonly identity?: string;
}

interface NamedObject {
  readonly id: string;
  readonly name: string;
}

/** A request that a service takes. */
export interface Accepted {
  readonly description: RequestDescription;
  answer(): Promise<SimulatedResponse> | SimulatedResponse;
}

/** One of the services that the simulator stands in for. */
export interface SimulatedService {
  /** `undefined` when the request is not for this service. */
  accept(
    request: SimulatedRequest,
  ): Promise<Accepted | undefined> | Accepted | undefined;
}
