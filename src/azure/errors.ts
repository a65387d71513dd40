import { tmpdir } from 'node:os';
import { TOKEN_SCOPES } from '../credentials/problems/facts';
import { isCloudHost, type Organization } from '../organization';

/**
 * What went wrong with a request. None of these means that something is gone,
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
 * - `disk`: no temporary file for an answer.
 * - `broken-link`: a symbolic link that leads out of the repository, or back to itself.
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
  | 'redirected'
  | 'disk'
  | 'broken-link';

/** Everything that is known of a request that failed. Nothing in it is secret. */
export interface RequestFault {
  readonly kind: RequestErrorKind;
  /** A clause that says what was seen, without a full stop: `the service answered 503`. */
  readonly seen: string;
  /** What to do, where more is known than the kind: a sentence in the imperative, without a full stop. */
  readonly cure?: string;
  /** Whether the same request may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  /** Whether it is a sign that the service throttles this identity. */
  readonly throttling: boolean;
  /** Whether the error names something else than what was asked for. */
  readonly isMisdirected?: boolean;
  /** Whether a second question was answered otherwise than the first. */
  readonly isContradicted?: boolean;
  /** Whether it was not sent in the end, because the service throttles for longer than requests wait. */
  readonly rejected?: boolean;
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
  /** The tenant that the organization is connected to, where a 401 names it (`X-VSS-ResourceTenant`). */
  readonly resourceTenant?: string;
  /** For `unauthorized`: the schemes that `WWW-Authenticate` offers, in lower case. */
  readonly challenges?: readonly string[];
  /**
   * For `unauthorized` and `sign-in`: the service was throttling this identity
   * at the time, and then answers so to valid credentials too. Proof of nothing.
   */
  readonly duringThrottling?: boolean;
}

/** A fault that stays until somebody changes something. */
export function lastingFault(
  kind: RequestErrorKind,
  seen: string,
): RequestFault {
  return { kind, seen, retryable: false, throttling: false };
}

/** The fault of a request that its caller gave up. */
export const ABORTED = lastingFault('aborted', 'the request was aborted');
/** The fault of a request that was under way when the clients were closed. */
export const CLOSED = lastingFault('aborted', 'the clients were closed');

/**
 * A request to Azure DevOps that gave neither a positive presence nor a
 * positive absence. The message names the organization, the operation, what was
 * seen, what the service said, and what to do.
 *
 * There is deliberately no `cause`: what the libraries throw can carry the
 * request, and with it the credential.
 */
export class AzureDevOpsRequestError extends Error {
  override readonly name = 'AzureDevOpsRequestError';

  /** @param operation - what was being done, as an infinitive: `list the repositories` */
  constructor(
    readonly organization: Organization,
    readonly operation: string,
    readonly fault: RequestFault,
  ) {
    super(composeRequestErrorMessage(organization, operation, fault));
  }
}

/** What follows from each kind, whatever the request. */
interface ErrorTraits {
  /** It only means that there is no answer now. */
  readonly transient?: true;
  /** How often such a request is sent at most, where its fault is retryable. Default: once. */
  readonly attempts?: number;
  /** The credential may be what is wrong. */
  readonly aboutCredential?: true;
  /** What to do about it: a sentence in the imperative, without a full stop. */
  readonly cure: (organization: Organization, fault: RequestFault) => string;
}

export const ERROR_KINDS: Readonly<Record<RequestErrorKind, ErrorTraits>> = {
  unauthorized: {
    // While the service throttles it is no proof.
    attempts: 3,
    aboutCredential: true,
    cure: (_organization, fault) =>
      fault.duringThrottling
        ? 'Wait: the service is throttling this identity and then refuses valid credentials too; nothing is concluded from it'
        : `Check the credential that integrations.azure has for this organization: it may have expired, been revoked, belong to another tenant, or, as a personal access token, lack the scopes ${TOKEN_SCOPES}`,
  },
  'sign-in': {
    attempts: 3,
    aboutCredential: true,
    cure: (organization, fault) =>
      fault.duringThrottling
        ? 'Wait: the service is throttling this identity and then asks for a sign-in in spite of a valid credential; nothing is concluded from it'
        : `Check the credential that integrations.azure has for this organization, and that no proxy answers in place of ${organization.host}`,
  },
  forbidden: {
    aboutCredential: true,
    cure: () =>
      'Give the identity the permission to read (Project settings > Repositories > Security), or ask an administrator which policy refuses it',
  },
  'not-found': {
    aboutCredential: true,
    cure: organization =>
      `Compare the names with the address in the browser (https://${organization.host}), and check that the identity may see what was asked for: the service does not tell missing from forbidden`,
  },
  throttled: {
    transient: true,
    attempts: 6,
    cure: () =>
      "Wait: requests go on by themselves when the service lets them. If it lasts, look at the organization's Usage page for what else uses the identity",
  },
  unavailable: {
    transient: true,
    attempts: 4,
    cure: organization =>
      isCloudHost(organization.host)
        ? 'Wait: it is tried again. If it lasts, look at https://status.dev.azure.com'
        : `Wait: it is tried again. If it lasts, ask those who run ${organization.host}`,
  },
  network: {
    transient: true,
    attempts: 4,
    cure: organization =>
      `Check what on the way to ${organization.host} ends connections: a firewall, a proxy (HTTPS_PROXY, NO_PROXY), or the server itself`,
  },
  timeout: {
    transient: true,
    // Each has already cost the whole of its deadline.
    attempts: 2,
    cure: organization =>
      `Wait: it is tried again. If it lasts, check the way to ${organization.host}`,
  },
  aborted: {
    // Where the caller did not give up itself, the clients were closed.
    transient: true,
    cure: () => 'Nothing: whoever asked for it no longer wants it',
  },
  malformed: {
    transient: true,
    attempts: 3,
    cure: organization =>
      `Wait: it is tried again. If it lasts, check that no proxy alters what ${organization.host} answers`,
  },
  'too-large': {
    cure: () =>
      'Split the file, or, where a folder or a repository was listed, move files out of it',
  },
  'bad-request': {
    cure: () =>
      'Check the names and the path in the configuration; if they are right, report this with the message',
  },
  disk: {
    transient: true,
    cure: () =>
      `Make room in ${tmpdir()}, or let TMPDIR name a folder that Backstage may write to`,
  },
  'broken-link': {
    cure: () =>
      'Let the link point to a file or folder of the same repository, or remove it',
  },
  redirected: {
    cure: organization =>
      `Check host and organization in the configuration: redirects are not followed, so that the credential of ${organization.host} goes nowhere else`,
  },
};

/** Whether a fault only means that there is no answer now. While it throttles, it denies valid credentials too. */
export function isTransientFault(fault: RequestFault): boolean {
  return (
    ERROR_KINDS[fault.kind].transient === true ||
    fault.duringThrottling === true
  );
}

/** A failed request in one line. */
function composeRequestErrorMessage(
  organization: Organization,
  operation: string,
  fault: RequestFault,
): string {
  const said = fault.serviceMessage ? `: "${fault.serviceMessage}"` : '';
  const typeKey = fault.typeKey ? ` [${fault.typeKey}]` : '';
  const wait =
    fault.retryAfterMs === undefined
      ? ''
      : ` It asks to wait ${Math.ceil(fault.retryAfterMs / 1000)} s.`;
  const activity = fault.activityId ? ` ActivityId: ${fault.activityId}.` : '';
  const message =
    `${organization.label}: could not ${operation}: ${fault.seen}${said}${typeKey}.` +
    `${wait} What to do: ${fault.cure ?? ERROR_KINDS[fault.kind].cure(organization, fault)}.${activity}`;
  // Git allows line breaks in the names of files.
  return message.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
}

/** What went wrong with a request; `undefined` for any other error. */
export function faultOf(error: unknown): RequestFault | undefined {
  return error instanceof AzureDevOpsRequestError ? error.fault : undefined;
}

/** Whether an answer was larger than an answer of its kind may be. */
export function isTooLarge(error: unknown): boolean {
  return faultOf(error)?.kind === 'too-large';
}

/** Whether a request was not sent, because the service throttles for longer than requests wait. */
export function isRejectedByLimiter(
  error: unknown,
): error is AzureDevOpsRequestError {
  return faultOf(error)?.rejected === true;
}

/** What many files are read from at once; `undefined` where the disk does not take it: each can still be read by itself. */
export async function unlessDiskFails<T>(
  download: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await download();
  } catch (error) {
    if (faultOf(error)?.kind !== 'disk') {
      throw error;
    }
    return undefined;
  }
}
