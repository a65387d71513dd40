import { Minimatch } from 'minimatch';

/** Whether a path stands for many: it has a wildcard, as Backstage's readers see it. */
export function isGlob(path: string): boolean {
  return /[*?]/.test(path);
}

/** A glob over the paths of a repository. */
export interface PathGlob {
  /** The deepest folder without a wildcard, below which every match lies. */
  readonly scopePath: string;
  /** @param path - from the repository's root, with a leading slash */
  matches(path: string): boolean;
}

/** Reads a glob as Backstage's own readers do: from the root, `**` for any number of folders. */
export function pathGlob(pattern: string): PathGlob {
  const relative = pattern.replace(/^\/+/, '');
  const folders = relative.split('/').slice(0, -1);
  const wildcard = folders.findIndex(folder => /[*?[\]{}()!+@]/.test(folder));
  const fixed = wildcard < 0 ? folders : folders.slice(0, wildcard);
  const matcher = new Minimatch(relative);
  return {
    scopePath: `/${fixed.join('/')}`,
    matches: path => matcher.match(path.replace(/^\/+/, '')),
  };
}
