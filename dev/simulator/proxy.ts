import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Duplex } from 'node:stream';

const HOSTS: readonly string[] = [
  'dev.azure.com',
  'almsearch.dev.azure.com',
  'login.microsoftonline.com',
  // Entra's other names.
  'login.microsoft.com',
  'login.windows.net',
  'sts.windows.net',
];

/** Whether the simulator is this host, behind its proxy. */
export function isSimulatedHost(host: string): boolean {
  const name = host.toLowerCase();
  return HOSTS.includes(name) || name.endsWith('.visualstudio.com');
}

export interface ProxyOptions {
  /** Who may use it; without, everybody. */
  readonly credentials?: {
    readonly username: string;
    readonly password: string;
  };
}

/** What the proxy was asked for. */
export interface ProxyCounters {
  connects: number;
  refused: number;
}

/** A proxy that knows CONNECT alone, and leads every host that is simulated to one TLS server. */
export function connectProxy(options: {
  readonly tunnels: TlsServer;
  readonly proxy: ProxyOptions;
  readonly counters: ProxyCounters;
  /** Answers instead of a tunnel: `undefined` to go on. */
  readonly refuse: (host: string, socket: Duplex) => string | undefined;
}): Server {
  const server = createServer((_req, res) => {
    res.writeHead(501, { 'Content-Type': 'text/plain' });
    res.end('This proxy knows CONNECT alone: use it for https addresses.\n');
  });
  server.on('connect', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { counters, tunnels } = options;
    counters.connects += 1;
    const [host = '', port = '443'] = (req.url ?? '').split(':');
    const answer =
      refusalFor(req, options.proxy) ??
      options.refuse(host, socket) ??
      (isSimulatedHost(host) && port === '443'
        ? undefined
        : plainAnswer(
            '403 Forbidden',
            `This proxy leads to the Azure DevOps simulator alone, not to ${host}:${port}. Name such hosts in NO_PROXY.`,
          ));
    if (answer !== undefined) {
      counters.refused += 1;
      socket.end(answer);
      return;
    }
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    if (head.length > 0) {
      socket.unshift(head);
    }
    tunnels.emit('connection', socket);
  });
  return server;
}

function refusalFor(
  req: IncomingMessage,
  { credentials }: ProxyOptions,
): string | undefined {
  if (!credentials) {
    return undefined;
  }
  const expected = Buffer.from(
    `${credentials.username}:${credentials.password}`,
  ).toString('base64');
  return req.headers['proxy-authorization'] === `Basic ${expected}`
    ? undefined
    : plainAnswer(
        '407 Proxy Authentication Required',
        'This proxy asks for a user name and a password.',
        'Proxy-Authenticate: Basic realm="simulator"',
      );
}

/** A whole answer, as text, to a CONNECT that gets no tunnel. */
export function plainAnswer(
  status: string,
  text: string,
  ...headers: string[]
): string {
  return [
    `HTTP/1.1 ${status}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text) + 1}`,
    'Connection: close',
    ...headers,
    '',
    `${text}\n`,
  ].join('\r\n');
}
