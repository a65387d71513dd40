import type { DeletedRepository, Push, Repository } from '../model';
import type { ApiVersion, Call } from '../seams';
import { timestamp } from './answers';

// How things look in the interface. Properties that a version does not know
// are left out, not false.

/** `TeamProjectReference` of the specification. */
export function projectShape(project: Repository['project'], baseUrl: string) {
  return {
    id: project.id,
    name: project.name,
    ...(project.description === undefined
      ? {}
      : { description: project.description }),
    url: `${baseUrl}/_apis/projects/${project.id}`,
    state: project.state,
    revision: project.revision,
    visibility: 'private',
    lastUpdateTime: timestamp(project.updatedAt),
  };
}

/** `GitRepository` of the specification, by version. */
export function repositoryShape(
  repository: Repository,
  baseUrl: string,
  { number: version }: ApiVersion,
) {
  const { project } = repository;
  const urls = webAddresses(repository, baseUrl);
  const url = repositoryUrl(repository, baseUrl);
  return {
    id: repository.id,
    name: repository.name,
    url,
    project: projectShape(project, baseUrl),
    ...(repository.defaultBranch === undefined
      ? {}
      : { defaultBranch: `refs/heads/${repository.defaultBranch}` }),
    size: repository.size,
    remoteUrl: urls.remoteUrl,
    sshUrl: urls.sshUrl,
    ...(version >= 5.1 ? { webUrl: urls.webUrl } : {}),
    ...(repository.isFork ? { isFork: true } : {}),
    ...(version >= 7 ? { isDisabled: repository.isDisabled } : {}),
    ...(version >= 7.1 ? { isInMaintenance: false } : {}),
    ...(version >= 7.2
      ? { creationDate: timestamp(repository.createdAt) }
      : {}),
  };
}

export function repositoryLinks(repository: Repository, baseUrl: string) {
  const { project } = repository;
  const urls = webAddresses(repository, baseUrl);
  const url = repositoryUrl(repository, baseUrl);
  return {
    self: { href: url },
    project: { href: `vstfs:///Classification/TeamProject/${project.id}` },
    web: { href: urls.webUrl },
    ssh: { href: urls.sshUrl },
    commits: { href: `${url}/commits` },
    refs: { href: `${url}/refs` },
    pullRequests: { href: `${url}/pullRequests` },
    items: { href: `${url}/items` },
    pushes: { href: `${url}/pushes` },
  };
}

/** The repository's address in the interface; by ids, hence good for ever. */
export function repositoryUrl(repository: Repository, baseUrl: string): string {
  return `${baseUrl}/${repository.project.id}/_apis/git/repositories/${repository.id}`;
}

function webAddresses(repository: Repository, baseUrl: string) {
  const { project } = repository;
  const organization = encodeURIComponent(project.organization.name);
  const projectName = encodeURIComponent(project.name);
  const name = encodeURIComponent(repository.name);
  // A project's own repository is found without the project.
  const path =
    project.name === repository.name
      ? `_git/${name}`
      : `${projectName}/_git/${name}`;
  const webUrl = `${baseUrl}/${path}`;
  const { host, protocol, pathname } = new URL(baseUrl);
  if (host === 'dev.azure.com') {
    return {
      webUrl,
      remoteUrl: `${protocol}//${organization}@${host}${pathname}/${path}`,
      sshUrl: `git@ssh.dev.azure.com:v3/${organization}/${projectName}/${name}`,
    };
  }
  if (host.endsWith('.visualstudio.com')) {
    return {
      webUrl,
      remoteUrl: webUrl,
      sshUrl: `${organization}@vs-ssh.visualstudio.com:v3/${organization}/${projectName}/${name}`,
    };
  }
  return {
    webUrl,
    remoteUrl: webUrl,
    sshUrl: `ssh://${host}:22${pathname}/${path}`,
  };
}

/** `GitDeletedRepository` of the specification. */
export function deletedRepositoryShape(
  { repository, name, deletedAt }: DeletedRepository,
  call: Call,
) {
  return {
    id: repository.id,
    name,
    project: projectShape(repository.project, call.baseUrl),
    createdDate: timestamp(repository.createdAt),
    deletedDate: timestamp(deletedAt),
  };
}

/** `GitCommitRef` of the specification, as lists show it. */
export function commitShape(
  { at, commit }: Pick<Push, 'at' | 'commit'>,
  repository: Repository,
  baseUrl: string,
) {
  const signature = {
    name: 'Developer',
    email: 'developer@example.com',
    date: timestamp(Math.floor(at / 1000) * 1000),
  };
  return {
    commitId: commit?.id,
    author: signature,
    committer: signature,
    comment: 'Change files',
    url: `${repositoryUrl(repository, baseUrl)}/commits/${commit?.id}`,
  };
}
