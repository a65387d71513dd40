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
  /** Buffers, texts and streams are sent as they are, other values as JSON. */
  readonly body?: unknown;
}

/** A body that is sent many times: its encodings are kept. */
export class ReusableBody {
  readonly plain: Buffer;
  #gzipped: Promise<Buffer> | undefined;

  constructor(plain: Buffer) {
    this.plain = plain;
  }

  /** The compressed body; compressed once, by the function that is given. */
  gzipped(compress: (plain: Buffer) => Promise<Buffer>): Promise<Buffer> {
    this.#gzipped ??= compress(this.plain);
    return this.#gzipped;
  }
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

/** One of the services that the simulator stands in for; `undefined` when the host is not its own. */
export interface SimulatedService {
  /** What the request is about, asked before `handle`; `undefined` when it is not for this service. */
  describe(
    request: SimulatedRequest,
  ): Promise<RequestDescription | undefined> | RequestDescription | undefined;

  handle(
    request: SimulatedRequest,
  ): Promise<SimulatedResponse | undefined> | SimulatedResponse | undefined;
}
