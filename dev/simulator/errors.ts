import type { SimulatedResponse } from './http';

/** Thrown where a request gets another answer than what it asked for. */
export class ErrorAnswer extends Error {
  constructor(readonly answer: SimulatedResponse) {
    super(`answered with ${answer.status}`);
  }
}

/** The service's own names of what goes wrong; the key stands in for the class in its assembly. */
const ASSEMBLIES: Readonly<Record<string, string>> = {
  GitItemNotFoundException: 'Microsoft.TeamFoundation.Git.Server',
  GitUnresolvableToCommitException: 'Microsoft.TeamFoundation.Git.Server',
  GitRepositoryNotFoundException: 'Microsoft.TeamFoundation.Git.Server',
  GitObjectDoesNotExistException: 'Microsoft.TeamFoundation.Git.Server',
  ProjectDoesNotExistWithNameException: 'Microsoft.TeamFoundation.Core.WebApi',
  ProjectDoesNotExistException: 'Microsoft.TeamFoundation.Core.WebApi',
};

/** An error in the service's envelope (the wrapped exception of its interface). */
export function serviceError(
  status: number,
  typeKey: string,
  message: string,
  options: {
    readonly headers?: Readonly<Record<string, string | readonly string[]>>;
    /** Some answers begin with a byte order mark. */
    readonly byteOrderMark?: boolean;
    /** What some exceptions say beside their message. */
    readonly customProperties?: Record<string, unknown>;
  } = {},
): SimulatedResponse {
  const assembly =
    ASSEMBLIES[typeKey] ?? 'Microsoft.VisualStudio.Services.Common';
  const envelope = JSON.stringify({
    $id: '1',
    innerException: null,
    message,
    typeName: `${assembly}.${typeKey}, ${assembly}`,
    typeKey,
    errorCode: 0,
    eventId: 3000,
    customProperties: options.customProperties,
  });
  return {
    status,
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      'X-TFS-ServiceError': encodeURIComponent(message),
      ...options.headers,
    },
    body: options.byteOrderMark ? `\uFEFF${envelope}` : envelope,
  };
}

/** A page of HTML, as the front end and proxies send it. */
export function htmlPage(
  status: number,
  title: string,
  text: string,
): SimulatedResponse {
  return {
    status,
    headers: { 'Content-Type': 'text/html; charset=utf-8' },
    body: `<!DOCTYPE html>\r\n<html lang="en-US">\r\n<head><title>${title}</title></head>\r\n<body>${text}</body>\r\n</html>\r\n`,
  };
}

/** An organization that is not there (any more). */
export function organizationNotFound(): SimulatedResponse {
  return htmlPage(
    404,
    'Azure DevOps Services',
    '<h1>404 - Page not found</h1><p>The page you requested was not found.</p>',
  );
}

/** The sign-in page, about as long as the real one. */
export function signInPage(status = 203): SimulatedResponse {
  const filler =
    '<div class="placeholder" aria-hidden="true"></div>\r\n'.repeat(300);
  return htmlPage(
    status,
    'Azure DevOps Services | Sign In',
    `<form id="signin" method="post" action="/_signin"></form>\r\n${filler}`,
  );
}

/** The redirect to the sign-in page. */
export function signInRedirect(url: URL): SimulatedResponse {
  const target = `https://spsprodeus1.vssps.visualstudio.com/_signin?realm=${encodeURIComponent(url.host)}&reply_to=${encodeURIComponent(url.href)}&protocol=javascriptnotify&force=1`;
  return {
    status: 302,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      Location: target,
    },
    body: `<html><head><title>Object moved</title></head><body>\r\n<h2>Object moved to <a href="${target.replace(/&/g, '&amp;')}">here</a>.</h2>\r\n</body></html>\r\n`,
  };
}

export const CLOUD_REALM =
  'Basic realm="https://tfsprodcus14.visualstudio.com/"';

/** A credential that is expired or revoked, or lacks a scope: empty. */
export function credentialDenied(): SimulatedResponse {
  return { status: 401, headers: { 'WWW-Authenticate': CLOUD_REALM } };
}

/** The page of IIS, on a Server, and what it offers instead. */
export function deniedByIis(challenges: readonly string[]): SimulatedResponse {
  return {
    status: 401,
    headers: { 'Content-Type': 'text/html', 'WWW-Authenticate': challenges },
    body: '<!DOCTYPE html>\r\n<html><head><title>401 - Unauthorized: Access is denied due to invalid credentials.</title></head><body></body></html>\r\n',
  };
}

/** The words to somebody who is blocked for a while. */
const BLOCKED =
  'TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource Concurrency in namespace VSID.';

/** Blocked, in the service's envelope. */
export function blocked(
  headers: Readonly<Record<string, string>> = {},
  status = 429,
): SimulatedResponse {
  return serviceError(status, 'RequestBlockedException', BLOCKED, { headers });
}

/** Blocked, as a text. */
export function blockedPlainly(
  headers: Readonly<Record<string, string>> = {},
): SimulatedResponse {
  return {
    status: 429,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers },
    body: BLOCKED,
  };
}

export function unavailable(): SimulatedResponse {
  return htmlPage(
    503,
    'Service Unavailable',
    "<h1>Our services aren't available right now</h1><p>We're working to restore all services as soon as possible.</p>",
  );
}
