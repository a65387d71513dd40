// Checks the package as it would be published:
//
//   npm run check:package
//
// packs it (which generates the schema and compares the API report), and then
// looks at what was packed. What is packed stays in .output/package.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { root } from './config-schema.mjs';
import { licences, readLicences } from './licences.mjs';

const require = createRequire(import.meta.url);
const folder = join(root, '.output', 'package');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const consumer = join(folder, 'consumer');
const unpacked = join(consumer, 'node_modules', manifest.name);
const failed = [];

rmSync(folder, { recursive: true, force: true });
mkdirSync(unpacked, { recursive: true });

function run(command, args, options = {}) {
  return execFileSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: 'pipe',
    ...options,
  });
}

/** Runs one check; `check` throws, or returns what is to be said of it. */
async function step(name, check) {
  try {
    const text = (await check()) ?? '';
    console.log(`ok      ${name}${text && `: ${text.trim()}`}`);
  } catch (error) {
    failed.push(name);
    console.log(
      `FAILED  ${name}\n${[error.message, error.stdout, error.stderr].filter(Boolean).join('\n')}`,
    );
  }
}

/** The script behind a command of a package. */
function binary(name, command) {
  const home = join(root, 'node_modules', name);
  const { bin } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  return join(home, typeof bin === 'string' ? bin : bin[command]);
}

function expectNone(what, found) {
  if (found.length > 0) throw new Error(`${what}:\n  ${found.join('\n  ')}`);
}

let tarball;
await step('packs, with the API of report.api.md', () => {
  const output = run('npm', ['pack', '--json', '--pack-destination', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // The scripts that run before it print as well.
  const packed = JSON.parse(output.slice(output.lastIndexOf('\n[\n') + 1));
  const [{ filename, size, unpackedSize, entryCount }] = packed;
  tarball = join(folder, filename);
  run('tar', ['xzf', tarball, '-C', unpacked, '--strip-components', '1']);
  return `${entryCount} files, ${Math.round(size / 1000)} kB, unpacked ${Math.round(unpackedSize / 1000)} kB`;
});
if (failed.length > 0) process.exit(1);

const files = readdirSync(unpacked, { recursive: true, encoding: 'utf8' });

await step('publint', () => {
  const output = run(process.execPath, [
    binary('publint', 'publint'),
    'run',
    tarball,
    '--strict',
  ]);
  if (!/All good!/.test(output)) throw new Error(output);
  return 'all good';
});

await step(
  'are-the-types-wrong',
  () =>
    /No problems found/.exec(
      run(process.execPath, [
        binary('@arethetypeswrong/cli', 'attw'),
        tarball,
        '--no-emoji',
      ]),
    )?.[0],
);

await step('the declarations compile with skipLibCheck false', () => {
  writeFileSync(
    join(consumer, 'index.ts'),
    `import { createBackend } from '@backstage/backend-defaults';
import {
  azureDevOpsUrlReaderFactory,
  catalogModuleAzureDevOps,
  catalogModuleAzureDevOpsLocationAnalyzer,
} from '${manifest.name}';

const whole = createBackend();
whole.add(import('${manifest.name}'));
const parts = createBackend();
parts.add(azureDevOpsUrlReaderFactory);
parts.add(catalogModuleAzureDevOps);
parts.add(catalogModuleAzureDevOpsLocationAnalyzer);
`,
  );
  const compilerOptions = {
    target: 'ES2022',
    module: 'esnext',
    moduleResolution: 'bundler',
    esModuleInterop: true,
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
  };
  writeFileSync(
    join(consumer, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['index.ts'] }),
  );
  run(process.execPath, [binary('typescript', 'tsc'), '-p', consumer]);
});

await step('a default import gives the feature, in both module systems', () => {
  const kind = 'console.log(feature.$$type)';
  const cjs = `const { default: feature } = require('${manifest.name}'); ${kind}`;
  const esm = `import feature, { catalogModuleAzureDevOps } from '${manifest.name}'; ${kind}`;
  for (const args of [
    ['--input-type=commonjs', '--eval', cjs],
    ['--input-type=module', '--eval', esm],
  ]) {
    const output = run(process.execPath, args, { cwd: consumer });
    if (output.trim() !== '@backstage/BackendFeature') throw new Error(output);
  }
});

await step('the command line starts', () =>
  run(process.execPath, [
    join(unpacked, manifest.bin['azure-devops-catalog']),
    '--version',
  ]),
);

await step('Backstage loads the schema, without TypeScript', async () => {
  const { loadConfigSchema } = require('@backstage/config-loader');
  const schema = await loadConfigSchema({
    dependencies: [],
    packagePaths: [join(unpacked, 'package.json')],
    excludePackageDependencies: true,
    noUndeclaredProperties: true,
  });
  const azureDevOps = { main: { organization: 'contoso' } };
  const data = { catalog: { providers: { azureDevOps } } };
  schema.process([{ context: 'a configuration', data }]);
  const [shown] = schema.process([{ context: 'a configuration', data }], {
    visibility: ['frontend'],
  });
  if (Object.keys(shown.data).length > 0) {
    throw new Error(`A frontend sees ${JSON.stringify(shown.data)}`);
  }
  expectNone(
    'Declarations of configuration',
    files.filter(file => file.endsWith('config.d.ts')),
  );
});

await step('no source map, and nothing that is not needed', () =>
  expectNone(
    'Not to be packed',
    files.filter(file =>
      /\.map$|\.tsbuildinfo$|(?<!^dist\/index)\.d\.ts$|\.(png|svg)$|^(src|dev|tests)\//.test(
        file,
      ),
    ),
  ),
);

await step(
  'what README and docs link to is in the package, or a full address',
  () => {
    const broken = [];
    for (const page of files.filter(file => file.endsWith('.md'))) {
      const text = readFileSync(join(unpacked, page), 'utf8');
      for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target)) {
          const isOurs = target.includes(manifest.name);
          if (isOurs && !target.startsWith(manifest.homepage)) {
            broken.push(`${page}: ${target} is not below ${manifest.homepage}`);
          }
          continue;
        }
        const [path, anchor] = target.split('#');
        const file = path ? join(dirname(page), path) : page;
        if (!existsSync(join(unpacked, file))) {
          broken.push(`${page}: ${target}`);
        } else if (
          anchor &&
          !anchorsOf(join(unpacked, file)).includes(anchor)
        ) {
          broken.push(`${page}: ${target} has no such section`);
        }
      }
    }
    expectNone('Links that lead nowhere', broken);
  },
);

function anchorsOf(file) {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(
    ([, heading]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
  );
}

await step('the licences of what it depends on are listed', () => {
  const listed = readFileSync(join(root, 'THIRD-PARTY-LICENSES.md'), 'utf8');
  if (listed !== licences()) {
    throw new Error(
      'THIRD-PARTY-LICENSES.md is not up to date: run `npm run licences`',
    );
  }
  const all = readLicences();
  expectNone(
    'Licences that are not permissive',
    all
      .filter(
        ({ licence }) =>
          !/^\(?(MIT|ISC|Apache-2\.0|BSD|0BSD|BlueOak|(Python|PSF)-2\.0|CC0|CC-BY|Unlicense|Artistic|WTFPL|Zlib)/.test(
            licence,
          ),
      )
      .map(({ name, licence }) => `${name}: ${licence}`),
  );
  return `${all.length} packages`;
});

if (process.argv.includes('--publish')) {
  await step('the address is that of a repository', () => {
    if (new URL(manifest.homepage).hostname === 'example.com') {
      throw new Error(
        'homepage, bugs and repository of package.json are placeholders: give them the address of the repository, and README too',
      );
    }
  });
}

console.log(
  failed.length > 0 ? `\nfailed: ${failed.join('; ')}` : '\nall good',
);
process.exit(failed.length > 0 ? 1 : 0);
