import type { SimulatedRequest } from './http';

/** A request as it was logged. */
export interface LoggedRequest {
  readonly method: string;
  readonly url: string;
  readonly host: string;
  readonly endpoint: string;
  readonly identity?: string;
  readonly organization?: string;
  readonly project?: string;
  readonly repository?: string;
  /** 0 while there is no answer, and for requests that never get one. */
  readonly status: number;
  /** The body's bytes that were handed to the connection. */
  readonly bytes: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly door: SimulatedRequest['door'];
  /** Milliseconds since 1970 on the simulator's clock. */
  readonly at: number;
  /** The kind of the fault that it met. */
  readonly fault?: string;
}

/** What to count; a missing key matches everything, and texts are compared without regard to case. */
export type RequestFilter = Partial<Counted>;

/** What is counted for ever. */
type Counted = Pick<
  LoggedRequest,
  'endpoint' | 'identity' | 'organization' | 'method' | 'host' | 'status'
>;

/** Requests that agree in everything that is counted for ever. */
interface RequestTotals extends Counted {
  count: number;
  bytes: number;
}

export type RequestEntry = Omit<LoggedRequest, 'status' | 'bytes'>;

/** Follows one request until it has its answer. */
export class PendingRequest {
  readonly #entry: { -readonly [K in keyof LoggedRequest]: LoggedRequest[K] };
  readonly #totals: Map<string, RequestTotals>;

  /** @param totals - of the time in which it began: a reset begins new ones */
  constructor(entry: RequestEntry, totals: Map<string, RequestTotals>) {
    this.#entry = { ...entry, status: 0, bytes: 0 };
    this.#totals = totals;
    this.#count(1);
  }

  get entry(): LoggedRequest {
    return this.#entry;
  }

  /** The answer's status is known; called before it is sent, so that whoever has the answer finds it counted. */
  answered(status: number, bytes: number, fault?: string): void {
    this.#count(-1);
    this.#entry.status = status;
    this.#entry.bytes += bytes;
    this.#entry.fault = fault ?? this.#entry.fault;
    this.#count(1);
  }

  failed(fault: string): void {
    this.#entry.fault = fault;
  }

  sent(bytes: number): void {
    this.#count(-1);
    this.#entry.bytes += bytes;
    this.#count(1);
  }

  #count(times: 1 | -1): void {
    const { endpoint, identity, organization, method, host, status, bytes } =
      this.#entry;
    const key = `${endpoint}\n${identity}\n${organization}\n${method}\n${host}\n${status}`;
    const totals = this.#totals.get(key) ?? {
      ...{ endpoint, identity, organization, method, host, status },
      count: 0,
      bytes: 0,
    };
    this.#totals.set(key, totals);
    totals.count += times;
    totals.bytes += times * bytes;
  }
}

/** The latest requests in full, and counters of all requests. */
export class RequestLog {
  readonly #capacity: number;
  #totals = new Map<string, RequestTotals>();
  #latest: LoggedRequest[] = [];

  /** @param capacity - how many requests are kept in full */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(entry: RequestEntry): PendingRequest {
    const pending = new PendingRequest(entry, this.#totals);
    this.#latest.push(pending.entry);
    if (this.#latest.length >= 2 * this.#capacity) {
      this.#latest = this.#latest.slice(-this.#capacity);
    }
    return pending;
  }

  /** How many requests were received since the start or the last reset. */
  count(filter: RequestFilter = {}): number {
    return this.totals()
      .filter(totals => agrees(totals, filter))
      .reduce((sum, { count }) => sum + count, 0);
  }

  /** The bytes of the bodies that answered them. */
  bytes(): number {
    return this.totals().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The latest requests, the oldest first. */
  list(filter: RequestFilter = {}): LoggedRequest[] {
    return this.#latest
      .slice(-this.#capacity)
      .filter(entry => agrees(entry, filter));
  }

  totals(): Array<Readonly<RequestTotals>> {
    return [...this.#totals.values()].filter(({ count }) => count > 0);
  }

  reset(): void {
    this.#latest = [];
    this.#totals = new Map();
  }
}

function agrees(entry: Counted, filter: RequestFilter): boolean {
  const keys = Object.keys(filter) as Array<keyof Counted>;
  return keys.every(
    key =>
      filter[key] === undefined ||
      String(filter[key]).toLowerCase() === String(entry[key]).toLowerCase(),
  );
}
