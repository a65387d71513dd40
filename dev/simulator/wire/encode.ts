import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gzip, gzipSync } from 'node:zlib';
import type { FaultOptions } from '../faults';
import { ReusableBody, type SimulatedResponse } from '../http';
import type { PendingRequest } from '../requests';

const gzipAsync = promisify(gzip);
/** Below this a body is sent as it is; IIS does not bother with small ones either. */
const COMPRESS_FROM = 256;
/** Above this compressing would hold up other requests. */
const COMPRESS_ASIDE_FROM = 64 * 1024;

/** An answer on its way to the client. */
export interface Delivery {
  readonly response: SimulatedResponse;
  readonly fault: FaultOptions | undefined;
  readonly pending: PendingRequest;
  /** Whether the client said that it takes gzip. */
  readonly acceptsGzip: boolean;
  /** The TCP connection under all layers. */
  readonly socket: Socket;
  /** Aborted when the connection ends. */
  readonly signal: AbortSignal;
}

/** An answer as bytes. */
interface EncodedResponse {
  readonly status: number;
  readonly headers: Record<string, string | readonly string[]>;
  readonly body: Buffer | Readable;
}

/** What is sent for an answer, compressed if the client takes it and it is worth it. */
export async function encode(
  response: SimulatedResponse,
  acceptsGzip: boolean,
): Promise<EncodedResponse> {
  const { status } = response;
  const headers = { ...response.headers };
  const raw = response.body;
  if (raw instanceof Readable) {
    return { status, headers, body: raw };
  }
  let plain: Buffer;
  if (raw === undefined) {
    return { status, headers, body: Buffer.alloc(0) };
  } else if (raw instanceof ReusableBody) {
    plain = raw.plain;
  } else if (Buffer.isBuffer(raw)) {
    plain = raw;
  } else if (typeof raw === 'string') {
    plain = Buffer.from(raw);
  } else {
    plain = Buffer.from(JSON.stringify(raw));
    headers['Content-Type'] ??= 'application/json; charset=utf-8';
  }
  if (!acceptsGzip || plain.length < COMPRESS_FROM) {
    return { status, headers, body: plain };
  }
  headers['Content-Encoding'] = 'gzip';
  if (raw instanceof ReusableBody) {
    const body = await raw.gzipped(content => gzipAsync(content));
    return { status, headers, body };
  }
  const body =
    plain.length < COMPRESS_ASIDE_FROM
      ? gzipSync(plain)
      : await gzipAsync(plain);
  return { status, headers, body };
}
