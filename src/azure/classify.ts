import { STATUS_CODES } from 'node:http';
import type { RequestErrorKind, RequestFault } from './errors';
import {
  challengesOf,
  headerOf,
  mediaTypeOf,
  readRateLimit,
  resourceTenantOf,
  type ResponseHeaders,
} from './headers';
import { quote, type QuotationOptions } from '../quotation';
import {
  quoteErrorBody,
  readActivityId,
  readErrorBody,
  type ServiceErrorBody,
} from './error-body';

/** What a request is answered with when all is well. */
export type Expectation = 'json' | 'bytes' | 'nothing';

/** An answer that is no success, with as much of its body as is worth reading. */
export interface UnexpectedResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: string;
}

interface ClassificationContext extends QuotationOptions {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Whether what the service says is about what was asked for; called with its own words, whole. Default: it is. */
  readonly isErrorAbout?: (error: ServiceErrorBody) => boolean;
}

/** The text with which the service blocks an identity, whatever the status. */
const BLOCKED = /TF400733/;
const MISSING_PROJECT = /^ProjectDoesNotExist/;
/** Where the service redirects unknown callers. */
const SIGN_IN =
  /_signin|vssps\.visualstudio\.com|login\.microsoftonline\.com|login\.live\.com/i;
const MOVED: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** No other client error is worth repeating as it is. */
const REPEATABLE: ReadonlySet<number> = new Set([500, 502, 503, 504]);

/**
 * Whether an answer can be what the request asked for, judged before its body
 * is read. 203 and HTML are how the service, or a proxy, answers in its place.
 */
export function isExpected(
  status: number,
  headers: ResponseHeaders,
  expects: Expectation,
): boolean {
  if (expects === 'nothing') {
    return status === 204 || status === 200;
  }
  if (status !== 200) {
    return false;
  }
  const type = mediaTypeOf(headers);
  return expects === 'json' ? isJson(type) : type !== 'text/html';
}

/** The fault that an answer is which `isExpected` rejected. */
export function classifyResponse(
  answer: UnexpectedResponse,
  context: ClassificationContext,
): RequestFault {
  const { status, headers } = answer;
  const said = readErrorBody(headers, answer.body);
  const body = quoteErrorBody(said, context);
  const isMisdirected = context.isErrorAbout?.(said) === false;
  const { kind, seen } = isMisdirected
    ? misdirected(status)
    : judge(answer, said, context);
  return {
    kind,
    seen,
    status,
    typeKey: body.typeKey,
    serviceMessage: body.message,
    activityId: readActivityId(headers),
    retryAfterMs: readRateLimit(headers, context.now)?.retryAfterMs,
    resourceTenant: resourceTenantOf(headers),
    ...(isMisdirected && { isMisdirected }),
    ...(status === 401 && { challenges: challengesOf(headers) }),
    throttling: kind === 'throttled' || status === 503,
    retryable:
      kind === 'throttled' ||
      kind === 'timeout' ||
      (kind === 'malformed' && (status === 200 || isMisdirected)) ||
      REPEATABLE.has(status),
  };
}

interface Judgement {
  readonly kind: RequestErrorKind;
  readonly seen: string;
}

function judge(
  answer: UnexpectedResponse,
  said: ServiceErrorBody,
  quotation: QuotationOptions,
): Judgement {
  const { status, headers } = answer;
  const seen = `the service answered ${statusLine(status)}`;
  if (status === 429 || BLOCKED.test(`${said.message}${answer.body}`)) {
    return { kind: 'throttled', seen };
  }
  if (status === 203) {
    return { kind: 'sign-in', seen: `${seen}, a sign-in page` };
  }
  if (MOVED.has(status)) {
    return judgeRedirect(headers, seen, quotation);
  }
  if (status === 404 || MISSING_PROJECT.test(said.typeKey ?? '')) {
    return { kind: 'not-found', seen };
  }
  if (status >= 400) {
    return { kind: kindOfError(status), seen };
  }
  if (status === 200 && mediaTypeOf(headers) === 'text/html') {
    return {
      kind: 'sign-in',
      seen: `${seen} with a web page instead of data, as for a sign-in`,
    };
  }
  const type = quote(mediaTypeOf(headers), quotation) ?? 'nothing';
  return { kind: 'malformed', seen: `${seen} with ${type} instead of data` };
}

/** An error about something else, as a cache gives it that confuses addresses. */
function misdirected(status: number): Judgement {
  return {
    kind: 'malformed',
    seen: `the service answered ${statusLine(status)} about something else than what was asked for`,
  };
}

function judgeRedirect(
  headers: ResponseHeaders,
  seen: string,
  quotation: QuotationOptions,
): Judgement {
  const location = headerOf(headers, 'location') ?? '';
  if (SIGN_IN.test(location)) {
    return { kind: 'sign-in', seen: `${seen}, to a sign-in page` };
  }
  // Only the host: the rest of the address may hold secrets.
  const host = /^(?:https?:)?\/\/(?:[^/?#@]*@)?([^/?#]+)/i.exec(location)?.[1];
  return {
    kind: 'redirected',
    seen: host
      ? `${seen}, a redirect to ${quote(host, quotation)}`
      : `${seen}, a redirect`,
  };
}

function kindOfError(status: number): RequestErrorKind {
  switch (status) {
    case 401:
      return 'unauthorized';
    case 403:
      return 'forbidden';
    case 407:
      return 'network';
    case 408:
      return 'timeout';
    default:
      return status >= 500 ? 'unavailable' : 'bad-request';
  }
}

function statusLine(status: number): string {
  const text = STATUS_CODES[status];
  return text ? `${status} (${text})` : String(status);
}

function isJson(type: string): boolean {
  return type === 'application/json' || type.endsWith('+json');
}
