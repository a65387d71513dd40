import { setImmediate } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { counted } from '../counted';
import type { OrganizationCredential } from '../credentials/types';
import type { Organization } from '../organization';
import { classifyResponse, type Expectation, isExpected } from './classify';
import { type Clock, delay } from './clock';
import type { Connections } from './connections';
import { readActivityId } from './error-body';
import {
  ABORTED,
  AzureDevOpsRequestError,
  CLOSED,
  type RequestFault,
} from './errors';
import { brokeBeforeAnswer, classifyFailure } from './failures';
import { readRateLimit } from './headers';
import {
  type HttpRequest,
  type HttpResponse,
  type HttpResult,
  sendOnce,
  type Timeouts,
} from './http';
import type { Limiter } from './limiter/limiter';
import type { Priority } from './limiter/state';
import { MalformedError, parseJson } from './parse';
import { outcomeOf, rejected, retryDelay } from './retry';
import { isErrorAbout, namesOf, type RequestSubject } from './subject';
import type { RequestTarget } from './target';
import type { TemporaryFile } from './temporary-file';

/** What a request is for, and what may come back. */
export interface Call<T> {
  /** An infinitive for messages: `list the repositories`. */
  readonly operation: string;
  readonly expects: Expectation;
  /** How large the answer may be, before and after decompression. */
  readonly maxBytes: number;
  /** Whether it is a question that is posted, and changes nothing. */
  readonly isPostedQuestion?: boolean;
  /** Whether the answer is large enough for compression to pay. */
  readonly compress: boolean;
  readonly priority: Priority;
  /** How long it may take, where that is less than for other requests, in milliseconds. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /** Where a successful answer is written that may be too large for memory. */
  readonly file?: TemporaryFile;
  /** Whether the request may have changed something although it failed: then it is not repeated. Default: false. */
  readonly changesSomething?: boolean;
  /**
   * Turns a successful answer into a value.
   *
   * @param body - JSON, or a `Buffer` where bytes are expected; empty where they went into the file
   * @throws MalformedError
   */
  readonly parse: (body: unknown) => T | Promise<T>;
  /** The repository, or what is in it, that is asked for: an error about something else is no evidence. */
  readonly subject?: RequestSubject;
}

/** A request as it is to be sent, but for the credential. */
export interface OutgoingRequest {
  /** POST is for a question that is too long for an address; what changes something is marked in the call. */
  readonly method: HttpRequest['method'];
  readonly target: RequestTarget;
  /** The question that is posted, as JSON. */
  readonly body?: string;
  /** The media type that is asked for, with the version of the API. */
  readonly accept: string;
}

interface TransportDependencies {
  readonly organization: Organization;
  readonly credential: OrganizationCredential;
  readonly limiter: Limiter;
  readonly connections: Connections;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly timeouts: Timeouts;
  /** Is told of each request that was sent: the status of its answer, absent where none came. */
  readonly onSent?: (status: number | undefined) => void;
}

/** What came of sending a request once. */
type Attempt<T> =
  | { readonly outcome: 'success'; readonly value: T }
  | {
      readonly outcome: 'fault';
      readonly fault: RequestFault;
      readonly authorization?: string;
    };

const USER_AGENT = 'backstage-plugin-catalog-backend-module-azure-devops';

/**
 * Sends the requests of one organization: each waits for a permit, carries the
 * credential, is judged by what came back, and is repeated where that makes
 * sense. What this returns is a success; everything else is thrown.
 *
 * azure-devops-node-api 17.0 would repeat no 429 and no 500, and takes no notice
 * of `Retry-After`.
 */
export class Transport {
  readonly #deps: TransportDependencies;

  constructor(dependencies: TransportDependencies) {
    this.#deps = dependencies;
  }

  get organization(): Organization {
    return this.#deps.organization;
  }

  /** Epoch milliseconds. */
  now(): number {
    return this.#deps.clock.now();
  }

  /** @throws AzureDevOpsRequestError, or whatever the credential throws. */
  async send<T>(request: OutgoingRequest, call: Call<T>): Promise<T> {
    const { clock, random, limiter } = this.#deps;
    const since = clock.now();
    let priority = call.priority;
    let renewed = false;
    let last: RequestFault | undefined;
    for (let attempts = 1; ; attempts++) {
      const startedAt = await this.#permit(call, priority, since, last);
      const attempt = await this.#attempt(request, call, startedAt);
      if (attempt.outcome === 'success') {
        return attempt.value;
      }
      const { fault, authorization } = attempt;
      last = fault;
      priority = priority === 'background' ? 'repeat' : priority;
      if (!renewed && (await this.#renews(fault, authorization))) {
        renewed = true;
        continue;
      }
      const delayMs = retryDelay({
        fault,
        attempts,
        elapsedMs: clock.now() - since,
        priority,
        random: random(),
      });
      if (call.changesSomething && fault.status !== 429) {
        throw this.error(call, fault);
      }
      // Throttling paces its retries itself; everything else draws on what
      // succeeding requests earn.
      if (delayMs === undefined || !(fault.throttling || limiter.takeRetry())) {
        throw this.error(call, fault);
      }
      if (!(await delay(delayMs, clock, call.signal))) {
        throw this.error(call, ABORTED);
      }
    }
  }

  error(
    { operation }: Pick<Call<unknown>, 'operation'>,
    fault: RequestFault,
  ): AzureDevOpsRequestError {
    return new AzureDevOpsRequestError(this.organization, operation, fault);
  }

  /** Waits for a permit, which must be released when the request has ended. */
  async #permit<T>(
    call: Call<T>,
    priority: Priority,
    since: number,
    last: RequestFault | undefined,
  ): Promise<number> {
    const { signal } = call;
    const permit = await this.#deps.limiter.acquire(priority, {
      signal,
      since,
    });
    switch (permit.outcome) {
      case 'granted':
        return permit.startedAt;
      case 'aborted':
        throw this.error(call, ABORTED);
      case 'closed':
        throw this.error(call, CLOSED);
      case 'rejected':
        throw this.error(call, rejected(permit.retryAfterMs, last));
    }
  }

  async #attempt<T>(
    request: OutgoingRequest,
    call: Call<T>,
    startedAt: number,
  ): Promise<Attempt<T>> {
    const { limiter, credential, clock, organization } = this.#deps;
    const { signal } = call;
    let authorization: string;
    try {
      authorization = await credential.getAuthorization({ signal });
    } catch (error) {
      limiter.release(startedAt, 'unsent');
      throw signal?.aborted ? this.error(call, ABORTED) : error;
    }
    const result = await this.#send(request, call, authorization);
    if (result.outcome === 'failure') {
      const { headers } = result.failure;
      const fault = classifyFailure(result.failure, organization.host);
      limiter.release(
        startedAt,
        fault.throttling ? 'throttled' : 'failed',
        headers && readRateLimit(headers, clock.now()),
      );
      return { outcome: 'fault', fault };
    }
    const { response } = result;
    const rateLimit = readRateLimit(response.headers, clock.now());
    if (isExpected(response.status, response.headers, call.expects)) {
      limiter.release(startedAt, 'served', rateLimit);
      await untilNextIsSent();
      return await parseResponse(response, call);
    }
    const fault = this.#judge(response, call, authorization);
    limiter.release(startedAt, outcomeOf(fault), rateLimit);
    return { outcome: 'fault', fault, authorization };
  }

  /** One request, sent again at once where only a stale connection was in the way. */
  async #send<T>(
    outgoing: OutgoingRequest,
    call: Call<T>,
    authorization: string,
  ): Promise<HttpResult> {
    const { kept, fresh } = this.#deps.connections;
    const request = this.#httpRequest(outgoing, call, authorization);
    const result = await this.#sendOver(kept, request, call.signal);
    return result.outcome === 'failure' &&
      !call.changesSomething &&
      brokeBeforeAnswer(result.failure)
      ? await this.#sendOver(fresh, request, call.signal)
      : result;
  }

  async #sendOver(
    dispatcher: Dispatcher,
    request: HttpRequest,
    signal: AbortSignal | undefined,
  ): Promise<HttpResult> {
    const { clock, onSent } = this.#deps;
    const result = await sendOnce(dispatcher, request, clock, signal);
    onSent?.(
      result.outcome === 'response'
        ? result.response.status
        : result.failure.status,
    );
    return result;
  }

  #httpRequest<T>(
    { method, target, accept, body }: OutgoingRequest,
    { compress, expects, maxBytes, file, deadlineMs = Infinity }: Call<T>,
    authorization: string,
  ): HttpRequest {
    const { timeouts } = this.#deps;
    return {
      method,
      origin: target.origin,
      path: target.path,
      headers: {
        Accept: accept,
        Authorization: authorization,
        'User-Agent': USER_AGENT,
        'Accept-Encoding': compress ? 'gzip' : 'identity',
        // Asks for a plain 401 instead of a sign-in page.
        'X-TFS-FedAuthRedirect': 'Suppress',
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      body,
      expects,
      maxBytes,
      file,
      timeouts: {
        ...timeouts,
        deadlineMs: file
          ? timeouts.downloadMs
          : Math.min(timeouts.deadlineMs, deadlineMs),
      },
    };
  }

  #judge<T>(
    { status, headers, body }: HttpResponse,
    { subject }: Call<T>,
    authorization: string,
  ): RequestFault {
    const { limiter, clock } = this.#deps;
    const fault = classifyResponse(
      { status, headers, body: body.toString('utf8') },
      {
        now: clock.now(),
        secrets: secretsOf(authorization),
        known: subject && namesOf(subject),
        isErrorAbout: subject && (error => isErrorAbout(subject, error)),
      },
    );
    // Sustained overload has been seen to surface as failed authentication.
    return (fault.kind === 'unauthorized' || fault.kind === 'sign-in') &&
      limiter.throttled
      ? { ...fault, duringThrottling: true, throttling: true, retryable: true }
      : fault;
  }

  /** Whether a 401 was the credential's fault and a new one is to be had. */
  async #renews(
    fault: RequestFault,
    authorization: string | undefined,
  ): Promise<boolean> {
    return (
      authorization !== undefined &&
      fault.kind === 'unauthorized' &&
      !fault.duringThrottling &&
      (await this.#deps.credential.reject(authorization))
    );
  }
}

/**
 * Waits until the request that goes next over the connection of an answer is
 * written: so no connection is idle while answers are parsed. undici frees the
 * connection in the event loop's next check phase, and writes in the one after
 * that, when it has seen that the socket is still open (undici 7.30).
 */
async function untilNextIsSent(): Promise<void> {
  await setImmediate();
  await setImmediate();
}

/** A success, if the body of an expected answer is what it should be. */
async function parseResponse<T>(
  { status, headers, body }: HttpResponse,
  { expects, parse }: Call<T>,
): Promise<Attempt<T>> {
  let seen: string;
  try {
    const parsed = expects === 'json' ? parseJson(body.toString('utf8')) : body;
    return { outcome: 'success', value: await parse(parsed) };
  } catch (error) {
    if (error instanceof MalformedError) {
      seen = `the service answered ${error.message}`;
    } else if (error instanceof SyntaxError) {
      // The parser's own words would quote the body.
      seen = `the service answered a body of ${counted(body.length, 'byte')} that is not valid JSON`;
    } else {
      throw error;
    }
  }
  return {
    outcome: 'fault',
    fault: {
      kind: 'malformed',
      seen,
      status,
      activityId: readActivityId(headers),
      retryable: true,
      throttling: false,
    },
  };
}

/** The parts of an Authorization header that must not be quoted: as they are sent, and decoded. */
export function secretsOf(authorization: string): string[] {
  const [scheme = '', value = ''] = authorization.split(' ', 2);
  if (value === '') {
    return scheme === '' ? [] : [scheme];
  }
  if (scheme.toLowerCase() !== 'basic') {
    return [value];
  }
  const decoded = Buffer.from(value, 'base64').toString('utf8');
  const password = decoded.slice(decoded.indexOf(':') + 1);
  return [value, password].filter(secret => secret !== '');
}
