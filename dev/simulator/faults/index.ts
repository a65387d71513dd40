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
import { matches, matchesText, type FaultMatch } from './match';

export { FAULT_KINDS, WIRE_FAULTS } from './kinds';
export type { AnswerFault, FaultKind, WireFault } from './kinds';
export type { FaultMatch, TextMatch } from './match';

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
  /** For `drip`: milliseconds between two bytes. Default 100. */
  readonly intervalMs?: number;
}

export type AnswerFunction = (
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

/** A fault as it strikes one request. */
export interface StrikingFault extends FaultOptions {
  /** For the log. */
  readonly label: string;
}

/** The faults that are in force. The one injected last is asked first. */
export class FaultRegistry {
  readonly #random: () => number;
  #faults: RegisteredFault[] = [];
  #count = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  inject(options: FaultOptions): InjectedFault {
    if (options.fault !== undefined && !FAULT_KINDS.includes(options.fault)) {
      throw new Error(
        `Expected the fault to be one of ${FAULT_KINDS.join(', ')}; got '${options.fault}'`,
      );
    }
    this.#count += 1;
    const fault = new RegisteredFault(this.#count, options, this.#random, () =>
      this.remove(fault.id),
    );
    this.#faults.unshift(fault);
    return fault;
  }

  remove(id: number): boolean {
    const before = this.#faults.length;
    this.#faults = this.#faults.filter(fault => fault.id !== id);
    return this.#faults.length < before;
  }

  removeAll(): void {
    this.#faults = [];
  }

  list(): ReadonlyArray<InjectedFault & { readonly options: FaultOptions }> {
    return [...this.#faults].reverse();
  }

  /** The fault that strikes a request, if any. */
  strike(
    request: Pick<SimulatedRequest, 'method' | 'url' | 'door'>,
    description: RequestDescription,
  ): StrikingFault | undefined {
    return this.#faults.length === 0
      ? undefined
      : this.#faults
          .find(fault => fault.strikes(request, description))
          ?.strike();
  }

  /** Whether a connection to a host is to be refused. */
  strikeConnection(host: string): StrikingFault | undefined {
    return this.#faults
      .find(
        fault =>
          fault.options.fault === 'dns-failure' && fault.strikesHost(host),
      )
      ?.strike();
  }
}

const ABOUT_HOSTS: readonly string[] = ['host', 'probability', 'every'];

class RegisteredFault implements InjectedFault {
  hits = 0;
  #seen = 0;
  readonly #random: () => number;

  constructor(
    readonly id: number,
    readonly options: FaultOptions,
    random: () => number,
    readonly remove: () => void,
  ) {
    this.#random = random;
  }

  /** Whether it strikes; to be asked once a request, since it counts. */
  strikes(
    request: Pick<SimulatedRequest, 'method' | 'url' | 'door'>,
    description: RequestDescription,
  ): boolean {
    return (
      !this.#isSpent() &&
      matches(this.options.match ?? {}, request, description) &&
      this.#falls()
    );
  }

  /** Whether it strikes a connection, of which no more than the host is known. */
  strikesHost(host: string): boolean {
    const { match } = this.options;
    const isAboutHosts = Object.entries(match ?? {}).every(
      ([key, value]) => value === undefined || ABOUT_HOSTS.includes(key),
    );
    return (
      isAboutHosts &&
      !this.#isSpent() &&
      (match?.host === undefined || matchesText(match.host, [host])) &&
      this.#falls()
    );
  }

  strike(): StrikingFault {
    this.hits += 1;
    const { fault, response } = this.options;
    const label =
      fault ??
      (response ? 'response' : this.options.headers ? 'headers' : 'delay');
    return { ...this.options, label };
  }

  #isSpent(): boolean {
    return this.options.times !== undefined && this.hits >= this.options.times;
  }

  #falls(): boolean {
    this.#seen += 1;
    const { skip = 0, match } = this.options;
    if (this.#seen <= skip) {
      return false;
    }
    if (match?.every !== undefined && (this.#seen - skip) % match.every !== 0) {
      return false;
    }
    return (
      match?.probability === undefined || this.#random() < match.probability
    );
  }
}

/** The answer that a fault puts in place of the endpoint's, if it does. */
export function answerOf(
  fault: StrikingFault,
  request: SimulatedRequest,
  proceed: () => Promise<SimulatedResponse>,
): SimulatedResponse | Promise<SimulatedResponse> {
  if (typeof fault.response === 'function') {
    return fault.response(request, proceed);
  }
  if (fault.response) {
    return fault.response;
  }
  return fault.fault !== undefined && isAnswerFault(fault.fault)
    ? ANSWERS[fault.fault](request)
    : proceed();
}

export function wireFaultOf(fault: StrikingFault): WireFault | undefined {
  return fault.fault !== undefined && !isAnswerFault(fault.fault)
    ? fault.fault
    : undefined;
}
