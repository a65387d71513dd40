import { execFile } from 'node:child_process';
import type { Dirent, Stats } from 'node:fs';
import { readdir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import { InputError } from '@backstage/errors';
import { linkTarget, loop, MOST_STEPS } from '../azure/links';
import { isGlob, pathGlob } from '../content/repository-url';
import { counted } from '../counted';

/** What a file of a checkout may have, in bytes; a descriptor that is larger is rejected by the catalog's provider too. */
const MAX_FILE_SIZE = 16 * 1024 * 1024;

/** What `git` may print: the names of a few million files. */
const MAX_OUTPUT = 512 * 1024 * 1024;

const LEFT_OUT = new Set(['.git', 'node_modules']);

/** What became of a path from the root of the repository. */
export type FoundFile =
  | { readonly outcome: 'file'; readonly text: string }
  | { readonly outcome: 'folder' }
  /** `near`: what is there under the same name in another case. */
  | { readonly outcome: 'absent'; readonly near?: string }
  /** A sentence without a full stop. */
  | { readonly outcome: 'unreadable'; readonly problem: string };

/**
 * The files of one checkout, as Azure DevOps will have them: paths begin with a
 * slash and differ by case, symbolic links are followed as far as they stay
 * inside, and nothing outside is ever read.
 */
export class Checkout {
  /** Absolute, without symbolic links. */
  readonly root: string;
  readonly #isGit: boolean;
  readonly #folders = new Map<string, Promise<Map<string, Dirent>>>();

  private constructor(root: string, isGit: boolean) {
    this.root = root;
    this.#isGit = isGit;
  }

  /** The checkout that a file or folder lies in; a folder that is in none stands for itself. */
  static async containing(place: string): Promise<Checkout> {
    let above = resolve(place);
    // Of what is not there the folder above it is known.
    while (!(await statOf(above))?.isDirectory() && above !== dirname(above)) {
      above = dirname(above);
    }
    const folder = await realpath(above);
    const top = await git(folder, ['rev-parse', '--show-toplevel']);
    return top === undefined
      ? new Checkout(folder, false)
      : new Checkout(await realpath(top.trim()), true);
  }

  /** The path from the root of the repository; `undefined` for what lies outside. */
  async pathOf(place: string): Promise<string | undefined> {
    // The last part may be a link, which is a file of the repository like others.
    const absolute = resolve(place);
    const parent = await realpath(dirname(absolute)).catch(() => undefined);
    if (parent === undefined) return undefined;
    const info = await statOf(absolute);
    const real = info?.isDirectory()
      ? await realpath(absolute)
      : join(parent, relative(dirname(absolute), absolute));
    const path = relative(this.root, real).split(sep).join('/');
    return path === '..' || path.startsWith('../') ? undefined : `/${path}`;
  }

  /** The files below a folder, without those that Git ignores and without node_modules. */
  async list(folder: string): Promise<string[]> {
    const listed = this.#isGit
      ? await git(join(this.root, folder), LIST_FILES)
      : undefined;
    const paths =
      listed === undefined
        ? await this.#walk(folder)
        : listed.split('\0').filter(path => path !== '');
    return [...new Set(paths.map(path => `/${path.replace(/^\//, '')}`))]
      .filter(path => !path.split('/').some(part => LEFT_OUT.has(part)))
      .sort();
  }

  /** The address that the repository was cloned from, as it is configured. */
  async remoteUrl(): Promise<string | undefined> {
    const url = this.#isGit
      ? await git(this.root, ['config', '--get', 'remote.origin.url'])
      : undefined;
    return url?.trim() || undefined;
  }

  async read(path: string): Promise<FoundFile> {
    const found = await this.#resolve(path);
    if (found.outcome !== 'file') return found;
    const place = join(this.root, found.path);
    const info = await statOf(place);
    if (!info?.isFile()) {
      return { outcome: 'unreadable', problem: 'it is no ordinary file' };
    }
    if (info.size > MAX_FILE_SIZE) {
      return {
        outcome: 'unreadable',
        problem: `it has ${counted(info.size, 'byte')}, and at most ${MAX_FILE_SIZE.toLocaleString('en-US')} are read`,
      };
    }
    return { outcome: 'file', text: (await readFile(place)).toString('utf8') };
  }

  async #resolve(
    path: string,
  ): Promise<
    Exclude<FoundFile, { text: string }> | { outcome: 'file'; path: string }
  > {
    let todo = segmentsOf(path);
    let done = '';
    for (let steps = 0; todo.length > 0;) {
      const name = todo.shift()!;
      const entries = await this.#folder(done);
      const entry = entries.get(name);
      if (!entry || name === '.git') {
        const near = [...entries.keys()].find(
          other => other !== name && other.toLowerCase() === name.toLowerCase(),
        );
        return { outcome: 'absent', near: near && `${done}/${near}` };
      }
      done += `/${name}`;
      if (entry.isSymbolicLink()) {
        const text = await readlink(join(this.root, done));
        steps += 1;
        const step =
          steps > MOST_STEPS
            ? { broken: loop(done) }
            : linkTarget(done, text.split(sep).join('/'));
        if ('broken' in step) {
          const { link, problem } = step.broken;
          return {
            outcome: 'unreadable',
            problem: `the symbolic link ${link} cannot be followed: ${problem}`,
          };
        }
        todo = [...segmentsOf(step.to), ...todo];
        done = '';
      } else if (todo.length > 0 && !entry.isDirectory()) {
        return { outcome: 'absent' };
      } else if (todo.length === 0) {
        return entry.isDirectory()
          ? { outcome: 'folder' }
          : { outcome: 'file', path: done };
      }
    }
    return { outcome: 'folder' };
  }

  /** What a folder has, by name; it is none where it cannot be read. */
  async #folder(path: string): Promise<Map<string, Dirent>> {
    let entries = this.#folders.get(path);
    if (!entries) {
      entries = readdir(join(this.root, path), { withFileTypes: true }).then(
        list => new Map(list.map(entry => [entry.name, entry])),
        () => new Map<string, Dirent>(),
      );
      this.#folders.set(path, entries);
    }
    return await entries;
  }

  async #walk(folder: string): Promise<string[]> {
    const files: string[] = [];
    const open = [folder === '/' ? '' : folder];
    while (open.length > 0) {
      const path = open.pop()!;
      for (const [name, entry] of await this.#folder(path)) {
        if (LEFT_OUT.has(name)) continue;
        if (entry.isDirectory()) open.push(`${path}/${name}`);
        else files.push(`${path}/${name}`);
      }
    }
    return files;
  }
}

const FILE_NAME = 'catalog-info.yaml';

/**
 * The checkout that the first of these places lies in, and the descriptors that
 * they name; without a place, those below the working directory.
 *
 * @param places - files, folders or patterns
 * @throws an InputError for a place that has no file
 */
export async function findFiles(
  places: readonly string[],
): Promise<{ checkout: Checkout; paths: readonly string[] }> {
  const [first = '.', ...others] = places;
  const checkout = await Checkout.containing(splitAtWildcard(first).folder);
  const found = new Set<string>();
  for (const place of [first, ...others]) {
    for (const path of await filesAt(checkout, place)) found.add(path);
  }
  return { checkout, paths: [...found] };
}

async function filesAt(checkout: Checkout, place: string): Promise<string[]> {
  const path = await checkout.pathOf(place);
  if (path === undefined && !isGlob(place)) {
    throw new InputError(
      `Expected ${place} to be a file or folder in the checkout ${checkout.root}`,
    );
  }
  const outcome =
    path === undefined ? 'absent' : (await checkout.read(path)).outcome;
  if (path !== undefined && outcome === 'folder') {
    const isMeant = (file: string) => file.endsWith(`/${FILE_NAME}`);
    return await present(checkout, path, isMeant);
  }
  if (path !== undefined && outcome !== 'absent') return [path];
  const matching = isGlob(place) ? await filesMatching(checkout, place) : [];
  if (matching.length === 0) {
    throw new InputError(
      `Expected ${place} to be a file, a folder, or a pattern that matches files`,
    );
  }
  return matching;
}

async function filesMatching(
  checkout: Checkout,
  place: string,
): Promise<string[]> {
  const { folder, pattern } = splitAtWildcard(place);
  const path = await checkout.pathOf(folder);
  if (path === undefined) return [];
  const glob = pathGlob(`${path === '/' ? '' : path}/${pattern}`);
  return await present(checkout, path, file => glob.matches(file));
}

/** The folder of a place as far as it has no wildcard, and the rest. */
function splitAtWildcard(place: string): { folder: string; pattern: string } {
  const parts = place.split(/[\\/]/);
  const wildcard = parts.findIndex(isGlob);
  const folder = wildcard < 0 ? place : parts.slice(0, wildcard).join('/');
  return {
    folder: resolve(folder || '.'),
    pattern: wildcard < 0 ? '' : parts.slice(wildcard).join('/'),
  };
}

/** What is listed and not deleted. */
async function present(
  checkout: Checkout,
  folder: string,
  isMeant: (path: string) => boolean,
): Promise<string[]> {
  const files: string[] = [];
  for (const path of (await checkout.list(folder)).filter(isMeant)) {
    const { outcome } = await checkout.read(path);
    if (outcome !== 'absent') files.push(path);
  }
  return files;
}

/** Tracked files, and new ones that are not ignored. */
const LIST_FILES = [
  'ls-files',
  '-z',
  '--full-name',
  '--cached',
  '--others',
  '--exclude-standard',
];

/**
 * Nothing that came with the checkout is run: neither a `git.exe` of its own, for
 * which Windows looks in the working directory first, nor by its configuration a
 * file system monitor, nor a transport for objects that a partial clone lacks, nor
 * a bare repository that lies among the files.
 *
 * Sources: git-config(1) on core.fsmonitor and safe.bareRepository; git(1) on GIT_ALLOW_PROTOCOL; https://github.com/nodejs/node/issues/46264.
 */
const HARMLESS = {
  args: ['-c', 'core.fsmonitor=false', '-c', 'safe.bareRepository=explicit'],
  env: { GIT_ALLOW_PROTOCOL: 'none' },
  cwd: dirname(process.execPath),
} as const;

/** What git prints; `undefined` where there is no git, or the folder is in no checkout. */
async function git(
  folder: string,
  args: readonly string[],
): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(
      'git',
      [...HARMLESS.args, '-C', folder, ...args],
      {
        cwd: HARMLESS.cwd,
        env: { ...process.env, ...HARMLESS.env },
        maxBuffer: MAX_OUTPUT,
        windowsHide: true,
      },
    );
    return stdout;
  } catch {
    return undefined;
  }
}

async function statOf(place: string): Promise<Stats | undefined> {
  return await stat(place).catch(() => undefined);
}

function segmentsOf(path: string): string[] {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return segments;
}
