// Lists the licences of what the package depends on, in THIRD-PARTY-LICENSES.md.
//
//   npm run licences
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './config-schema.mjs';

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function licenceOf(path) {
  const { license, licenses } = readJson(join(root, path, 'package.json'));
  const found = license ?? licenses;
  return [found]
    .flat()
    .map(one => one?.type ?? one ?? 'unknown')
    .join(' OR ');
}

/** What an installation brings besides Backstage itself, which is there before: by the lockfile. */
export function readLicences() {
  const { packages } = readJson(join(root, 'package-lock.json'));
  const found = new Map();
  const visit = from => {
    for (const name of Object.keys(packages[from].dependencies ?? {})) {
      const path = find(name, from);
      if (name.startsWith('@backstage/') || found.has(path)) continue;
      found.set(path, { name, licence: licenceOf(path) });
      visit(path);
    }
  };
  const find = (name, from) => {
    const path = join(from, 'node_modules', name);
    if (path in packages) return path;
    return find(
      name,
      from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/'))),
    );
  };
  visit('');
  return [...found.values()];
}

/** The text of THIRD-PARTY-LICENSES.md: what package.json names, without versions, which an installation chooses. */
export function licences() {
  const { name, dependencies } = readJson(join(root, 'package.json'));
  const rows = Object.keys(dependencies).map(dependency => {
    const licence = licenceOf(join('node_modules', dependency));
    return `| [${dependency}](https://www.npmjs.com/package/${dependency}) | ${licence} |`;
  });
  return `# Licences of third parties

\`${name}\` contains no code of others. It depends on these packages, which npm installs beside it, each with its own licence in its folder:

| Package | Licence |
| --- | --- |
${rows.join('\n')}

What those outside Backstage depend on has permissive licences as well; \`npm run check:package\` looks at each.
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(root, 'THIRD-PARTY-LICENSES.md'), licences());
}
