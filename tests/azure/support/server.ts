import {
  createServer as createPlainServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { join } from 'node:path';
import { CertificateAuthority } from '../../../dev/simulator/certificates/authority';

/** A server on loopback, with what it has seen. */
export interface LocalServer {
  readonly port: number;
  readonly requests: IncomingMessage[];
  readonly sockets: ReadonlySet<Socket>;
  close(): Promise<void>;
}

const ITEMS = 'fb93c0db-47ed-4a31-8c20-47552878fb44';
const REPOSITORIES = '225f7195-f9c7-4d14-ab28-a83f7ff77e1f';

/** What the service answers when it is asked which resources it has. */
export const LOCATIONS = {
  count: 2,
  value: [
    location(
      ITEMS,
      'items',
      '{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{*path}',
    ),
    location(
      REPOSITORIES,
      'repositories',
      '{project}/_apis/{area}/{resource}/{repositoryId}',
    ),
  ],
};

function location(id: string, resourceName: string, routeTemplate: string) {
  return {
    id,
    area: 'git',
    resourceName,
    routeTemplate,
    resourceVersion: 1,
    minVersion: '1.0',
    maxVersion: '7.2',
    releasedVersion: '7.1',
  };
}

export const ITEM = {
  objectId: '8524aaf14a12f0fb7346501e6d6ac86270ba0ab5',
  gitObjectType: 'blob',
  commitId: '847c61c2c2bd822f3733b98b97fdbb93b40a1c27',
  path: '/catalog-info.yaml',
  content: 'kind: Component\n',
  contentMetadata: { encoding: 65001, fileName: 'catalog-info.yaml' },
};

export function sendJson(response: ServerResponse, body: unknown): void {
  const text = JSON.stringify(body);
  response
    .writeHead(200, {
      'Content-Type': 'application/json; charset=utf-8; api-version=7.1',
      'Content-Length': Buffer.byteLength(text),
    })
    .end(text);
}

/** An HTTP server, with TLS for `localhost` unless it is to be plain. */
export async function serve(
  listener: RequestListener,
  { plain = false } = {},
): Promise<LocalServer> {
  const requests: IncomingMessage[] = [];
  const noted: RequestListener = (request, response) => {
    requests.push(request);
    listener(request, response);
  };
  if (plain) {
    return await listening(createPlainServer(noted), requests);
  }
  const authority = await CertificateAuthority.ensure(
    process.env.SIMULATOR_CA_DIRECTORY ?? join(process.cwd(), '.cache', 'ca'),
  );
  const server = createSecureServer(
    { SNICallback: (host, done) => done(null, authority.secureContext(host)) },
    noted,
  );
  return await listening(server, requests);
}

/** A server that answers discovery as it should, and everything else with the given handler. */
export async function serveApi(
  listener: RequestListener,
): Promise<LocalServer> {
  return await serve((request, response) => {
    if (request.method === 'OPTIONS') {
      sendJson(response, LOCATIONS);
    } else {
      listener(request, response);
    }
  });
}

/** A server that need not answer in HTTP. */
export async function serveTcp(
  onConnection: (socket: Socket) => void,
): Promise<LocalServer> {
  return await listening(createTcpServer(onConnection), []);
}

interface LocalProxy extends LocalServer {
  /** The targets of CONNECT, in order. */
  readonly connects: string[];
  /** Their `Proxy-Authorization`. */
  readonly authorizations: Array<string | undefined>;
}

/** A CONNECT proxy that leads everything to one port of loopback. */
export async function serveProxy(targetPort: number): Promise<LocalProxy> {
  const connects: string[] = [];
  const authorizations: Array<string | undefined> = [];
  const server = createPlainServer();
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    connects.push(request.url ?? '');
    authorizations.push(request.headers['proxy-authorization']);
    const upstream = connect(targetPort, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    for (const end of [socket, upstream]) {
      end.on('error', () => {
        socket.destroy();
        upstream.destroy();
      });
    }
    socket.on('close', () => upstream.destroy());
  });
  return { ...(await listening(server, [])), connects, authorizations };
}

async function listening(
  server: Server,
  requests: IncomingMessage[],
): Promise<LocalServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    sockets,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Closes the servers that a test has made. */
export class LocalServers {
  readonly #open: LocalServer[] = [];

  async add<T extends LocalServer>(server: Promise<T>): Promise<T> {
    const started = await server;
    this.#open.push(started);
    return started;
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map(server => server.close()));
  }
}
