import { createServer, connect, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A way to a PostgreSQL server that can be cut: in front of it as a proxy. */
export class PostgresGate {
  private readonly sockets = new Set<Socket>();
  private open = true;
  private trigger: { pattern: string; pull: () => void } | undefined;

  private constructor(
    private readonly server: Server,
    /** As the server's own, through the gate. */
    readonly url: string,
  ) {}

  static async before(postgresUrl: string): Promise<PostgresGate> {
    const target = new URL(postgresUrl);
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>(resolve => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    const url = new URL(postgresUrl);
    url.hostname = '127.0.0.1';
    url.port = String(port);
    const gate = new PostgresGate(server, url.toString());
    server.on('connection', client =>
      gate.pass(client, Number(target.port), target.hostname),
    );
    return gate;
  }

  /** Resolves when a statement that contains `pattern` is on its way: at that instant everything is cut. */
  cutAt(pattern: string): Promise<void> {
    return new Promise(resolve => {
      this.trigger = {
        pattern,
        pull: () => {
          this.cut();
          resolve();
        },
      };
    });
  }

  /** Breaks every connection, and refuses new ones. */
  cut(): void {
    this.open = false;
    for (const socket of this.sockets) {
      socket.destroy();
    }
  }

  restore(): void {
    this.open = true;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>(resolve => {
      this.server.close(() => resolve());
    });
  }

  private pass(client: Socket, port: number, host: string): void {
    if (!this.open) {
      client.destroy();
      return;
    }
    const upstream = connect(port, host);
    for (const socket of [client, upstream]) {
      this.sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', chunk => {
      const { trigger } = this;
      if (trigger && chunk.includes(trigger.pattern)) {
        this.trigger = undefined;
        trigger.pull();
      } else {
        upstream.write(chunk);
      }
    });
    upstream.on('data', chunk => client.write(chunk));
    client.on('end', () => upstream.end());
    upstream.on('end', () => client.end());
  }
}
