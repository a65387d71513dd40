// Before packing, after the build: the schema as JSON, the API report compared
// with report.api.md, and one file of declarations with what is exported.
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, writeSchema } from './config-schema.mjs';

await writeSchema();

const extractor = join(
  root,
  'node_modules/@microsoft/api-extractor/bin/api-extractor',
);
try {
  execFileSync(
    process.execPath,
    [
      extractor,
      'run',
      '--config',
      join(root, 'dev/package/api-extractor.json'),
    ],
    { encoding: 'utf8', stdio: 'pipe' },
  );
} catch (error) {
  console.error(`${error.stdout}${error.stderr}`);
  console.error(
    'The public API is not that of report.api.md: run `npm run api`, and look at what has changed.',
  );
  process.exit(1);
}

const dist = join(root, 'dist');
for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  if (name.endsWith('.d.ts') && name !== 'index.d.ts') {
    rmSync(join(dist, name));
  }
}
