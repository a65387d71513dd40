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
}

export interface SimulatedResponse {
  readonly status: number;
  readonly headers?: Record<string, string>;
  /** Objects are sent as JSON. */
  readonly body?: unknown;
}

/** One of the services that the simulator stands in for; `undefined` when the host is not its own. */
export interface SimulatedService {
  handle(
    request: SimulatedRequest,
  ): Promise<SimulatedResponse | undefined> | SimulatedResponse | undefined;
}
