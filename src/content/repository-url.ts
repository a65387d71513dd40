import { InputError } from '@backstage/errors';
import type { Repository, VersionRef } from '../azure/types';
import { commonStart, type Glob, readGlob } from '../config/glob';
import { canonicalUrl } from '../descriptors/url';
import type { Organization } from '../organization';
import { percentDecoded } from '../percent-encoding';

/** What a URL of Azure DevOps names: a repository, and what of it. */
export interface RepositoryUrl {
  readonly outcome: 'repository';
  readonly organization: Organization;
  /** A name or a GUID, percent-decoded; absent where an `_apis` URL names the repository by its GUID alone. */
  readonly project?: string;
  /** A name or a GUID, percent-decoded. */
  readonly repository: string;
  /** A file, a folder or a glob, as `/docs/api.yaml`; absent for the whole repository. */
  readonly path?: string;
  /** Absent for the default branch. */
  readonly version?: VersionRef;
}

export type ParsedUrl = RepositoryUrl | UnsupportedUrl;

/** A URL that names nothing that can be read. */
export interface UnsupportedUrl {
  readonly outcome: 'unsupported';
  /** Why, and what to write instead: a whole sentence or two, without the URL's user information. */
  readonly message: string;
}

export function unsupported(message: string): UnsupportedUrl {
  return { outcome: 'unsupported', message };
}

export function isUnsupported(value: unknown): value is UnsupportedUrl {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as { outcome?: unknown }).outcome === 'unsupported'
  );
}

/** A file, with its repository as the service itself names it. */
export interface ResolvedFile {
  readonly organization: Organization;
  readonly repository: Repository;
  readonly path: string;
  /** Absent for the default branch. */
  readonly version?: VersionRef;
}

/**
 * The version to read and to name. The default branch named outright is the
 * default branch; the comparison is exact, as Git compares branches.
 */
export function effectiveVersion(
  repository: Repository,
  version: VersionRef | undefined,
): VersionRef | undefined {
  return version?.type === 'branch' &&
    version.version === repository.defaultBranch
    ? undefined
    : version;
}

const VERSION_PREFIXES = { branch: 'GB', tag: 'GT', commit: 'GC' };

/**
 * The one URL of a file, by which a provider, a static location and a
 * registered location of it are known as the same. For a tag or a commit it is
 * the file's URL with that version.
 */
export function canonicalLocationUrl(file: ResolvedFile): string {
  const version = effectiveVersion(file.repository, file.version);
  return canonicalUrl({
    organization: file.organization,
    project: file.repository.project.name,
    repository: file.repository.name,
    path: file.path,
    version: version && `${VERSION_PREFIXES[version.type]}${version.version}`,
  });
}

/** How often a path may have been percent-encoded. */
const MOST_DECODINGS = 5;

/** A path as it is, decoded once, decoded twice, and so on, until decoding changes nothing. */
export function decodings(path: string): string[] {
  const forms = [path];
  while (forms.length <= MOST_DECODINGS) {
    const decoded = percentDecoded(forms[forms.length - 1]!);
    if (decoded === forms[forms.length - 1]) {
      break;
    }
    forms.push(decoded);
  }
  return forms;
}

/** Whether a path stands for many: it has a wildcard, as Backstage's readers see it. */
export function isGlob(path: string): boolean {
  return /[*?]/.test(path);
}

/** A glob over the paths of a repository, which have a leading slash. */
type PathGlob = Pick<Glob, 'scopePath' | 'matches'>;

/**
 * Reads a glob as Backstage's own readers do: from the root, `**` for any number of folders.
 * Brackets stand for themselves as well.
 *
 * @param subject - what it is, for an error
 * @throws an `InputError` for one that has more alternatives, or is longer, than can be matched in bounded time, or has parentheses with a meaning
 */
export function pathGlob(
  pattern: string,
  subject = `the path ${pattern.slice(0, 100)}`,
): PathGlob {
  const absolute = pattern.replace(/^\/*/, '/');
  const glob = globOf(absolute, subject);
  if (!/[[\]]/.test(absolute)) {
    return glob;
  }
  // A folder may be called [draft].
  const literal = globOf(absolute.replace(/[[\]]/g, '[$&]'), subject);
  const scopes = [glob, literal].map(({ scopePath }) => scopePath.split('/'));
  return {
    scopePath: commonStart(scopes).join('/') || '/',
    matches: path => glob.matches(path) || literal.matches(path),
  };
}

function globOf(pattern: string, subject: string): Glob {
  const glob = readGlob(pattern);
  if (typeof glob === 'string') {
    throw new InputError(`Expected ${subject} to be ${glob}`);
  }
  return glob;
}
