import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import {
  labelOf,
  wireFaultOf,
  type FaultOptions,
  type WireFault,
} from '../faults';
import type { SimulatedResponse } from '../http';
import type { PendingRequest } from '../requests';
import { encode } from './encode';

// How answers get onto the wire, whole or damaged.

/** An answer on its way to the client. */
interface Delivery {
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

const GIGABYTE = 1024 ** 3;
/** Between two bytes of a `drip`. */
const DRIP_MS = 100;
const JSON_HEADERS = { 'Content-Type': 'application/json; charset=utf-8' };
const JSON_START = '{"count":1,"value":[';

/** Sends an answer, or does to the connection what a fault asks for. */
export async function deliver(
  res: ServerResponse,
  delivery: Delivery,
): Promise<void> {
  const { response, fault, pending, acceptsGzip } = delivery;
  const kind = fault && wireFaultOf(fault);
  if (kind) {
    await damage(res, delivery, kind);
    return;
  }
  const { headers, body } = await encode(response, acceptsGzip);
  pending.answered(response.status, body.length, fault && labelOf(fault));
  // Nothing after the headers of these, by HTTP's own rule.
  const isBodiless = response.status === 204 || response.status === 304;
  res.writeHead(response.status, {
    ...headers,
    ...(isBodiless ? {} : { 'Content-Length': String(body.length) }),
  });
  res.end(body);
}

/** Does to a connection, or to the bytes of an answer, what a fault asks for. */
async function damage(
  res: ServerResponse,
  delivery: Delivery,
  kind: WireFault,
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
      await sendHugeBody(res, delivery);
      return;
    default:
      await damageBody(res, delivery, kind);
  }
}

/** Sends a part of the body, or other bytes, and then goes, waits, or ends as if that were all. */
async function damageBody(
  res: ServerResponse,
  { response, pending, socket, acceptsGzip }: Delivery,
  kind: WireFault,
): Promise<void> {
  const isGzip = kind === 'corrupt-gzip' || kind === 'truncated-gzip';
  const { headers, body } = await encode(response, acceptsGzip && !isGzip);
  const whole = isGzip ? gzipSync(body) : body;
  const middle = Math.floor(whole.length / 2);
  const half = whole.subarray(0, middle);
  const sent =
    kind === 'corrupt-gzip'
      ? Buffer.concat([half, whole.subarray(middle).map(byte => byte ^ 0xff)])
      : half;
  // What is complete as far as HTTP goes has the length of what is sent.
  const isComplete = isGzip || kind === 'truncate';
  const length = isComplete ? sent.length : whole.length + 1;
  pending.answered(response.status, sent.length, kind);
  res.writeHead(response.status, {
    ...headers,
    ...(isGzip ? { 'Content-Encoding': 'gzip' } : {}),
    ...(kind === 'short-chunked' ? {} : { 'Content-Length': String(length) }),
  });
  if (isComplete) {
    res.end(sent);
    return;
  }
  // Without a callback of its own the write could still wait in this process.
  await new Promise<void>(resolve => {
    res.write(sent.length > 0 ? sent : ' ', () => resolve());
  });
  if (kind === 'reset-mid-body') {
    socket.resetAndDestroy();
  } else if (kind !== 'hang-mid-body') {
    socket.end();
  }
}

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
  { fault, pending, signal }: Delivery,
): Promise<void> {
  const bytes = fault?.bytes ?? 2 * GIGABYTE;
  const chunk = Buffer.alloc(64 * 1024, 'a');
  res.writeHead(200, JSON_HEADERS);
  res.write(`${JSON_START}"`);
  for (let sent = 0; sent < bytes && !signal.aborted; sent += chunk.length) {
    pending.sent(chunk.length);
    if (!res.write(chunk)) {
      // Rejects when the client has gone.
      await once(res, 'drain', { signal }).catch(() => undefined);
    }
  }
  if (!signal.aborted) {
    res.end('"]}');
    await finished(res).catch(() => undefined);
  }
}
