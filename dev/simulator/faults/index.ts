import type {
  RequestDescription,
  SimulatedRequest,
  SimulatedResponse,
} from '../http';
import {
  ANSWERS,
  FAULT_KINDS,
  isAnswerFault,
  type FaultKind,
  type WireFault,
} from './kinds';

export { FAULT_KINDS, WIRE_FAULTS } from './kinds';
export type { AnswerFault, FaultKind, WireFault } from './kinds';

/** Compared without regard to case; of a list any one. */
type TextMatch = string | readonly string[];

/** Which requests a fault strikes. */
export interface FaultMatch {
  readonly host?: TextMatch;
  readonly door?: SimulatedRequest['door'];
  readonly organization?: TextMatch;
  /** Name or id. */
  readonly project?: TextMatch;
  /** Name or id. */
  readonly repository?: TextMatch;
  readonly endpoint?: TextMatch;
  readonly identity?: TextMatch;
  /** Of those that match otherwise, every nth: 3 is the 3rd, the 6th, ... */
  readonly every?: number;
}

export interface FaultOptions {
  /** Without it: every request. */
  readonly match?: FaultMatch;
  /** How often it strikes before it is spent. Default: until it is removed. */
  readonly times?: number;
  /** How many matching requests it lets pass first. Default 0. */
  readonly skip?: number;
  /** What is answered instead; a function may ask the endpoint first. */
  readonly response?: SimulatedResponse | AnswerFunction;
  readonly fault?: FaultKind;
  /** Headers that the answer gets in addition, whoever gives it. */
  readonly headers?: Record<string, string>;
  /** Milliseconds before anything else happens. Alone: added latency. */
  readonly delayMs?: number;
  /** For `huge-body`: its size. Default 2 GB. */
  readonly bytes?: number;
}

type AnswerFunction = (
  request: SimulatedRequest,
  proceed: () => Promise<SimulatedResponse>,
) => SimulatedResponse | Promise<SimulatedResponse>;

/** A fault that was injected. */
export interface InjectedFault {
  readonly id: number;
  /** How many requests it struck. */
  readonly hits: number;
  remove(): void;
}

/** The faults that are in force. The one injected last is asked first. */
export class FaultRegistry {
  #faults: RegisteredFault[] = [];
  #count = 0;

  inject(options: FaultOptions): InjectedFault {
    if (options.fault !== undefined && !FAULT_KINDS.includes(options.fault)) {
      throw new Error(
        `Expected the fault to be one of ${FAULT_KINDS.join(', ')}; got '${options.fault}'`,
      );
    }
    this.#count += 1;
    const fault = new RegisteredFault(this.#count, options, () => {
      this.#faults = this.#faults.filter(each => each !== fault);
    });
    this.#faults.unshift(fault);
    return fault;
  }

  removeAll(): void {
    this.#faults = [];
  }

  /** The fault that strikes a request, if any. */
  strike(
    request: Pick<SimulatedRequest, 'url' | 'door'>,
    description: RequestDescription,
  ): FaultOptions | undefined {
    return this.#faults.find(fault => fault.strikes(request, description))
      ?.options;
  }

  /** Whether a connection to a host, of which no more is known, fails. */
  strikesConnection(host: string): boolean {
    return this.#faults.some(fault => fault.strikesConnection(host));
  }
}

class RegisteredFault implements InjectedFault {
  hits = 0;
  #seen = 0;

  constructor(
    readonly id: number,
    readonly options: FaultOptions,
    readonly remove: () => void,
  ) {}

  /** Whether it strikes; to be asked once a request, since it counts. */
  strikes(
    request: Pick<SimulatedRequest, 'url' | 'door'>,
    description: RequestDescription,
  ): boolean {
    return matches(this.options.match ?? {}, request, description)
      ? this.#falls()
      : false;
  }

  strikesConnection(host: string): boolean {
    const { fault, match = {} } = this.options;
    const { host: hosts, every: _every, ...others } = match;
    return (
      fault === 'dns-failure' &&
      Object.keys(others).length === 0 &&
      matchesText(hosts, [host]) &&
      this.#falls()
    );
  }

  #falls(): boolean {
    const { skip = 0, times = Infinity, match } = this.options;
    if (this.hits >= times) {
      return false;
    }
    this.#seen += 1;
    if (this.#seen <= skip || (this.#seen - skip) % (match?.every ?? 1) !== 0) {
      return false;
    }
    this.hits += 1;
    return true;
  }
}

function matches(
  match: FaultMatch,
  { url, door }: Pick<SimulatedRequest, 'url' | 'door'>,
  about: RequestDescription,
): boolean {
  const { project, repository } = about;
  return (
    (match.door === undefined || match.door === door) &&
    matchesText(match.host, [url.host, url.hostname]) &&
    matchesText(match.endpoint, [about.endpoint]) &&
    matchesText(match.identity, [about.identity]) &&
    matchesText(match.organization, [about.organization]) &&
    matchesText(match.project, [project?.name, project?.id]) &&
    matchesText(match.repository, [repository?.name, repository?.id])
  );
}

function matchesText(
  match: TextMatch | undefined,
  candidates: ReadonlyArray<string | undefined>,
): boolean {
  if (match === undefined) {
    return true;
  }
  const wanted = typeof match === 'string' ? [match] : match;
  return candidates.some(candidate =>
    wanted.some(text => text.toLowerCase() === candidate?.toLowerCase()),
  );
}

/** What the log calls a fault. */
export function labelOf({ fault, response, headers }: FaultOptions): string {
  return fault ?? (response ? 'response' : headers ? 'headers' : 'delay');
}

/** The answer that a fault puts in place of the endpoint's, if it does. */
export function answerOf(
  { fault, response }: FaultOptions,
  request: SimulatedRequest,
  proceed: () => Promise<SimulatedResponse>,
): SimulatedResponse | Promise<SimulatedResponse> {
  if (typeof response === 'function') {
    return response(request, proceed);
  }
  if (response) {
    return response;
  }
  return fault !== undefined && isAnswerFault(fault)
    ? ANSWERS[fault](request)
    : proceed();
}

export function wireFaultOf({ fault }: FaultOptions): WireFault | undefined {
  return fault !== undefined && !isAnswerFault(fault) ? fault : undefined;
}
