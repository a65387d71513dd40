import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { FaultOptions, WireFault } from '../faults';
import { encode, type Delivery } from './encode';

const GIGABYTE = 1024 ** 3;
/** Between two bytes of a `drip`. */
const DRIP_MS = 100;

/** Does to a connection, or to the bytes of an answer, what a fault asks for. */
export async function damage(
  res: ServerResponse,
  delivery: Delivery,
  kind: WireFault,
  options: FaultOptions,
): Promise<void> {
  const { pending, socket } = delivery;
  switch (kind) {
    case 'dns-failure':
    case 'reset-before-headers':
      pending.failed(kind);
      socket.resetAndDestroy();
      return;
    case 'close-before-headers':
      pending.failed(kind);
      socket.destroy();
      return;
    case 'hang':
      pending.failed(kind);
      return;
    case 'drip':
      pending.answered(200, 0, kind);
      await drip(res, delivery);
      return;
    case 'huge-body':
      pending.answered(200, 0, kind);
      await sendHugeBody(res, delivery, options.bytes ?? 2 * GIGABYTE);
      return;
    default:
      await damageBody(res, delivery, kind);
  }
}

async function damageBody(
  res: ServerResponse,
  delivery: Delivery,
  kind: Exclude<
    WireFault,
    | 'dns-failure'
    | 'reset-before-headers'
    | 'close-before-headers'
    | 'hang'
    | 'drip'
    | 'huge-body'
  >,
): Promise<void> {
  const { pending, socket } = delivery;
  const compressed = kind === 'corrupt-gzip' || kind === 'truncated-gzip';
  const encoded = await encode(
    delivery.response,
    compressed ? false : delivery.acceptsGzip,
  );
  const whole = await bytesOf(encoded.body);
  const headers = { ...encoded.headers } as Record<string, string | string[]>;
  const half = whole.subarray(0, Math.floor(whole.length / 2));

  const answerWith = (body: Buffer) => {
    pending.answered(encoded.status, body.length, kind);
    res.writeHead(encoded.status, {
      ...headers,
      'Content-Length': String(body.length),
    });
    res.end(body);
  };
  const sendHalf = async (length: number | undefined) => {
    pending.answered(encoded.status, half.length, kind);
    res.writeHead(encoded.status, {
      ...headers,
      ...(length === undefined ? {} : { 'Content-Length': String(length) }),
    });
    // Without a callback of its own the write could still wait in this process.
    await new Promise<void>(resolve => {
      res.write(half.length > 0 ? half : ' ', () => resolve());
    });
  };

  switch (kind) {
    case 'truncate':
      answerWith(half);
      return;
    case 'corrupt-gzip':
    case 'truncated-gzip': {
      headers['Content-Encoding'] = 'gzip';
      const zipped = gzipSync(whole);
      const middle = Math.floor(zipped.length / 2);
      answerWith(
        kind === 'truncated-gzip'
          ? zipped.subarray(0, middle)
          : Buffer.concat([
              zipped.subarray(0, middle),
              zipped.subarray(middle).map(byte => byte ^ 0xff),
            ]),
      );
      return;
    }
    case 'hang-mid-body':
      await sendHalf(whole.length + 1);
      return;
    case 'reset-mid-body':
      await sendHalf(whole.length + 1);
      socket.resetAndDestroy();
      return;
    case 'short-body':
      await sendHalf(whole.length + 1);
      socket.end();
      return;
    case 'short-chunked':
      await sendHalf(undefined);
      socket.end();
      return;
  }
}

async function bytesOf(body: Buffer | Readable): Promise<Buffer> {
  if (Buffer.isBuffer(body)) {
    return body;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of body) {
    chunks.push(Buffer.from(chunk as Buffer));
  }
  return Buffer.concat(chunks);
}

const JSON_HEADERS = { 'Content-Type': 'application/json; charset=utf-8' };
const JSON_START = '{"count":1,"value":[';

async function drip(
  res: ServerResponse,
  { pending, signal }: Delivery,
): Promise<void> {
  res.writeHead(200, JSON_HEADERS);
  res.write(JSON_START);
  while (!signal.aborted) {
    await sleep(DRIP_MS, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) {
      res.write(' ');
      pending.sent(1);
    }
  }
}

async function sendHugeBody(
  res: ServerResponse,
  { pending, signal }: Delivery,
  bytes: number,
): Promise<void> {
  const chunk = Buffer.alloc(64 * 1024, 'a');
  res.writeHead(200, JSON_HEADERS);
  res.write(`${JSON_START}"`);
  for (let sent = 0; sent < bytes && !signal.aborted; sent += chunk.length) {
    pending.sent(chunk.length);
    if (!res.write(chunk)) {
      await new Promise<void>(resolve => {
        const done = () => {
          res.off('drain', done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        res.once('drain', done);
        signal.addEventListener('abort', done);
      });
    }
  }
  if (!signal.aborted) {
    res.end('"]}');
    await finished(res).catch(() => undefined);
  }
}
