import type { OrganizationCredential } from '../credentials/types';
import type { Organization } from '../organization';
import type { Answer } from './answer';
import type { Call, OutgoingRequest } from './call';
import { classifyAnswer, type ClassifiedFault, isExpected } from './classify';
import type { Clock } from './clock';
import { AzureDevOpsRequestError } from './errors';
import {
  exchange,
  type ExchangeAnswer,
  type ExchangeRequest,
  type ExchangeResult,
  type Timeouts,
} from './exchange';
import { brokeBeforeAnswer, classifyFailure } from './failures';
import { readRateLimit } from './headers';
import type { Limiter } from './limiter/limiter';
import type { Priority } from './limiter/state';
import { type Attempt, outcomeOf, readAnswer, rejected } from './outcomes';
import { retryDelay } from './retry';
import { secretsOf } from './secrets';
import { delay } from './delay';
import type { Connections } from './connections';

export interface RequesterDependencies {
  readonly organization: Organization;
  readonly credential: OrganizationCredential;
  readonly limiter: Limiter;
  readonly connections: Connections;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly timeouts: Timeouts;
}

const USER_AGENT = 'backstage-plugin-catalog-backend-module-azure-devops';

/**
 * Sends the requests of one organization: each waits for its turn, carries the
 * credential, is judged by what came back, and is repeated where that makes
 * sense. What this returns is a success; everything else is thrown.
 */
export class Requester {
  readonly #deps: RequesterDependencies;

  constructor(dependencies: RequesterDependencies) {
    this.#deps = dependencies;
  }

  get organization(): Organization {
    return this.#deps.organization;
  }

  /** @throws AzureDevOpsRequestError, or whatever the credential throws. */
  async send(request: OutgoingRequest, call: Call): Promise<Answer> {
    const { clock, random } = this.#deps;
    const askedAt = clock.now();
    let priority = call.priority;
    let renewed = false;
    let last: ClassifiedFault | undefined;
    for (let attempts = 1; ; attempts++) {
      const attempt = await this.#attempt(
        request,
        call,
        priority,
        last,
        askedAt,
      );
      if (attempt.outcome === 'success') {
        return attempt.answer;
      }
      const { fault, authorization } = attempt;
      last = fault;
      priority = call.priority === 'background' ? 'repeat' : call.priority;
      if (!renewed && (await this.#renews(fault, authorization))) {
        renewed = true;
        continue;
      }
      const delayMs = retryDelay({
        fault,
        attempts,
        elapsedMs: clock.now() - askedAt,
        priority: call.priority,
        random: random(),
      });
      if (delayMs === undefined || !this.#mayRepeat(fault)) {
        throw this.error(call, fault);
      }
      if (!(await delay(delayMs, clock, call.signal))) {
        throw this.error(call, this.#aborted());
      }
    }
  }

  error(call: Call, fault: ClassifiedFault): AzureDevOpsRequestError {
    return new AzureDevOpsRequestError(
      this.#deps.organization,
      call.operation,
      fault,
    );
  }

  /** Waits for a turn and makes use of it. */
  async #attempt(
    request: OutgoingRequest,
    call: Call,
    priority: Priority,
    last: ClassifiedFault | undefined,
    since: number,
  ): Promise<Attempt> {
    const { limiter } = this.#deps;
    const permit = await limiter.acquire(priority, {
      signal: call.signal,
      since,
    });
    switch (permit.outcome) {
      case 'aborted':
        throw this.error(call, this.#aborted());
      case 'closed':
        throw this.error(call, classifyFailure({ reason: 'closed' }, ''));
      case 'rejected':
        throw this.error(call, rejected(permit.retryAfterMs, last));
      case 'granted':
        break;
    }
    let authorization: string;
    try {
      const { credential } = this.#deps;
      authorization = await credential.getAuthorization({
        signal: call.signal,
      });
    } catch (error) {
      limiter.release(permit.startedAt, 'unsent');
      throw call.signal?.aborted ? this.error(call, this.#aborted()) : error;
    }
    const result = await this.#exchange(request, call, authorization);
    return this.#conclude(result, call, permit.startedAt, authorization);
  }

  /** One request, sent again at once where only a stale connection was in the way. */
  async #exchange(
    request: OutgoingRequest,
    call: Call,
    authorization: string,
  ): Promise<ExchangeResult> {
    const { connections, clock, timeouts } = this.#deps;
    const outgoing: ExchangeRequest = {
      method: request.method,
      origin: request.target.origin,
      path: request.target.path,
      headers: {
        Accept: request.accept,
        Authorization: authorization,
        'User-Agent': USER_AGENT,
        'Accept-Encoding': call.compress ? 'gzip' : 'identity',
        // Asks for a plain 401 instead of a sign-in page.
        'X-TFS-FedAuthRedirect': 'Suppress',
        ...(request.body !== undefined && {
          'Content-Type': 'application/json',
        }),
      },
      body: request.body,
      expects: call.expects,
      maxBytes: call.maxBytes,
      keep: call.keep,
      timeouts,
    };
    const { kept, fresh } = connections;
    const result = await exchange(kept, outgoing, clock, call.signal);
    return result.outcome === 'failure' && brokeBeforeAnswer(result.failure)
      ? await exchange(fresh, outgoing, clock, call.signal)
      : result;
  }

  /** Tells the limiter how it went, and judges what came back. */
  #conclude(
    result: ExchangeResult,
    call: Call,
    startedAt: number,
    authorization: string,
  ): Attempt {
    const { limiter, clock, organization } = this.#deps;
    if (result.outcome === 'failure') {
      const { failure } = result;
      const fault = classifyFailure(failure, organization.host);
      const signal =
        failure.headers && readRateLimit(failure.headers, clock.now());
      limiter.release(
        startedAt,
        fault.throttling ? 'throttled' : 'failed',
        signal,
      );
      return { outcome: 'fault', fault };
    }
    const { answer } = result;
    const signal = readRateLimit(answer.headers, clock.now());
    if (isExpected(answer.status, answer.headers, call.expects)) {
      limiter.release(startedAt, 'served', signal);
      return readAnswer(answer, call);
    }
    const fault = this.#judge(answer, call, authorization);
    limiter.release(startedAt, outcomeOf(fault), signal);
    return { outcome: 'fault', fault, authorization };
  }

  #judge(
    { status, headers, body }: ExchangeAnswer,
    call: Call,
    authorization: string,
  ): ClassifiedFault {
    const { limiter, clock } = this.#deps;
    const fault = classifyAnswer(
      { status, headers, body: body.toString('utf8'), expects: call.expects },
      { now: clock.now(), secrets: secretsOf(authorization) },
    );
    // Sustained overload has been seen to surface as failed authentication.
    return (fault.kind === 'unauthorized' || fault.kind === 'sign-in') &&
      limiter.throttled
      ? { ...fault, duringThrottling: true, throttling: true, retryable: true }
      : fault;
  }

  /** Whether a 401 was the credential's fault and a new one is to be had. */
  async #renews(
    fault: ClassifiedFault,
    authorization: string | undefined,
  ): Promise<boolean> {
    return (
      authorization !== undefined &&
      fault.kind === 'unauthorized' &&
      !fault.duringThrottling &&
      (await this.#deps.credential.reject(authorization))
    );
  }

  /** Throttling paces its repeats itself; everything else draws on what succeeding requests earn. */
  #mayRepeat(fault: ClassifiedFault): boolean {
    return fault.throttling || this.#deps.limiter.takeRetry();
  }

  #aborted(): ClassifiedFault {
    return classifyFailure({ reason: 'aborted' }, '');
  }
}
