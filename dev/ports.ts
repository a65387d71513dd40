import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { StartError } from './settings';

/** Where the development backend listens: on loopback only, since nobody has to sign in. */
export const LISTEN_HOST = '127.0.0.1';

/** How the backend's process ends when another process has taken its port meanwhile. */
export const PORT_TAKEN = 98;

/** Whether an error, or what caused it, is that a port is occupied. */
export function isPortTaken(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as NodeJS.ErrnoException;
  return code === 'EADDRINUSE' || (cause !== undefined && isPortTaken(cause));
}

/**
 * A port that can be listened on: the one that is wanted, or any other where
 * that one is occupied. It may be taken before it is used: then another has
 * to be chosen.
 */
export async function choosePort(wanted: number): Promise<number> {
  try {
    return await tryPort(wanted);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EADDRINUSE') return await tryPort(0);
    throw new StartError(
      `Cannot listen on port ${wanted} of ${LISTEN_HOST}: ${code}. Choose another with --port.`,
    );
  }
}

async function tryPort(port: number): Promise<number> {
  const server = createServer();
  server.listen(port, LISTEN_HOST);
  await once(server, 'listening');
  const { port: chosen } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return chosen;
}
