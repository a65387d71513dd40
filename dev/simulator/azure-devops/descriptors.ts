import type { SimulatedResponse } from '../http';
import type { GitCommit, Repository } from '../model';
import type { Call } from '../seams';
import { badParameter, noBranches, versionNotFound } from './failures';

/** A version of a repository as requests name it. */
export interface VersionDescriptor {
  readonly type: 'branch' | 'tag' | 'commit';
  /** Without it the default branch. */
  readonly version?: string;
}

/** A version that was found. */
export interface ResolvedVersion {
  readonly commit: GitCommit;
  /** As messages name it: `<Branch: main >`. */
  readonly label: string;
  /** As addresses of items repeat it. */
  readonly query: string;
}

/** The types by name and, as the client library sends them, by number. */
const TYPES: Readonly<Record<string, VersionDescriptor['type']>> = {
  branch: 'branch',
  '0': 'branch',
  tag: 'tag',
  '1': 'tag',
  commit: 'commit',
  '2': 'commit',
};

const TITLES = { branch: 'Branch', tag: 'Tag', commit: 'Commit' } as const;

/** The version that a request names, in the long form under a prefix or in the short one. */
export function versionDescriptorOf(
  call: Call,
  prefix = 'versionDescriptor',
): VersionDescriptor | SimulatedResponse {
  const value = (name: string) =>
    call.query(`${prefix}.${name}`) ??
    call.query(`${prefix}[${name}]`) ??
    call.query(name);
  return versionDescriptor(value('version'), value('versionType'));
}

export function versionDescriptor(
  version: string | undefined,
  versionType: string | undefined,
): VersionDescriptor | SimulatedResponse {
  const type = TYPES[(versionType ?? 'branch').toLowerCase()];
  return type
    ? { type, version: version === '' ? undefined : version }
    : badParameter('versionDescriptor.versionType', versionType ?? '');
}

/** The commit that a version stands for, or the refusal that the service would give. */
export function resolveVersion(
  repository: Repository,
  descriptor: VersionDescriptor,
): ResolvedVersion | SimulatedResponse {
  if (repository.isEmpty) {
    return noBranches(repository.name);
  }
  const { type } = descriptor;
  const version = descriptor.version ?? repository.defaultBranch ?? '';
  const label = `<${TITLES[type]}: ${version} >`;
  const commit = commitOf(repository, type, version);
  if (!commit) {
    return versionNotFound(label, repository.name);
  }
  const named =
    descriptor.version === undefined
      ? ''
      : `&version=${encodeURIComponent(version)}`;
  return {
    commit,
    label,
    query: `versionType=${TITLES[type]}${named}&versionOptions=None`,
  };
}

function commitOf(
  repository: Repository,
  type: VersionDescriptor['type'],
  version: string,
): GitCommit | undefined {
  switch (type) {
    case 'branch':
      return repository.branch(version.replace(/^refs\/heads\//, ''));
    case 'tag':
      return repository.tagged(version.replace(/^refs\/tags\//, ''));
    case 'commit':
      return repository.commit(version);
  }
}
