// Makes config.schema.json of config.d.ts, as Backstage's own packages do when
// they are packed: a backend that finds a config.d.ts loads TypeScript at every
// start to compile it, which costs it seconds and more than 100 MiB.
//
//   npm run schema    writes it; with `-- --print` prints it
import { readFileSync, writeFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's folder. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const { loadConfigSchema } = createRequire(import.meta.url)(
  '@backstage/config-loader',
);

/** The schema of config.d.ts as Backstage compiles it, in the form that packages ship. */
async function compileSchema() {
  // Within the package, so that what config.d.ts imports is found.
  const folder = await mkdtemp(join(root, '.cache-schema-'));
  try {
    const manifest = JSON.parse(
      readFileSync(join(root, 'package.json'), 'utf8'),
    );
    await copyFile(join(root, 'config.d.ts'), join(folder, 'config.d.ts'));
    await writeFile(
      join(folder, 'package.json'),
      JSON.stringify({ name: manifest.name, configSchema: 'config.d.ts' }),
    );
    const schema = await loadConfigSchema({
      dependencies: [],
      packagePaths: [join(folder, 'package.json')],
    });
    const { schemas } = schema.serialize();
    return schemas[0].value;
  } finally {
    await rm(folder, { recursive: true });
  }
}

export async function writeSchema() {
  writeFileSync(join(root, 'config.schema.json'), await schemaText());
}

async function schemaText() {
  return `${JSON.stringify(await compileSchema(), null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--print')) {
    process.stdout.write(await schemaText());
  } else {
    await writeSchema();
  }
}
