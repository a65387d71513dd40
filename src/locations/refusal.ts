/** Why a URL does not say what to read. */
export type RefusalReason =
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
export interface RefusedUrl {
  readonly outcome: 'refused';
  readonly reason: RefusalReason;
  /** A whole sentence or two; never contains the URL's user information. */
  readonly message: string;
}

export function refused(reason: RefusalReason, message: string): RefusedUrl {
  return { outcome: 'refused', reason, message };
}

export function isRefused(value: unknown): value is RefusedUrl {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as { outcome?: unknown }).outcome === 'refused'
  );
}
