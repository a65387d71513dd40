import {
  blocked,
  blockedPlainly,
  credentialDenied,
  htmlPage,
  organizationNotFound,
  serviceError,
  signInPage,
  signInRedirect,
  unavailable,
} from '../errors';
import type { SimulatedRequest, SimulatedResponse } from '../http';

/** What happens to the connection, or to the bytes of the answer that the endpoint gives. */
export const WIRE_FAULTS = [
  /** The connection is reset when the request has been read. */
  'reset-before-headers',
  /** The connection is closed in good order when the request has been read. */
  'close-before-headers',
  /** Headers and half of the body, then the connection is reset. */
  'reset-mid-body',
  /** Headers and half of the body, then nothing: the connection stays open. */
  'hang-mid-body',
  /** Nothing at all: the connection stays open. */
  'hang',
  /** Half of the body, and a Content-Length that agrees with it: a complete answer, but broken JSON. */
  'truncate',
  /** Half of the body under the Content-Length of the whole, then the connection is closed. */
  'short-body',
  /** Half of the body in chunks without the last one, then the connection is closed. */
  'short-chunked',
  /** Compressed, with damaged bytes in the middle. */
  'corrupt-gzip',
  /** Compressed, the second half of it missing. */
  'truncated-gzip',
  /** Headers at once, then a byte now and then, for ever. */
  'drip',
  /** A body of `bytes` (default 2 GB), as fast as the client takes it. */
  'huge-body',
  /** The host's name is not found: the proxy answers 502 to CONNECT, open tunnels to the host are cut. */
  'dns-failure',
] as const;

export type WireFault = (typeof WIRE_FAULTS)[number];

/** Answers that take the place of the endpoint's. */
export const ANSWERS = {
  /** The sign-in page, as a success: 203. */
  'sign-in-203': () => signInPage(203),
  /** The redirect to the sign-in page. */
  'sign-in-302': (request: SimulatedRequest) => signInRedirect(request.url),
  /** The sign-in page, as an ordinary page. */
  'sign-in-200': () => signInPage(200),
  /** An expired or revoked token, a missing scope. */
  unauthorized: credentialDenied,
  /** An identity that the organization does not let in. */
  forbidden: () =>
    serviceError(
      403,
      'UnauthorizedRequestException',
      "TF400813: The user '' is not authorized to access this resource.",
    ),
  'conditional-access': () =>
    serviceError(
      403,
      'ConditionalAccessPolicyException',
      'VS403463: The conditional access policy defined by your Microsoft Entra (Azure Active Directory) administrator has failed.',
    ),
  'organization-not-found': organizationNotFound,
  /** Blocked, with the time to wait. */
  throttled: () =>
    blocked({ 'Retry-After': '2', 'X-RateLimit-Remaining': '0' }),
  /** Blocked, with no header that says for how long. */
  'throttled-bare': () => blockedPlainly(),
  /** Throttling that looks like a missing permission. */
  'throttled-403': () => blocked({}, 403),
  'server-error': () =>
    serviceError(
      500,
      'VssServiceException',
      'TF400898: An Internal Error Occurred.',
    ),
  'bad-gateway': () => htmlPage(502, 'Bad Gateway', '<h1>502 Bad Gateway</h1>'),
  unavailable,
  /** A success without the content that it should have. */
  'empty-200': () => ({ status: 200, headers: { 'Content-Length': '0' } }),
} satisfies Record<string, (request: SimulatedRequest) => SimulatedResponse>;

export type AnswerFault = keyof typeof ANSWERS;
export type FaultKind = WireFault | AnswerFault;

/** All kinds, for messages and for the control over HTTP. */
export const FAULT_KINDS: readonly string[] = [
  ...WIRE_FAULTS,
  ...Object.keys(ANSWERS),
];

export function isAnswerFault(kind: FaultKind): kind is AnswerFault {
  return Object.hasOwn(ANSWERS, kind);
}
