import type { VersionRef } from '../azure/types';
import type { Organization } from '../organization';

/** What a URL of Azure DevOps says: a repository, and what of it. */
export interface RepositoryUrl {
  readonly outcome: 'repository';
  /** Which family of URLs it is of. */
  readonly kind: 'web' | 'ssh' | 'api';
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

/** Why a URL does not say what to read. */
export type UnsupportedReason =
  /** Not a URL at all, or one with broken percent-encoding. */
  | 'malformed'
  /** A scheme other than https and ssh. */
  | 'scheme'
  /** A host that is neither Azure DevOps Services nor configured. */
  | 'host'
  /** Azure DevOps, but not a Git repository: a project, a board, a wiki. */
  | 'no-repository'
  /** More segments than organization and project before the repository. */
  | 'segments'
  /** A `version` that is no branch, tag or commit. */
  | 'version'
  /** A path that leaves the repository. */
  | 'path';

/** A URL that cannot be read, with the reason and what to write instead. */
export interface UnsupportedUrl {
  readonly outcome: 'unsupported';
  readonly reason: UnsupportedReason;
  /** A whole sentence or two; never contains the URL's user information. */
  readonly message: string;
}

export function unsupported(
  reason: UnsupportedReason,
  message: string,
): UnsupportedUrl {
  return { outcome: 'unsupported', reason, message };
}

export function isUnsupported(value: unknown): value is UnsupportedUrl {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as { outcome?: unknown }).outcome === 'unsupported'
  );
}
