import type { Dispatcher } from 'undici';
import { isExpected, type Expectation } from './classify';
import type { Clock } from './clock';
import {
  decodeBeginning,
  decodeBody,
  decodeInChunks,
  DecodingError,
} from './decode';
import type { TransportFailure } from './failures';
import { fieldsOf } from './fields';
import { headerOf, type ResponseHeaders } from './headers';
import { ListReader } from './list-reader';

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
}

/** One HTTP request, exactly as it is to be sent. */
export interface ExchangeRequest {
  readonly method: string;
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly expects: Expectation;
  /** How large an answer may be that is what was expected, before and after decompression. */
  readonly maxBytes: number;
  /** For a list: what to keep of each element. */
  readonly keep?: (element: unknown) => unknown;
  readonly timeouts: Omit<Timeouts, 'connectMs'>;
}

/** An answer as it came, its body decompressed. */
export interface ExchangeAnswer {
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** Whole if the answer is what was expected, and empty for a list; otherwise at most its first 64 KiB. */
  readonly body: Buffer;
  /** The list as JSON, as far as it was to be kept; absent where it is not valid JSON. */
  readonly list?: { readonly json: unknown };
}

export type ExchangeResult =
  | { readonly outcome: 'answer'; readonly answer: ExchangeAnswer }
  | { readonly outcome: 'failure'; readonly failure: TransportFailure };

/** As much of an unexpected answer as can matter: its envelope or its title. */
const UNEXPECTED_BYTES = 65_536;

/**
 * Sends one request and reads the whole of its answer, within limits of time
 * and size. Follows no redirect, repeats nothing, and never throws.
 */
export async function exchange(
  dispatcher: Dispatcher,
  request: ExchangeRequest,
  clock: Clock,
  signal?: AbortSignal,
): Promise<ExchangeResult> {
  const raw = await new Promise<ExchangeResult>(resolve => {
    new Exchange(request, clock, signal, resolve).start(dispatcher);
  });
  if (
    raw.outcome === 'failure' ||
    (raw.answer.headers['content-encoding'] === undefined && !request.keep)
  ) {
    return raw;
  }
  return await decode(raw.answer, request);
}

async function decode(
  answer: ExchangeAnswer,
  { expects, maxBytes, keep }: ExchangeRequest,
): Promise<ExchangeResult> {
  const { status, headers, body } = answer;
  const encoding = headerOf(headers, 'content-encoding');
  if (!isExpected(status, headers, expects)) {
    const beginning = await decodeBeginning(body, encoding, UNEXPECTED_BYTES);
    return { outcome: 'answer', answer: { ...answer, body: beginning } };
  }
  try {
    if (keep) {
      const list = await readList(body, encoding, maxBytes, keep);
      return {
        outcome: 'answer',
        answer: { status, headers, body: Buffer.alloc(0), list },
      };
    }
    const decoded = await decodeBody(body, encoding, maxBytes);
    return { outcome: 'answer', answer: { ...answer, body: decoded } };
  } catch (error) {
    const reason =
      error instanceof DecodingError ? error.reason : 'undecodable';
    return {
      outcome: 'failure',
      failure: { reason, maxBytes, status, headers },
    };
  }
}

/** `undefined` when it is not valid JSON. */
async function readList(
  body: Buffer,
  encoding: string | undefined,
  maxBytes: number,
  keep: (element: unknown) => unknown,
): Promise<{ json: unknown } | undefined> {
  const reader = new ListReader(keep);
  try {
    for await (const chunk of decodeInChunks(body, encoding, maxBytes)) {
      reader.push(chunk);
    }
    return { json: reader.end() };
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}

/** One request on its way. Settles once, whatever happens afterwards. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: ExchangeRequest;
  readonly #signal: AbortSignal | undefined;
  readonly #resolve: (result: ExchangeResult) => void;
  readonly #cancelDeadline: () => void;
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;
  #status: number | undefined;
  #headers: ResponseHeaders | undefined;
  #expected = false;
  #limit = 0;
  #chunks: Buffer[] = [];
  #length = 0;

  constructor(
    request: ExchangeRequest,
    clock: Clock,
    signal: AbortSignal | undefined,
    resolve: (result: ExchangeResult) => void,
  ) {
    this.#request = request;
    this.#signal = signal;
    this.#resolve = resolve;
    const { deadlineMs } = request.timeouts;
    this.#cancelDeadline = clock.schedule(deadlineMs, () =>
      this.#fail({ reason: 'deadline', afterMs: deadlineMs }),
    );
  }

  start(dispatcher: Dispatcher): void {
    const { method, origin, path, headers, body, timeouts } = this.#request;
    if (this.#signal?.aborted) {
      this.#fail({ reason: 'aborted' });
      return;
    }
    this.#signal?.addEventListener('abort', this.#onAbort);
    try {
      dispatcher.dispatch(
        {
          method,
          origin,
          path,
          headers: { ...headers },
          body,
          headersTimeout: timeouts.headersMs,
          bodyTimeout: timeouts.bodyMs,
        },
        this,
      );
    } catch (error) {
      this.onResponseError(undefined, error);
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#settled) {
      // It was given up while it waited for a connection.
      controller.abort(new Error('given up'));
    }
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: ResponseHeaders,
  ): void {
    if (status < 200) {
      return;
    }
    const { expects, maxBytes } = this.#request;
    this.#status = status;
    this.#headers = headers;
    this.#expected = isExpected(status, headers, expects);
    this.#limit = this.#expected ? maxBytes : UNEXPECTED_BYTES;
    const announced = Number(headerOf(headers, 'content-length'));
    if (this.#expected && announced > maxBytes) {
      this.#fail({ reason: 'too-large', maxBytes });
    }
  }

  onResponseData(
    _controller: Dispatcher.DispatchController,
    chunk: Buffer,
  ): void {
    if (this.#settled) {
      return;
    }
    const room = this.#limit - this.#length;
    if (chunk.length <= room) {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
    } else if (this.#expected) {
      this.#fail({ reason: 'too-large', maxBytes: this.#request.maxBytes });
    } else {
      this.#chunks.push(chunk.subarray(0, room));
      this.#length += room;
      this.#succeed();
      this.#controller?.abort(new Error('enough'));
    }
  }

  onResponseEnd(): void {
    this.#succeed();
  }

  onResponseError(_controller: unknown, error: unknown): void {
    const { code, message } = describeError(error);
    const closed = code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED';
    this.#fail({ reason: closed ? 'closed' : 'connection', code, message });
  }

  readonly #onAbort = () => this.#fail({ reason: 'aborted' });

  #succeed(): void {
    const status = this.#status;
    const headers = this.#headers;
    if (status === undefined || headers === undefined) {
      this.#fail({ reason: 'connection' });
      return;
    }
    const [first] = this.#chunks;
    const body =
      first && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
    this.#settle({ outcome: 'answer', answer: { status, headers, body } });
  }

  #fail(failure: TransportFailure): void {
    this.#settle({
      outcome: 'failure',
      failure: { ...failure, status: this.#status, headers: this.#headers },
    });
    this.#controller?.abort(new Error('given up'));
  }

  #settle(result: ExchangeResult): void {
    if (this.#settled) {
      return;
    }
    this.#settled = true;
    this.#chunks = [];
    this.#cancelDeadline();
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#resolve(result);
  }
}

/** Code and words of an error; one for many addresses, as Node throws it, speaks through its first. */
function describeError(error: unknown): { code?: string; message?: string } {
  const { code, name, message, errors, cause } = fieldsOf(error);
  if (typeof code === 'string') {
    return { code, message: typeof message === 'string' ? message : undefined };
  }
  const inner: unknown = Array.isArray(errors) ? errors[0] : cause;
  if (inner !== undefined) {
    return describeError(inner);
  }
  // undici's parser gives its errors a name where it gives them no code.
  return { code: name === 'HTTPParserError' ? name : undefined };
}
