import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { AUTHORITY_HOSTS } from './entra/authority';

const HOSTS: readonly string[] = [
  'dev.azure.com',
  'almsearch.dev.azure.com',
  ...AUTHORITY_HOSTS,
];

/** Whether the simulator is this host, behind its proxy. */
function isSimulatedHost(host: string): boolean {
  const name = host.toLowerCase();
  return HOSTS.includes(name) || name.endsWith('.visualstudio.com');
}

/** A proxy that knows CONNECT alone, and leads every host that is simulated to one TLS server. */
export function connectProxy(options: {
  readonly tunnels: TlsServer;
  /** Answers instead of a tunnel: `undefined` to go on. */
  readonly answerInstead: (host: string) => string | undefined;
}): Server {
  const server = createServer((_req, res) => {
    res.writeHead(501, { 'Content-Type': 'text/plain' });
    res.end('This proxy knows CONNECT alone: use it for https addresses.\n');
  });
  server.on('connect', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    const [host = '', port = '443'] = (req.url ?? '').split(':');
    const answer =
      options.answerInstead(host) ??
      (isSimulatedHost(host) && port === '443'
        ? undefined
        : plainAnswer(
            '403 Forbidden',
            `This proxy leads to the Azure DevOps simulator alone, not to ${host}:${port}. Name such hosts in NO_PROXY.`,
          ));
    if (answer !== undefined) {
      socket.end(answer);
      return;
    }
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    if (head.length > 0) {
      socket.unshift(head);
    }
    options.tunnels.emit('connection', socket);
  });
  return server;
}

/** A whole answer, as text, to a CONNECT that gets no tunnel. */
export function plainAnswer(status: string, text: string): string {
  return [
    `HTTP/1.1 ${status}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text) + 1}`,
    'Connection: close',
    '',
    `${text}\n`,
  ].join('\r\n');
}
