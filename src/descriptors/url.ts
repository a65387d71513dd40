import type { Organization } from '../organization';

/** Where a repository is, by the names that people know. */
export interface RepositoryAddress {
  readonly organization: Organization;
  readonly project: string;
  readonly repository: string;
}

/** What one URL in the catalog stands for: one file at one version. */
interface DescriptorAddress extends RepositoryAddress {
  /** Absolute within the repository: `/catalog-info.yaml`. */
  readonly path: string;
  /** `GB{branch}`, `GT{tag}` or `GC{commit}`; absent for the default branch. */
  readonly version?: string;
}

/**
 * The one URL by which the catalog knows a descriptor:
 * `https://{host}/{organization}/{project}/_git/{repository}?path={path}[&version={version}]`.
 *
 * Percent-encoded where it must be and nowhere else, so that for ordinary names
 * it is what the official module and people write, and a location that is
 * registered for the same file has the same location key.
 */
export function canonicalUrl(address: DescriptorAddress): string {
  const { path, version } = address;
  const suffix = version === undefined ? '' : `&version=${inQuery(version)}`;
  return `${repositoryUrl(address)}?path=${inQuery(path)}${suffix}`;
}

/** The address of a repository, with which those of its files begin. */
export function repositoryUrl(address: RepositoryAddress): string {
  const { organization, project, repository } = address;
  return `${organization.url}/${inPath(project)}/_git/${inPath(repository)}`;
}

/** `encodeURI` leaves what would end the path. */
function inPath(name: string): string {
  return encodeURI(name).replace(/[#?]/g, encodeURIComponent);
}

/** `encodeURI` leaves what would end the parameter or the URL, and the plus that is read as a space. */
function inQuery(value: string): string {
  return encodeURI(value).replace(/[#&+]/g, encodeURIComponent);
}
