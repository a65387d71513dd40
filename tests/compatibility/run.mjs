// Installs the packed module into minimal backends of Backstage's release lines,
// as a user would, starts them against the simulator and prints what works:
//
//   npm run test:compatibility                      the oldest and the newest line
//   npm run test:compatibility -- --all             every line, on every version of Node.js
//   npm run test:compatibility -- --line 1.49 --node 22
//
// How it goes about it, and how a line is added: tests/compatibility/README.md.
import { runNode } from '../support/environment.mjs';

process.exit(
  await runNode([
    '--no-warnings',
    '--import',
    'tsx',
    'tests/compatibility/main.ts',
    ...process.argv.slice(2),
  ]),
);
