import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  AuthenticationError,
  InputError,
  NotAllowedError,
  ServiceUnavailableError,
} from '@backstage/errors';
import {
  AzureDevOpsRequestError,
  faultOf,
  isTransientFault,
} from '../azure/errors';
import { CredentialError } from '../credentials/errors';
import type { UnsupportedUrl } from './repository-url';
import { messageOf } from '../thrown';

/**
 * Whether an error means only that the service cannot answer now: it throttles,
 * is down, or broke off. What was read before is then still the best that is
 * known. A denied credential is not among these, unless the service was
 * throttling: somebody may have taken the permission away.
 */
export function isTransient(error: unknown): boolean {
  if (error instanceof CredentialError) {
    return error.transient;
  }
  if (!(error instanceof AzureDevOpsRequestError)) {
    return error instanceof ServiceUnavailableError;
  }
  return isTransientFault(error.fault);
}

/** Whether the service answered that something is not there or may not be read; which of the two is not known. */
export function isNotFoundOrForbidden(error: unknown): boolean {
  return faultOf(error)?.kind === 'not-found';
}

/** The error for a URL that cannot be read as a URL of Azure DevOps. */
export function unsupportedUrlError(
  url: string,
  unsupported: UnsupportedUrl,
): InputError {
  return new InputError(
    `${unableToRead(url)}. ${unsupported.message}${relativeReferenceHint(url)}`,
  );
}

/**
 * What Backstage's plugins should see of an error of ours: the class that shows
 * whether trying again, another credential or another URL would help.
 *
 * None of them is a `NotFoundError`. Callers take that as proof that a file is
 * gone, and an error of the service proves nothing.
 */
export function toBackstageError(url: string, error: unknown): unknown {
  const message = `${unableToRead(url)}: ${messageOf(error)}`;
  if (isTransient(error)) {
    return new ServiceUnavailableError(message);
  }
  if (error instanceof CredentialError) {
    return new AuthenticationError(message);
  }
  if (error instanceof NotAllowedError) {
    return new NotAllowedError(`${message}${relativeReferenceHint(url)}`);
  }
  if (!(error instanceof AzureDevOpsRequestError)) {
    return error;
  }
  switch (error.fault.kind) {
    case 'unauthorized':
    case 'sign-in':
      return new AuthenticationError(message);
    case 'forbidden':
    case 'not-found':
    case 'redirected':
      return new NotAllowedError(message);
    case 'bad-request':
    case 'too-large':
    case 'broken-link':
      return new InputError(message);
    default:
      return error;
  }
}

/** Reads something; errors of that are Backstage's. */
export async function withBackstageErrors<T>(
  url: string,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw toBackstageError(url, error);
  }
}

/** A content in one piece of its own; errors of reading it are Backstage's. */
export async function toBuffer(
  url: string,
  open: () => Promise<Buffer | Readable>,
): Promise<Buffer> {
  return await withBackstageErrors(url, async () => {
    const content = await open();
    return Buffer.isBuffer(content)
      ? // The cache keeps its own: what is handed out may be written to.
        Buffer.from(content)
      : await buffer(content);
  });
}

/** A content as a stream of its own; errors of reading it are Backstage's. */
export function toReadable(url: string, content: Buffer | Readable): Readable {
  return Buffer.isBuffer(content)
    ? Readable.from([Buffer.from(content)])
    : Readable.from(streamed(url, content));
}

async function* streamed(
  url: string,
  content: Readable,
): AsyncGenerator<Buffer> {
  try {
    yield* content;
  } catch (error) {
    throw toBackstageError(url, error);
  }
}

/**
 * What else to say of a URL that leads nowhere and looks like what Backstage
 * makes of a relative reference in a file at a commit: it resolves references
 * against branches and tags alone, and otherwise as a browser would, which
 * drops the repository. Empty for any other URL.
 */
export function relativeReferenceHint(url: string): string {
  return /^[^?#]*\/[^/?#]+\.[a-z][a-z0-9]*$/i.test(url)
    ? ' If the URL comes from a relative reference ($text, targets, techdocs-ref) in a file that is read at a commit (version=GC...): Backstage cannot resolve these. Pin the location by a tag (version=GT...) instead.'
    : '';
}

/** How a message about a URL begins. What stands before the `@` may be a token. */
export function unableToRead(url: string): string {
  return `Unable to read ${url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1')}`;
}
