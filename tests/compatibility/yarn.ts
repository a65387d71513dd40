import { execFile } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { npmInstall } from './npm';
import { HOST, type Line } from './host';

/** Yarn, as its npm package has it. @returns the folder of its command */
export async function makeYarn(directory: string): Promise<string> {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{}');
  await npmInstall(directory, '@yarnpkg/cli-dist@4');
  return join(directory, 'node_modules', '.bin');
}

/** Runs a command in a folder, with these folders before the others of PATH. */
export async function run(
  directory: string,
  paths: readonly string[],
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ code: number; output: string }> {
  const { NODE_ENV: _, NODE_OPTIONS: __, ...rest } = process.env;
  const PATH = [...paths, dirname(process.execPath), rest.PATH].join(delimiter);
  return await promisify(execFile)(command, [...args], {
    cwd: directory,
    env: { ...rest, ...environment, PATH },
    maxBuffer: 64 * 1024 * 1024,
  }).then(
    ({ stdout, stderr }) => ({ code: 0, output: `${stdout}${stderr}` }),
    (error: { code?: unknown; stdout?: string; stderr?: string }) => ({
      code: Number(error.code ?? 1) || 1,
      output: `${error.stdout}${error.stderr}`,
    }),
  );
}

/** @throws with what it printed, where it fails */
export async function runWell(...args: Parameters<typeof run>) {
  const { code, output } = await run(...args);
  if (code !== 0) {
    throw new Error(`${args[2]} ${args[3].join(' ')}: ${code}\n${output}`);
  }
  return output;
}

/** What makes a folder a project of Yarn's, with the linker that Backstage repositories have. */
export function writeYarnSettings(directory: string): void {
  writeFileSync(
    join(directory, '.yarnrc.yml'),
    'nodeLinker: node-modules\nenableTelemetry: false\nenableScripts: false\n',
  );
  appendFileSync(join(directory, 'yarn.lock'), '');
}

/**
 * Makes a Backstage repository of a release line, as `@backstage/create-app` lays
 * it out, its lock file holding Backstage's packages to the versions of the line.
 */
export async function makeRepository(
  line: Line,
  yarn: string,
  directory: string,
): Promise<void> {
  const backend = join(directory, 'packages', 'backend');
  mkdirSync(backend, { recursive: true });
  cpSync(HOST, backend, { recursive: true });
  writeYarnSettings(directory);
  writeFileSync(
    join(backend, 'package.json'),
    JSON.stringify({
      name: 'backend',
      version: '0.0.0',
      private: true,
      backstage: { role: 'backend' },
      // The others are there because these ask for them.
      dependencies: Object.fromEntries(
        Object.entries(line.packages).filter(([name]) =>
          /backend-defaults$|plugin-catalog-backend$/.test(name),
        ),
      ),
    }),
  );
  const root = { name: 'root', private: true, workspaces: ['packages/*'] };
  const write = (manifest: object) =>
    writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest));
  // Yarn asks for each range by itself, and takes the newest: the lock file is
  // made with resolutions, and then written as one of that time would be.
  write({ ...root, resolutions: line.packages });
  const lockOnly = ['install', '--mode=update-lockfile'];
  await runWell(directory, [yarn], 'yarn', lockOnly);
  const lock = join(directory, 'yarn.lock');
  writeFileSync(lock, withRanges(readFileSync(lock, 'utf8'), line.packages));
  write(root);
  await runWell(directory, [yarn], 'yarn', ['install']);
}

/** The lock file, in which each held version is the answer to all ranges that are asked for. */
function withRanges(
  lock: string,
  packages: Readonly<Record<string, string>>,
): string {
  return Object.entries(packages).reduce((text, [name, version]) => {
    const asked = [
      ...text.matchAll(
        new RegExp(`^    "?${name}"?: "?(npm:[^"\\n]+)"?$`, 'gm'),
      ),
    ].map(([, range]) => range);
    const all = [...new Set([`npm:${version}`, ...asked])].sort();
    return text.replace(
      `"${name}@npm:${version}":`,
      `"${all.map(range => `${name}@${range}`).join(', ')}":`,
    );
  }, lock);
}

/** Versions by package, of a lock file of Yarn's. */
export function locked(directory: string): Map<string, Set<string>> {
  const lock = readFileSync(join(directory, 'yarn.lock'), 'utf8');
  const found = new Map<string, Set<string>>();
  for (const [, name, version] of lock.matchAll(
    /^ {2}resolution: "(@?[^@"]+)@([^"]+)"$/gm,
  )) {
    found.set(name!, (found.get(name!) ?? new Set()).add(version!));
  }
  return found;
}
