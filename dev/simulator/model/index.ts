export type { Access, AccessLevel, AccessScope } from './access';
export { BlobStore, pathSegments } from './files';
export type { FileChanges, FileContent } from './files';
export { GitBlob, GitTree } from './git';
export type { FileMode, GitCommit, TreeEntry } from './git';
export { identityOf } from './identity';
export type { Identity } from './identity';
export { guidOf, isGuid, nameKey } from './names';
export { Organization } from './organization';
export type {
  OrganizationOptions,
  ServiceVersion,
  UnknownCallers,
} from './organization';
export { Organizations } from './organizations';
export { Project } from './project';
export type {
  DeletedRepository,
  ProjectOptions,
  ProjectState,
} from './project';
export { Repository } from './repository';
export type {
  HookEvent,
  Push,
  PushOptions,
  RepositoryOptions,
  World,
} from './repository';
