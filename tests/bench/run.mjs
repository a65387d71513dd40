// Builds what the benchmark runs, starts PostgreSQL, and runs it:
//
//   npm run bench -- --help
import { readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build } from 'esbuild';
import { root, runNode } from '../support/environment.mjs';

const output = join(root, '.cache', 'bench');

// Compiled ahead, as the package is: what runs TypeScript on the fly wraps
// functions, and would be measured along.
rmSync(output, { recursive: true, force: true });
const sources = [
  'src',
  'dev/simulator',
  'tests/bench',
  'tests/content',
  'tests/events',
  'tests/url-reader',
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
// What the sources look for beside their folder.
for (const name of ['migrations', 'package.json']) {
  symlinkSync(join(root, name), join(output, name));
}

process.exit(
  await runNode([
    '--expose-gc',
    '--no-warnings',
    join(output, 'tests', 'bench', 'main.js'),
    ...process.argv.slice(2),
  ]),
);
