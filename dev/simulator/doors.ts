import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import {
  createServer as createTlsServer,
  type Server as TlsServer,
} from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { CertificateAuthority } from './certificates/authority';
import type { SimulatedRequest } from './http';

// The ways in: sockets and TLS here, meaning elsewhere.

/** What a door hands on: the request, and where its answer goes. */
export interface Arrival {
  readonly request: SimulatedRequest;
  readonly response: ServerResponse;
  /** The TCP connection under all layers. */
  readonly socket: Socket;
  readonly signal: AbortSignal;
}

type ArrivalHandler = (arrival: Arrival) => void;

/** Larger request bodies are cut off: nothing here takes more. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;

/** How long a connection is kept without requests, and how long a request may take. */
const PATIENT = { keepAliveTimeout: 65_000, requestTimeout: 0 };

/** Everything that listens, so that it can be shut at once. */
export class Doors {
  readonly #servers = new Set<Server | TlsServer>();
  readonly #sockets = new Set<Socket>();
  /** By the client's port: TLS hides the connection beneath it. */
  readonly #byRemotePort = new Map<number, Socket>();

  /** Listens on loopback, on any free port. */
  async listen(server: Server | TlsServer): Promise<number> {
    server.on('connection', (socket: Socket) => this.#keep(socket));
    this.#servers.add(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = [...this.#servers].map(
      server =>
        new Promise<void>(resolve => {
          server.close(() => resolve());
        }),
    );
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await Promise.all(closed);
  }

  /** Cuts every connection that is open now. */
  reset(): void {
    for (const socket of this.#sockets) {
      socket.resetAndDestroy();
    }
  }

  /** A server without TLS. */
  plain(door: SimulatedRequest['door'], handle: ArrivalHandler): Server {
    return createServer(PATIENT, (req, res) =>
      this.#arrive(req, res, { door, scheme: 'http' }, handle),
    );
  }

  /** A server that shows a certificate for whatever name it is called by. */
  secure(
    door: SimulatedRequest['door'],
    authority: CertificateAuthority,
    handle: ArrivalHandler,
  ): TlsServer {
    const server = createTlsServer(
      {
        ...PATIENT,
        SNICallback: (name, callback) =>
          callback(null, authority.secureContext(name)),
        ...authority.certificateFor('localhost'),
      },
      (req, res) => this.#arrive(req, res, { door, scheme: 'https' }, handle),
    );
    // Clients that do not trust the certificate, or leave while greeting.
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    return server;
  }

  #keep(socket: Socket): void {
    if (this.#sockets.has(socket)) {
      return;
    }
    const port = socket.remotePort;
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    if (port !== undefined) {
      this.#byRemotePort.set(port, socket);
    }
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (port !== undefined && this.#byRemotePort.get(port) === socket) {
        this.#byRemotePort.delete(port);
      }
    });
  }

  #arrive(
    req: IncomingMessage,
    res: ServerResponse,
    how: { door: SimulatedRequest['door']; scheme: string },
    handle: ArrivalHandler,
  ): void {
    const ended = new AbortController();
    res.once('close', () => ended.abort());
    const chunks: Buffer[] = [];
    let size = 0;
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_REQUEST_BYTES) {
        req.destroy();
      } else {
        chunks.push(chunk);
      }
    });
    req.on('end', () => {
      const base = `${how.scheme}://${req.headers.host ?? 'localhost'}`;
      if (!URL.canParse(req.url ?? '', base)) {
        res.writeHead(400, { 'Content-Type': 'text/plain' });
        res.end('Bad Request');
        return;
      }
      const socket =
        this.#byRemotePort.get(req.socket.remotePort ?? -1) ?? req.socket;
      handle({
        response: res,
        socket,
        signal: ended.signal,
        request: {
          method: req.method ?? 'GET',
          url: new URL(req.url ?? '', base),
          headers: req.headers as Record<string, string | undefined>,
          body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks),
          door: how.door,
          signal: ended.signal,
        },
      });
    });
  }
}
