import type { LoggerService } from '@backstage/backend-plugin-api';
import type { Config } from '@backstage/config';
import type { Dispatcher } from 'undici';
import { createAzureDevOpsClients } from '../azure/clients';
import { createConnections } from '../azure/connections';
import type { AzureDevOpsClients } from '../azure/types';
import { createCredentialDirectory } from '../credentials/directory';
import type { CredentialDirectory } from '../credentials/types';
import { type Io, widthOf } from './io';
import type { Progress } from './progress';
import { hanging } from './text';

/** What commands reach organizations with. */
export interface Session {
  readonly credentials: CredentialDirectory;
  /** For people who wait: refused rather than kept waiting for long. */
  readonly clients: AzureDevOpsClients;
  /** For requests that the clients have no use for. */
  readonly dispatcher: Dispatcher;
  close(): Promise<void>;
}

/** Milliseconds for connecting, through a proxy or not. */
const CONNECT_TIMEOUT = 10_000;

/** @throws what `@backstage/integration` throws when `integrations.azure` is not valid. */
export function openSession(
  config: Config,
  io: Io,
  progress: Progress,
): Session {
  const logger = createLogger(io, progress);
  const credentials = createCredentialDirectory({
    config,
    logger,
    now: io.now,
  });
  const pool = createAzureDevOpsClients({ credentials, logger });
  const { kept, fresh } = createConnections(
    { sockets: 4, connectMs: CONNECT_TIMEOUT },
    io.env,
  );
  return {
    credentials,
    clients: pool.interactive,
    dispatcher: fresh,
    close: async () => {
      await Promise.all([pool.close(), kept.destroy(), fresh.destroy()]);
    },
  };
}

/** Warnings and errors go to standard error, the rest nowhere: what matters is in the output. */
function createLogger({ stderr }: Io, progress: Progress): LoggerService {
  const write = (level: string, message: string) => {
    progress.clear();
    stderr.write(`${hanging(`${level}: `, message, widthOf(stderr))}\n`);
  };
  const logger: LoggerService = {
    error: message => write('error', message),
    warn: message => write('warning', message),
    info: () => {},
    debug: () => {},
    child: () => logger,
  };
  return logger;
}
