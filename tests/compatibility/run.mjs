// Installs the packed module into minimal backends of Backstage's release lines,
// as a user would, starts them against the simulator and prints what works:
//
//   npm run test:compatibility                      the oldest and the newest line
//   npm run test:compatibility -- --all             every line, on every version of Node.js
//   npm run test:compatibility -- --line 1.49 --node 22
//
// or tries it in other ways, on the oldest and the newest line:
//
//   npm run test:compatibility -- --first-hour      as the README says, with three mistakes on the way
//   npm run test:compatibility -- --yarn            the README's commands, in a repository with Yarn
//   npm run test:compatibility -- --dynamic-plugin  exported for Red Hat Developer Hub
//
// How it goes about it, and how a line is added: tests/compatibility/README.md.
import { runNode } from '../support/environment.mjs';

// The simulator's authority takes the place of the machine's, which Yarn needs.
const { NODE_EXTRA_CA_CERTS } = process.env;
if (NODE_EXTRA_CA_CERTS) {
  process.env.YARN_HTTPS_CA_FILE_PATH ??= NODE_EXTRA_CA_CERTS;
}

process.exit(
  await runNode([
    '--no-warnings',
    '--import',
    'tsx',
    'tests/compatibility/main.ts',
    ...process.argv.slice(2),
  ]),
);
