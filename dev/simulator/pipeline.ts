import { setTimeout as delay } from 'node:timers/promises';
import type { Arrival } from './doors';
import {
  answerOf,
  wireFaultOf,
  type FaultRegistry,
  type FaultOptions,
  type WireFault,
} from './faults';
import type {
  Accepted,
  SimulatedRequest,
  SimulatedResponse,
  SimulatedService,
} from './http';
import type { RequestLog } from './requests';
import { deliver } from './wire';

/** These faults never ask the endpoint. */
const WITHOUT_ANSWER: readonly WireFault[] = [
  'reset-before-headers',
  'close-before-headers',
  'hang',
  'drip',
  'huge-body',
  'dns-failure',
];

/** The way of every request: found its service, logged, struck by a fault or answered. */
export class Pipeline {
  readonly #services: SimulatedService[] = [];
  readonly #requests: RequestLog;
  readonly #faults: FaultRegistry;
  readonly #now: () => number;

  constructor(requests: RequestLog, faults: FaultRegistry, now: () => number) {
    this.#requests = requests;
    this.#faults = faults;
    this.#now = now;
  }

  /** Services are asked in the order in which they were added. */
  add(service: SimulatedService): void {
    this.#services.push(service);
  }

  async handle(arrival: Arrival): Promise<void> {
    try {
      await this.#answer(arrival);
    } catch (error) {
      if (arrival.signal.aborted) {
        return;
      }
      // A mistake of the simulator itself must not look like the service's.
      console.error('The simulator failed', error);
      if (!arrival.response.headersSent) {
        arrival.response.writeHead(500, { 'Content-Type': 'text/plain' });
      }
      arrival.response.end(`The simulator failed: ${String(error)}`);
    }
  }

  async #answer({ request, response, socket, signal }: Arrival): Promise<void> {
    const accepted = await this.#accepted(request);
    const { description } = accepted;
    const pending = this.#requests.add({
      method: request.method,
      url: request.url.href,
      host: request.url.host,
      endpoint: description.endpoint,
      identity: description.identity,
      organization: description.organization,
      project: description.project?.name,
      repository: description.repository?.name,
      headers: request.headers,
      door: request.door,
      at: this.#now(),
    });
    const fault = this.#faults.strike(request, description);
    if (fault?.delayMs) {
      await delay(fault.delayMs, undefined, { signal });
    }
    await deliver(response, {
      response: await answerUnder(fault, request, accepted),
      fault,
      pending,
      acceptsGzip: /\bgzip\b/.test(request.headers['accept-encoding'] ?? ''),
      socket,
      signal,
    });
  }

  async #accepted(request: SimulatedRequest): Promise<Accepted> {
    for (const service of this.#services) {
      const accepted = await service.accept(request);
      if (accepted) {
        return accepted;
      }
    }
    return {
      description: { endpoint: 'unknown' },
      answer: () => nothingHere(request),
    };
  }
}

async function answerUnder(
  fault: FaultOptions | undefined,
  request: SimulatedRequest,
  accepted: Accepted,
): Promise<SimulatedResponse> {
  const answer = async () => await accepted.answer();
  if (!fault) {
    return await answer();
  }
  const wireFault = wireFaultOf(fault);
  if (wireFault && WITHOUT_ANSWER.includes(wireFault)) {
    return { status: 200 };
  }
  const response = await answerOf(fault, request, answer);
  return fault.headers
    ? { ...response, headers: { ...response.headers, ...fault.headers } }
    : response;
}

function nothingHere(request: SimulatedRequest): SimulatedResponse {
  return {
    status: 404,
    headers: { 'Content-Type': 'text/plain; charset=utf-8' },
    body: `The simulator has nothing at ${request.url.origin}${request.url.pathname}\n`,
  };
}
