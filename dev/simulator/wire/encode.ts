import { promisify } from 'node:util';
import { gzip, gzipSync } from 'node:zlib';
import type { SimulatedResponse } from '../http';

const gzipAsync = promisify(gzip);
/** Below this a body is sent as it is; IIS does not bother with small ones either. */
const COMPRESS_FROM = 256;
/** Above this compressing would hold up other requests. */
const COMPRESS_ASIDE_FROM = 64 * 1024;

/** Large bodies as they were compressed: lists are sent many times. */
const compressed = new WeakMap<Buffer, Promise<Buffer>>();

/** What is sent for an answer, compressed if the client takes it and it is worth it. */
export async function encode(
  { headers, body }: SimulatedResponse,
  acceptsGzip: boolean,
): Promise<{ headers: Record<string, string | string[]>; body: Buffer }> {
  const type =
    body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
      ? {}
      : { 'Content-Type': 'application/json; charset=utf-8' };
  const sent = { ...type, ...headers } as Record<string, string | string[]>;
  const plain = bytesOf(body);
  return acceptsGzip && plain.length >= COMPRESS_FROM
    ? {
        headers: { ...sent, 'Content-Encoding': 'gzip' },
        body: await compress(plain),
      }
    : { headers: sent, body: plain };
}

function bytesOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) {
    return body;
  }
  return Buffer.from(
    typeof body === 'string' ? body : (JSON.stringify(body) ?? ''),
  );
}

async function compress(plain: Buffer): Promise<Buffer> {
  if (plain.length < COMPRESS_ASIDE_FROM) {
    return gzipSync(plain);
  }
  const known = compressed.get(plain) ?? gzipAsync(plain);
  compressed.set(plain, known);
  return await known;
}
