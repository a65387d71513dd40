// Bundles the web app, once for each state of its sources and dependencies, and
// prints the folder that it lies in: `index.html`, which still lacks its
// configuration, and `static/`.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const directory = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(directory));
const entryPoint = join(directory, 'src', 'index.tsx');

/** Of everything that the bundle is made from: change any of it and the key changes. */
function key() {
  const hash = createHash('sha256');
  const sources = readdirSync(join(directory, 'src'), { recursive: true })
    .map(name => join(directory, 'src', name))
    .sort();
  for (const file of [
    ...sources,
    join(directory, 'index.html'),
    fileURLToPath(import.meta.url),
    join(root, 'package-lock.json'),
  ]) {
    hash.update(relative(root, file)).update('\0').update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}

/** What index.html has to load, as esbuild names it. */
function bundleTags(metafile) {
  const [entry, output] = Object.entries(metafile.outputs).find(
    ([, candidate]) =>
      candidate.entryPoint === relative(root, entryPoint).replaceAll(sep, '/'),
  );
  const tags = [
    `<script type="module" src="/static/${basename(entry)}"></script>`,
  ];
  if (output.cssBundle) {
    tags.push(
      `<link rel="stylesheet" href="/static/${basename(output.cssBundle)}" />`,
    );
  }
  return tags.join('\n    ');
}

async function bundle(target) {
  const { build } = await import('esbuild');
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entryPoint],
    outdir: join(target, 'static'),
    entryNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    minify: true,
    metafile: true,
    publicPath: '/static',
    logLevel: 'error',
    define: {
      'process.env.NODE_ENV': '"production"',
      // Backstage looks for a configuration compiled into the bundle; ours is in the page.
      'process.env.APP_CONFIG': 'undefined',
      'process.env': '{}',
      global: 'globalThis',
    },
    alias: {
      // The catalog's export button takes the build for Node, which wants streams; this is the same code for browsers.
      'csv-stringify/lib/sync': 'csv-stringify/lib/browser/sync.js',
    },
    loader: {
      '.svg': 'file',
      '.png': 'file',
      '.gif': 'file',
      '.jpg': 'file',
      '.woff': 'file',
      '.woff2': 'file',
      '.ttf': 'file',
      '.eot': 'file',
    },
  });
  const html = readFileSync(join(directory, 'index.html'), 'utf8');
  writeFileSync(
    join(target, 'index.html'),
    html.replace('<!-- bundle -->', bundleTags(metafile)),
  );
}

const cache = join(root, '.cache', 'app');
const target = join(cache, key());
if (!existsSync(target)) {
  console.error('Building the web app, which takes some seconds ...');
  // Bundled aside and renamed, so that what is there is complete, also when two starts meet.
  const draft = `${target}.${process.pid}`;
  mkdirSync(cache, { recursive: true });
  try {
    await bundle(draft);
    for (const name of readdirSync(cache)) {
      if (!name.startsWith(basename(target))) {
        rmSync(join(cache, name), { recursive: true, force: true });
      }
    }
    try {
      renameSync(draft, target);
    } catch (error) {
      if (!existsSync(target)) throw error;
    }
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
console.log(relative(root, target));
