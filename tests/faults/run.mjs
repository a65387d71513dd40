// Prints the fault table, and writes it to .output/faults.json:
//
//   npm run test:faults                  every row, with a few kill points and interleavings
//   npm run test:faults -- --full        with all of them: 50 kills, and a database gone for a whole minute
//   npm run test:faults -- --only 429    the rows whose group or name matches
//   npm run test:faults -- --at-once 1   one row after another; two are run at once if left out
import { runNode } from '../support/environment.mjs';

process.exit(
  await runNode([
    '--no-warnings',
    '--import',
    'tsx',
    'tests/faults/main.ts',
    ...process.argv.slice(2),
  ]),
);
