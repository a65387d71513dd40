// Runs Jest, with what its tests need in place:
//
//   npm test                    all of them
//   npm test -- tests/ledger    those of a folder or file
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root, runNode } from './support/environment.mjs';

const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
if (!existsSync(jest)) {
  console.error('Jest is not installed; run `npm ci` first.');
  process.exit(1);
}
process.exit(
  await runNode([
    '--experimental-vm-modules',
    '--no-warnings',
    jest,
    ...process.argv.slice(2),
  ]),
);
