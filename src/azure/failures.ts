import {
  type ConnectionFailure,
  describeConnectionFailure,
} from '../credentials/problems/connection';
import { counted } from '../counted';
import { ABORTED, CLOSED, type RequestFault } from './errors';
import { readActivityId } from './error-body';
import type { ResponseHeaders } from './headers';
import { DiskError } from './temporary-file';

/** Why a request got no answer, or not all of it. */
type FailureReason =
  /** The connection, or what came over it, failed; see the code. */
  | 'connection'
  /** The whole request took too long. */
  | 'deadline'
  | 'aborted'
  /** The clients were closed. */
  | 'closed'
  /** More bytes than this request may be answered with. */
  | 'too-large'
  /** The body cannot be decompressed. */
  | 'undecodable'
  /** The body cannot be written into its file; see the code. */
  | 'disk';

/** A request that failed below HTTP. */
export interface TransportFailure extends Omit<ConnectionFailure, 'host'> {
  readonly reason: FailureReason;
  /** In milliseconds, for `deadline`. */
  readonly afterMs?: number;
  /** In bytes, for `too-large`. */
  readonly maxBytes?: number;
  /** The answer's status and headers, if it got that far. */
  readonly status?: number;
  readonly headers?: ResponseHeaders;
}

const BROKEN: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ECONNABORTED',
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);
const SILENT: ReadonlySet<string> = new Set([
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);
const NOT_HTTP = /^HPE_|^HTTPParserError$|^UND_ERR_HEADERS_OVERFLOW$/;

/** Whether a connection broke before it gave any answer, as one does that the other side had already given up. */
export function brokeBeforeAnswer(failure: TransportFailure): boolean {
  return (
    failure.reason === 'connection' &&
    failure.status === undefined &&
    BROKEN.has(failure.code ?? '')
  );
}

/** The fault that a failure below HTTP is. */
export function classifyFailure(
  failure: TransportFailure,
  host: string,
): RequestFault {
  const verdict = judge(failure, host);
  return {
    retryable: false,
    throttling: false,
    ...verdict,
    status: failure.status,
    activityId: failure.headers && readActivityId(failure.headers),
  };
}

type Verdict = Pick<RequestFault, 'kind' | 'seen' | 'cure'> &
  Partial<Pick<RequestFault, 'retryable' | 'throttling'>>;

function judge(failure: TransportFailure, host: string): Verdict {
  switch (failure.reason) {
    case 'aborted':
      return ABORTED;
    case 'closed':
      return CLOSED;
    case 'too-large':
      return {
        kind: 'too-large',
        seen: `the answer is larger than ${size(failure.maxBytes)}`,
      };
    case 'undecodable':
      return {
        kind: 'malformed',
        seen: 'the answer cannot be decompressed',
        retryable: true,
      };
    case 'disk':
      return { kind: 'disk', seen: new DiskError(failure.code ?? '').message };
    case 'deadline':
      return {
        kind: 'timeout',
        seen: `there was no complete answer within ${seconds(failure.afterMs)}`,
        retryable: true,
        throttling: true,
      };
    case 'connection':
      return judgeConnection(failure, host);
  }
}

function judgeConnection(failure: TransportFailure, host: string): Verdict {
  const { code = '', status } = failure;
  const problem = describeConnectionFailure({ ...failure, host });
  if (problem) {
    const { cause, cure, lasting } = problem;
    return { kind: 'network', seen: cause, cure, retryable: !lasting };
  }
  if (SILENT.has(code)) {
    return {
      kind: 'timeout',
      seen:
        status === undefined
          ? `${host} sent no answer in time`
          : `${host} stopped in the middle of its answer`,
      retryable: true,
      throttling: true,
    };
  }
  if (BROKEN.has(code)) {
    return {
      kind: 'network',
      seen:
        status === undefined
          ? `the connection to ${host} was closed before it answered (${code})`
          : `the connection to ${host} was closed in the middle of its answer (${code})`,
      retryable: true,
      throttling: true,
    };
  }
  if (NOT_HTTP.test(code)) {
    return {
      kind: 'malformed',
      seen: `what ${host} sent is not HTTP (${code})`,
      retryable: true,
    };
  }
  return {
    kind: 'network',
    seen: `the connection to ${host} failed${code ? ` (${code})` : ''}`,
    retryable: true,
  };
}

function size(bytes = 0): string {
  return bytes >= 1_048_576
    ? `${Math.round(bytes / 1_048_576)} MiB`
    : counted(bytes, 'byte');
}

/** A duration for people. */
export function seconds(milliseconds = 0): string {
  return `${Number((milliseconds / 1000).toFixed(1))} s`;
}
