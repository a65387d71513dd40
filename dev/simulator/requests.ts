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
  readonly door: SimulatedRequest['door'] | 'proxy';
  /** Milliseconds since 1970 on the simulator's clock. */
  readonly at: number;
  /** The kind of the fault that it met. */
  readonly fault?: string;
}

/** What to count; a missing key matches everything. Names of organizations are compared without regard to case. */
export interface RequestFilter {
  readonly endpoint?: string;
  readonly identity?: string;
  readonly organization?: string;
  readonly method?: string;
  readonly host?: string;
  readonly door?: LoggedRequest['door'];
  readonly status?: number;
}

/** Requests that agree in everything that is counted for ever. */
export interface RequestTotals {
  readonly endpoint: string;
  readonly identity?: string;
  readonly organization?: string;
  readonly method: string;
  readonly host: string;
  readonly door: LoggedRequest['door'];
  readonly status: number;
  readonly count: number;
  readonly bytes: number;
}

export type RequestEntry = Omit<LoggedRequest, 'status' | 'bytes'>;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Follows one request until it has its answer. */
export class PendingRequest {
  readonly #log: RequestLog;
  readonly #entry: Mutable<LoggedRequest>;

  constructor(log: RequestLog, entry: Mutable<LoggedRequest>) {
    this.#log = log;
    this.#entry = entry;
  }

  /** The answer's status is known; called before it is sent, so that whoever has the answer finds it counted. */
  answered(status: number, bytes: number, fault?: string): void {
    this.#log.move(this.#entry, () => {
      this.#entry.status = status;
      this.#entry.bytes += bytes;
      this.#entry.fault = fault ?? this.#entry.fault;
    });
  }

  failed(fault: string): void {
    this.#entry.fault = fault;
  }

  sent(bytes: number): void {
    this.#log.move(this.#entry, () => {
      this.#entry.bytes += bytes;
    });
  }
}

/** The latest requests in full, and counters of all requests. */
export class RequestLog {
  readonly #capacity: number;
  readonly #totals = new Map<string, Mutable<RequestTotals>>();
  #latest: Array<Mutable<LoggedRequest>> = [];
  #next = 0;
  #generation = new WeakSet<object>();

  /** @param capacity - how many requests are kept in full */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(entry: RequestEntry): PendingRequest {
    const logged: Mutable<LoggedRequest> = { ...entry, status: 0, bytes: 0 };
    if (this.#latest.length < this.#capacity) {
      this.#latest.push(logged);
    } else {
      this.#latest[this.#next] = logged;
    }
    this.#next = (this.#next + 1) % this.#capacity;
    this.#generation.add(logged);
    const totals = this.#totalsOf(logged);
    totals.count += 1;
    return new PendingRequest(this, logged);
  }

  /** Keeps the counters right while an entry changes. */
  move(entry: Mutable<LoggedRequest>, change: () => void): void {
    if (!this.#generation.has(entry)) {
      // Begun before the last reset: it is of no account any more.
      change();
      return;
    }
    const before = this.#totalsOf(entry);
    const bytes = entry.bytes;
    change();
    const after = this.#totalsOf(entry);
    before.count -= 1;
    before.bytes -= bytes;
    after.count += 1;
    after.bytes += entry.bytes;
  }

  /** How many requests were received since the start or the last reset. */
  count(filter: RequestFilter = {}): number {
    return this.#sum(filter, totals => totals.count);
  }

  /** The bytes of the bodies that answered them. */
  bytes(): number {
    return this.#sum({}, totals => totals.bytes);
  }

  /** The latest requests, the oldest first. */
  list(filter: RequestFilter = {}): LoggedRequest[] {
    const inOrder =
      this.#latest.length < this.#capacity
        ? this.#latest
        : [
            ...this.#latest.slice(this.#next),
            ...this.#latest.slice(0, this.#next),
          ];
    return inOrder.filter(entry => agrees(entry, filter));
  }

  totals(): RequestTotals[] {
    return [...this.#totals.values()].filter(({ count }) => count > 0);
  }

  reset(): void {
    this.#latest = [];
    this.#next = 0;
    this.#totals.clear();
    this.#generation = new WeakSet();
  }

  #sum(filter: RequestFilter, of: (totals: RequestTotals) => number): number {
    let sum = 0;
    for (const totals of this.#totals.values()) {
      if (agrees(totals, filter)) {
        sum += of(totals);
      }
    }
    return sum;
  }

  #totalsOf(entry: LoggedRequest): Mutable<RequestTotals> {
    const { endpoint, identity, organization, method, host, door, status } =
      entry;
    const key = `${endpoint}\n${identity}\n${organization}\n${method}\n${host}\n${door}\n${status}`;
    let totals = this.#totals.get(key);
    if (!totals) {
      totals = {
        endpoint,
        identity,
        organization,
        method,
        host,
        door,
        status,
        count: 0,
        bytes: 0,
      };
      this.#totals.set(key, totals);
    }
    return totals;
  }
}

function agrees(
  entry: Omit<RequestTotals, 'count'>,
  filter: RequestFilter,
): boolean {
  return (
    (filter.endpoint === undefined || filter.endpoint === entry.endpoint) &&
    (filter.identity === undefined || filter.identity === entry.identity) &&
    (filter.method === undefined ||
      filter.method.toUpperCase() === entry.method) &&
    (filter.host === undefined || filter.host === entry.host) &&
    (filter.door === undefined || filter.door === entry.door) &&
    (filter.status === undefined || filter.status === entry.status) &&
    (filter.organization === undefined ||
      filter.organization.toLowerCase() === entry.organization?.toLowerCase())
  );
}
