import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Installs as a user does. Scripts are left out: they compile what is optional.
 *
 * @throws with npm's words where it refuses
 */
export async function npmInstall(
  directory: string,
  ...packages: readonly string[]
): Promise<void> {
  await npm(
    directory,
    'install',
    '--ignore-scripts',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    ...packages,
  );
}

/** @throws with what npm printed */
export async function npm(
  directory: string,
  ...args: readonly string[]
): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(
      'npm',
      [...args, '--loglevel=error'],
      { cwd: directory, maxBuffer: 64 * 1024 * 1024 },
    );
    return stdout.trim();
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(
      `npm ${args.join(' ')} in ${directory}: ${stderr?.trim() || message}`,
    );
  }
}

/** What is installed in a folder: where, and in which version. */
export function installed(directory: string): Map<string, string> {
  const lock = JSON.parse(
    readFileSync(join(directory, 'node_modules', '.package-lock.json'), 'utf8'),
  ) as { packages: Record<string, { version?: string }> };
  return new Map(
    Object.entries(lock.packages).map(([path, { version }]) => [
      path,
      version ?? '',
    ]),
  );
}

export interface Added {
  readonly count: number;
  /** Packages that were there already, and are now there once more, in another version. */
  readonly secondCopies: readonly string[];
}

/** What an installation added to a folder. */
export function added(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): Added {
  const known = new Set([...before.keys()].map(nameOf));
  const paths = [...after.keys()].filter(path => !before.has(path));
  return {
    count: paths.length,
    secondCopies: [
      ...paths.filter(path => known.has(nameOf(path))).map(nameOf),
      // What the host had is there still, and in the version that it had.
      ...[...before]
        .filter(([path, version]) => after.get(path) !== version)
        .map(([path]) => `${nameOf(path)} (changed)`),
    ].sort(),
  };
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}
