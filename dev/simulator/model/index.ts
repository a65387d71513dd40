export type { Access, AccessScope, GrantOptions } from './access';
export { BlobStore, pathSegments } from './files';
export type { FileChanges, FileContent } from './files';
export { GitBlob, GitCommit, GitLink, GitTree } from './git';
export type { FileMode, TreeEntry } from './git';
export { Identities } from './identity';
export type { Identity } from './identity';
export { guidOf, isGuid, nameKey } from './names';
export { DEFAULT_TENANT_ID, Organization } from './organization';
export type { OrganizationOptions } from './organization';
export { Organizations } from './organizations';
export { Project } from './project';
export type {
  DeletedRepository,
  ProjectOptions,
  ProjectState,
} from './project';
export { Repository } from './repository';
export type { Push, PushOptions, RepositoryOptions } from './repository';
export type { World } from './world';
