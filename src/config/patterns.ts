import { matchesSequence, readGlob, wildcardTokens } from './glob';

/** Chooses projects or repositories by name. */
export interface NameFilter {
  /** Names or patterns; a name has to match one of them. Never empty: `*` stands for all. */
  readonly include: readonly string[];
  /** Names or patterns that take away again. */
  readonly exclude: readonly string[];
  /** Whether a name matches one of `include`, whatever `exclude` takes away. */
  includes(name: string): boolean;
  /** Whether a name is chosen. */
  matches(name: string): boolean;
}

/** Where descriptors are looked for in a repository: one file, or all the files that a glob matches. */
export type DescriptorPath = {
  /** Whether a file's absolute path matches, with regard to case, as Git has it. */
  matches(path: string): boolean;
} & (
  | {
      readonly kind: 'literal';
      /** Absolute, as `/catalog-info.yaml`. */
      readonly path: string;
    }
  | {
      readonly kind: 'glob';
      /** As it was configured, made absolute. */
      readonly pattern: string;
      /** The deepest folder below which every match lies; `/` when that is the root. */
      readonly scopePath: string;
    }
);

/** The path of one file. */
export function literalPath(path: string): DescriptorPath {
  return { kind: 'literal', path, matches: other => other === path };
}

/**
 * A filter of names, which match a pattern without regard to case, as Azure
 * DevOps compares names. `*` stands for any number of characters, `?` for one;
 * everything else stands for itself.
 */
export function nameFilter(
  include: readonly string[],
  exclude: readonly string[],
): NameFilter {
  const includes = matcherOf(include);
  const excludes = matcherOf(exclude);
  return {
    include,
    exclude,
    includes,
    matches: name => includes(name) && !excludes(name),
  };
}

/** Whether a name matches any of the patterns. */
function matcherOf(patterns: readonly string[]): (name: string) => boolean {
  if (patterns.includes('*')) return () => true;
  if (patterns.length === 0) return () => false;
  const sequences = patterns.map(it => wildcardTokens(foldCase(it)));
  return name => {
    const folded = foldCase(name);
    return sequences.some(tokens => matchesSequence(tokens, folded));
  };
}

/** Characters, each in the one spelling that stands for both of its cases. */
function foldCase(text: string): string[] {
  return Array.from(text, character => {
    const upper = character.toUpperCase();
    // Characters whose other case is not one character are left alone: `?` stands for one.
    const folded = [...upper].length === 1 ? upper.toLowerCase() : character;
    return [...folded].length === 1 ? folded : character;
  });
}

/** What `path` was read as, or what it should have been, to be read after "to be". */
type DescriptorPathReading =
  | { readonly paths: readonly DescriptorPath[]; readonly expected?: undefined }
  | { readonly expected: string };

/** From how many files on one listing of the repository is cheaper than asking for each. */
const MOST_LITERALS = 10;

/**
 * Reads one path or glob. `*`, `?` and `[…]` stay within a folder, `**` spans
 * any number of folders, `{a,b}` lists alternatives; names that begin with a
 * dot are names like any other. A glob that comes down to a few files gives
 * literal paths, which cost less to read than a listing.
 */
export function readDescriptorPath(text: string): DescriptorPathReading {
  const problem = problemOf(text);
  if (problem) return { expected: problem };
  const pattern = `/${text}`.replace(/\/(?:\.?\/)+/g, '/');
  const glob = readGlob(pattern, {
    dot: true,
    // Parentheses and exclamation marks are ordinary characters of file names.
    noext: true,
  });
  if (typeof glob === 'string') return { expected: glob };
  if (glob.parts.some(parts => !namesFile(parts.at(-1)))) {
    return {
      expected:
        'a path that ends in the name of a file, such as `/**/catalog-info.yaml`',
    };
  }
  const literals = glob.set
    .filter(parts => parts.every(part => typeof part === 'string'))
    .map(parts => parts.join('/'));
  if (literals.length === glob.set.length && literals.length <= MOST_LITERALS) {
    return { paths: literals.map(literalPath) };
  }
  return {
    paths: [
      {
        kind: 'glob',
        pattern,
        scopePath: glob.scopePath,
        matches: path => glob.matches(path),
      },
    ],
  };
}

function problemOf(text: string): string | undefined {
  if (text.includes('://')) {
    return 'a path inside the repositories, such as `/catalog-info.yaml`, not a URL';
  }
  if (text.includes('\\')) {
    return 'a path whose folders are separated by `/`, without a backslash';
  }
  if (/(?:^|[/{,])\.\.(?:[/},]|$)/.test(text)) {
    return 'a path without `..`: it is counted from the root of each repository';
  }
  if (/\/\.?$|^\.?$/.test(text)) {
    return 'the path of a file, such as `/catalog-info.yaml`, not of a folder';
  }
  return undefined;
}

/** A last part of only wildcards would read every file of a repository. */
function namesFile(part: string | undefined): boolean {
  return part !== undefined && !/^[*?]*$/.test(part);
}

/** Merges what several paths were read as: each file once, and no literal that a glob finds anyway. */
export function mergeDescriptorPaths(
  paths: readonly DescriptorPath[],
): DescriptorPath[] {
  const globs = paths.filter(path => path.kind === 'glob');
  const seen = new Set<string>();
  return paths.filter(path => {
    const key = JSON.stringify(path);
    if (seen.has(key)) return false;
    seen.add(key);
    return path.kind === 'glob' || !globs.some(glob => glob.matches(path.path));
  });
}
