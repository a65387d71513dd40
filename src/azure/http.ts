import { EventEmitter } from 'node:events';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { type Expectation, isExpected } from './classify';
import type { Clock } from './clock';
import { ProxyError } from './connections';
import type { TransportFailure } from './failures';
import { headerOf, type ResponseHeaders } from './headers';
import { fieldsOf } from './parse';
import { DiskError, type TemporaryFile } from './temporary-file';

/** How long one request may take. All in milliseconds. */
export interface Timeouts {
  /** The whole request, from the moment it is sent to the last byte of its answer. */
  readonly deadlineMs: number;
  /** Until the headers of the answer; the service may hold it back for 30 s. */
  readonly headersMs: number;
  /** Between two pieces of the body. */
  readonly bodyMs: number;
  /** For a connection, the proxy's tunnel and TLS included. */
  readonly connectMs: number;
  /** The whole request, where its answer goes into a file, however large. */
  readonly downloadMs: number;
}

/** One HTTP request, exactly as it is to be sent. */
export interface HttpRequest {
  readonly method: 'GET' | 'OPTIONS' | 'POST' | 'DELETE';
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly expects: Expectation;
  /** How large an answer may be that is what was expected, before and after decompression. */
  readonly maxBytes: number;
  /** Where an answer is written that is what was expected; else it is kept in memory. */
  readonly file?: TemporaryFile;
  readonly timeouts: Omit<Timeouts, 'connectMs' | 'downloadMs'>;
}

/** An answer as it came, its body decompressed. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** Whole if the answer is what was expected, or empty if it went into a file; otherwise at most its first 64 KiB. */
  readonly body: Buffer;
}

export type HttpResult =
  | { readonly outcome: 'response'; readonly response: HttpResponse }
  | { readonly outcome: 'failure'; readonly failure: TransportFailure };

/** As much of an unexpected answer as can matter: its envelope or its title. */
const UNEXPECTED_BYTES = 65_536;

/**
 * Sends one request and reads the whole of its answer, within limits of time
 * and size. Follows no redirect, repeats nothing, and never throws.
 */
export async function sendOnce(
  dispatcher: Dispatcher,
  request: HttpRequest,
  clock: Clock,
  signal?: AbortSignal,
): Promise<HttpResult> {
  const { deadlineMs } = request.timeouts;
  // undici takes it for a signal: a real one for each request costs as much as
  // parsing the answer.
  const ended = new EventEmitter();
  let timedOut = false;
  const cancelDeadline = clock.schedule(deadlineMs, () => {
    timedOut = true;
    ended.emit('abort');
  });
  const onAbort = () => ended.emit('abort');
  signal?.addEventListener('abort', onAbort);
  let head: Omit<HttpResponse, 'body'> | undefined;
  try {
    signal?.throwIfAborted();
    const response = await receiveHead(dispatcher, request, ended);
    head = { status: response.statusCode, headers: response.headers };
    const body = await receiveBody(response.body, head, request);
    return { outcome: 'response', response: { ...head, body } };
  } catch (error) {
    const failure: TransportFailure = signal?.aborted
      ? { reason: 'aborted' }
      : timedOut
        ? { reason: 'deadline', afterMs: deadlineMs }
        : failureOf(error, request);
    return { outcome: 'failure', failure: { ...failure, ...head } };
  } finally {
    cancelDeadline();
    signal?.removeEventListener('abort', onAbort);
  }
}

async function receiveHead(
  dispatcher: Dispatcher,
  { timeouts, method, origin, path, headers, body }: HttpRequest,
  ended: EventEmitter,
): Promise<Dispatcher.ResponseData> {
  return await new Promise((resolve, reject) => {
    // undici notices an abort only once the request has a connection.
    ended.once('abort', () => reject(new Error('ended')));
    dispatcher
      .request({
        origin,
        path,
        method,
        headers,
        body,
        signal: ended,
        headersTimeout: timeouts.headersMs,
        bodyTimeout: timeouts.bodyMs,
      })
      .then(resolve, reject);
  });
}

async function receiveBody(
  body: Readable,
  { status, headers }: Omit<HttpResponse, 'body'>,
  { expects, maxBytes, file }: HttpRequest,
): Promise<Buffer> {
  const isWanted = isExpected(status, headers, expects);
  if (isWanted && Number(headerOf(headers, 'content-length')) > maxBytes) {
    body.on('error', () => {}).destroy();
    throw new TooLargeError();
  }
  const encoding = headerOf(headers, 'content-encoding')?.trim().toLowerCase();
  const limit = isWanted ? maxBytes : UNEXPECTED_BYTES;
  const decoded = decode(body, encoding, limit);
  if (isWanted && file) {
    await writeTo(file, decoded);
    return Buffer.alloc(0);
  }
  const { bytes, error } = await read(decoded, limit);
  if (error === undefined) {
    return bytes;
  }
  // Of what was not expected the beginning will do.
  if (
    !isWanted &&
    (error instanceof TooLargeError || error instanceof EncodingError)
  ) {
    return bytes.subarray(0, limit);
  }
  throw error;
}

class TooLargeError extends Error {}
class EncodingError extends Error {}

/** Undoes a `Content-Encoding`. Only gzip is ever asked for. */
function decode(
  body: Readable,
  encoding: string | undefined,
  maxBytes: number,
): Readable {
  switch (encoding) {
    case undefined:
    case '':
    case 'identity':
      return body;
    case 'gzip':
    case 'x-gzip': {
      let bytes = 0;
      body.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxBytes) {
          body.destroy(new TooLargeError());
        }
      });
      // An error of either side becomes one of the result.
      return pipeline(body, createGunzip(), () => {});
    }
    default:
      return body.destroy(new EncodingError());
  }
}

async function writeTo(file: TemporaryFile, stream: Readable): Promise<void> {
  try {
    await file.write(stream);
  } catch (error) {
    throw isZlibError(error) ? new EncodingError() : error;
  }
}

/** Reads until the end, until an error, or until there are too many bytes. */
async function read(
  stream: Readable,
  maxBytes: number,
): Promise<{ bytes: Buffer; error?: unknown }> {
  const chunks: Buffer[] = [];
  let length = 0;
  const error = await new Promise<unknown>(resolve => {
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > maxBytes) {
        stream.destroy();
        resolve(new TooLargeError());
      }
    });
    stream.on('end', () => resolve(undefined));
    stream.on('error', failure =>
      resolve(isZlibError(failure) ? new EncodingError() : failure),
    );
  });
  const [first] = chunks;
  const bytes = first && chunks.length === 1 ? first : Buffer.concat(chunks);
  return { bytes, error };
}

function isZlibError(error: unknown): boolean {
  return /^Z_/.test(String(fieldsOf(error).code));
}

function failureOf(
  error: unknown,
  { maxBytes }: HttpRequest,
): TransportFailure {
  if (error instanceof TooLargeError) {
    return { reason: 'too-large', maxBytes };
  }
  if (error instanceof EncodingError) {
    return { reason: 'undecodable' };
  }
  if (error instanceof DiskError) {
    return { reason: 'disk', code: error.code };
  }
  if (error instanceof ProxyError) {
    return {
      reason: 'connection',
      ...factsOf(error.error),
      ...error.failure,
    };
  }
  const described = factsOf(error);
  const closed = /^UND_ERR_(DESTROYED|CLOSED)$/.test(described.code ?? '');
  return { reason: closed ? 'closed' : 'connection', ...described };
}

/** As many names of a certificate as a message shows. */
const MOST_NAMES = 3;

/** What an error shows; of one for many addresses, as Node throws it, the first. */
function factsOf(
  error: unknown,
): Pick<TransportFailure, 'code' | 'certificateNames'> {
  const { code, name, errors, cause, cert } = fieldsOf(error);
  if (typeof code === 'string') {
    const names = String(fieldsOf(cert).subjectaltname ?? '').matchAll(
      /(?:DNS|IP Address):([\w.*:-]{1,100})(?=,|$)/g,
    );
    return {
      code,
      certificateNames: [...names]
        .map(([, certificateName = '']) => certificateName)
        .slice(0, MOST_NAMES),
    };
  }
  const inner: unknown = Array.isArray(errors) ? errors[0] : cause;
  if (inner !== undefined) {
    return factsOf(inner);
  }
  // undici's parser gives its errors a name where it gives them no code.
  return { code: name === 'HTTPParserError' ? name : undefined };
}
