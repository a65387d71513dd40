import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { labelOf, wireFaultOf } from '../faults';
import { damage } from './damage';
import { encode, type Delivery } from './encode';

// How answers get onto the wire, whole or damaged.

/** Sends an answer, or does to the connection what a fault asks for. */
export async function deliver(
  res: ServerResponse,
  delivery: Delivery,
): Promise<void> {
  const { fault } = delivery;
  const wireFault = fault && wireFaultOf(fault);
  if (wireFault) {
    await damage(res, delivery, wireFault, fault);
  } else {
    await send(res, delivery);
  }
}

async function send(res: ServerResponse, delivery: Delivery): Promise<void> {
  const { status, headers, body } = await encode(
    delivery.response,
    delivery.acceptsGzip,
  );
  const label = delivery.fault && labelOf(delivery.fault);
  if (Buffer.isBuffer(body)) {
    delivery.pending.answered(status, body.length, label);
    res.writeHead(status, {
      ...headers,
      // Nothing after the headers of these, by HTTP's own rule.
      ...(status !== 204 && status !== 304
        ? { 'Content-Length': String(body.length) }
        : {}),
    } as Record<string, string | string[]>);
    res.end(body);
    return;
  }
  delivery.pending.answered(status, 0, label);
  res.writeHead(status, headers as Record<string, string | string[]>);
  body.on('data', (chunk: Buffer) => delivery.pending.sent(chunk.length));
  await pipeline(body, res);
}
