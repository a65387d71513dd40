import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Added, added, installed, npmInstall } from './npm';

/** One release line: the versions of Backstage's packages that were current together. */
export interface Line {
  /** Of Backstage, such as `1.41`. */
  readonly release: string;
  readonly published: string;
  readonly packages: Readonly<Record<string, string>>;
}

/** A minimal backend of one line, with the module in it. */
export interface Host {
  readonly directory: string;
  readonly added: Added;
  readonly installSeconds: number;
}

/** What such a backend runs. */
export const HOST = join(__dirname, 'host');

/** Oldest first. */
export function readLines(): Line[] {
  const text = readFileSync(join(__dirname, 'lines.json'), 'utf8');
  return JSON.parse(text) as Line[];
}

/**
 * Makes a backend whose package.json holds each package of Backstage to its
 * line's version, as a lock file does.
 *
 * @throws with npm's own words where it refuses
 */
export async function makeBackend(
  line: Line,
  directory: string,
): Promise<void> {
  mkdirSync(directory, { recursive: true });
  cpSync(HOST, directory, { recursive: true });
  writeFileSync(
    join(directory, 'package.json'),
    JSON.stringify({
      name: 'backend',
      version: '0.0.0',
      private: true,
      dependencies: line.packages,
    }),
  );
  await npmInstall(directory);
}

/** Such a backend, and the packed module added to it. */
export async function makeHost(
  line: Line,
  tarball: string,
  directory: string,
): Promise<Host> {
  await makeBackend(line, directory);
  const before = installed(directory);
  const started = Date.now();
  await npmInstall(directory, tarball);
  return {
    directory,
    added: added(before, installed(directory)),
    installSeconds: (Date.now() - started) / 1000,
  };
}

/** Node.js of a major version, from the npm package `node`; what runs this where it is of that version. */
export async function makeNode(
  major: number,
  directory: string,
): Promise<string> {
  if (process.version.startsWith(`v${major}.`)) {
    return process.execPath;
  }
  // What the install script of `node` installs.
  const name = `node-${process.platform}-${process.arch}`;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{}');
  await npmInstall(directory, `${name}@${major}`);
  return join(directory, 'node_modules', name, 'bin', 'node');
}
