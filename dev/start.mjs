// `npm start`: see `npm start -- --help`, or the README.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (!existsSync(join(root, 'node_modules', 'tsx'))) {
  console.error('The dependencies are not installed; run `npm ci` first.');
  process.exit(1);
}

const tsx = await import('tsx/cjs/api');
const { run } = tsx.require('./supervisor.ts', import.meta.url);
process.exit(await run(process.argv.slice(2), process.env));
