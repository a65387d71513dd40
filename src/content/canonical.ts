import type { Repository, VersionRef } from '../azure/types';
import { canonicalUrl } from '../descriptors/url';
import type { Organization } from '../organization';

/** A file, in terms of what the service itself says about its repository. */
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

/**
 * The one URL of a file, by which a provider, a static location and a
 * registered location of it are known as the same. For a tag or a commit it is
 * the file's URL with that version.
 */
export function canonicalLocationUrl(file: ResolvedFile): string {
  const version = effectiveVersion(file.repository, file.version);
  const parts = {
    organization: file.organization,
    project: file.repository.project.name,
    repository: file.repository.name,
    path: file.path,
  };
  const url = canonicalUrl(parts);
  if (!version) {
    return url;
  }
  const ofBranch = canonicalUrl({ ...parts, branch: version.version });
  if (version.type === 'branch') {
    return ofBranch;
  }
  // A tag's or commit's name is written as a branch's is, behind its own prefix.
  const encoded = ofBranch.slice(`${url}&version=GB`.length);
  return `${url}&version=${version.type === 'tag' ? 'GT' : 'GC'}${encoded}`;
}
