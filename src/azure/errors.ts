import type { OrganizationRef } from '../organization';
import { composeRequestErrorMessage } from './messages';

/**
 * What went wrong with a request. None of these says that something is gone,
 * `not-found` included: deleted and not permitted look the same.
 *
 * - `unauthorized`: 401; the credential is not accepted.
 * - `sign-in`: a sign-in page instead of data (203, a redirect, or 200 with HTML).
 * - `forbidden`: 403; known, but not permitted.
 * - `not-found`: 404 that is no positive absence of a file or branch.
 * - `throttled`: the service, or the pause it asked for, stands in the way.
 * - `unavailable`: 5xx.
 * - `network`: no connection, or one that broke.
 * - `timeout`: no answer, or not all of it, in time.
 * - `aborted`: the caller gave up, or the clients were closed.
 * - `malformed`: an answer that is not what this request is answered with.
 * - `too-large`: an answer beyond the limit of this request.
 * - `bad-request`: the service does not take the request.
 * - `redirected`: a redirect, which is never followed.
 *
 * @public
 */
export type RequestErrorKind =
  | 'unauthorized'
  | 'sign-in'
  | 'forbidden'
  | 'not-found'
  | 'throttled'
  | 'unavailable'
  | 'network'
  | 'timeout'
  | 'aborted'
  | 'malformed'
  | 'too-large'
  | 'bad-request'
  | 'redirected';

/** Everything that is known of a request that failed. Nothing in it is secret. */
export interface RequestFault {
  readonly kind: RequestErrorKind;
  /** A clause that says what was seen, without a full stop: `the service answered 503`. */
  readonly seen: string;
  /** Whether the same request may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  /** The HTTP status, if there was an answer. */
  readonly status?: number;
  /** The service's name for the exception, such as `GitRepositoryNotFoundException`. */
  readonly typeKey?: string;
  /** What the service said, in one line of at most 500 characters. */
  readonly serviceMessage?: string;
  /** The id under which Microsoft's support finds the request. */
  readonly activityId?: string;
  /** How long the service asks to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  /** The code of a failure below HTTP, such as `ENOTFOUND`. */
  readonly code?: string;
  /** The tenant that the organization is connected to, where a 401 says so (`X-VSS-ResourceTenant`). */
  readonly resourceTenant?: string;
  /**
   * For `unauthorized` and `sign-in`: the service was throttling this identity
   * at the time, and then answers so to valid credentials too. Proof of nothing.
   */
  readonly duringThrottling?: boolean;
}

/**
 * A request to Azure DevOps that gave neither a positive presence nor a
 * positive absence. The message names the organization, the operation, what was
 * seen, what the service said, and what to do.
 *
 * There is deliberately no `cause`: what the libraries throw can carry the
 * request, and with it the credential.
 *
 * @public
 */
export class AzureDevOpsRequestError extends Error implements RequestFault {
  override readonly name = 'AzureDevOpsRequestError';
  readonly organization: OrganizationRef;
  /** What was being done, as an infinitive: `list the repositories`. */
  readonly operation: string;
  readonly kind: RequestErrorKind;
  readonly seen: string;
  readonly retryable: boolean;
  readonly status?: number;
  readonly typeKey?: string;
  readonly serviceMessage?: string;
  readonly activityId?: string;
  readonly retryAfterMs?: number;
  readonly code?: string;
  readonly resourceTenant?: string;
  readonly duringThrottling?: boolean;

  constructor(
    organization: OrganizationRef,
    operation: string,
    fault: RequestFault,
  ) {
    super(composeRequestErrorMessage(organization, operation, fault));
    this.organization = organization;
    this.operation = operation;
    this.kind = fault.kind;
    this.seen = fault.seen;
    this.retryable = fault.retryable;
    this.status = fault.status;
    this.typeKey = fault.typeKey;
    this.serviceMessage = fault.serviceMessage;
    this.activityId = fault.activityId;
    this.retryAfterMs = fault.retryAfterMs;
    this.code = fault.code;
    this.resourceTenant = fault.resourceTenant;
    this.duringThrottling = fault.duringThrottling;
  }
}
