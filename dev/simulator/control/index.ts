import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Simulator } from '../simulator';
import { Arguments } from './arguments';
import type { Operation } from './operation';
import { OPERATIONS } from './operations';

/**
 * The control interface over HTTP: `POST /{operation}` with the arguments as a
 * JSON object; `GET /` tells what there is. 200 with the result, 400 with
 * `{ "error": "..." }` for what cannot be done.
 */
export class Control {
  readonly server: Server;
  readonly #simulator: Simulator;

  constructor(simulator: Simulator) {
    this.#simulator = simulator;
    this.server = createServer((req, res) => void this.#handle(req, res));
  }

  async #handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      if (req.headers.origin !== undefined) {
        // A page in a browser of this machine could come this far.
        return send(res, 403, {
          error: 'The control interface is not for web pages',
        });
      }
      const name = new URL(req.url ?? '/', 'http://localhost').pathname.slice(
        1,
      );
      const isOverview = req.method === 'GET' && name === '';
      const operation = isOverview ? OPERATIONS['describe'] : operationOf(name);
      if (!operation || (req.method !== 'POST' && !isOverview)) {
        return send(res, 404, {
          error: `There is no operation '${req.method} /${name}'; GET / lists them, POST /{operation} does one`,
        });
      }
      const args = new Arguments(await bodyOf(req), operation.takes);
      send(res, 200, operation.run(this.#simulator, args) ?? {});
    } catch (error) {
      // Everything that goes wrong in an operation is about what was asked for.
      send(res, 400, {
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }
}

function operationOf(name: string): Operation | undefined {
  return Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
}

async function bodyOf(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) {
    chunks.push(Buffer.from(chunk as Buffer));
  }
  const text = Buffer.concat(chunks).toString();
  if (text.trim() === '') {
    return {};
  }
  return JSON.parse(text);
}

function send(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' });
  res.end(`${JSON.stringify(body)}\n`);
}
