import { CLOUD_HOST } from '../organization';
import type { LocationContext } from './context';
import { cloudOrganization, splitLeadingSegments } from './organizations';
import { isUnsupported, unsupported, type ParsedUrl } from './repository-url';

const MODERN_SSH_HOST = 'ssh.dev.azure.com';
const LEGACY_SSH_HOST = 'vs-ssh.visualstudio.com';

/** Writes `user@host:path`, as Git takes it, as an ssh URL; leaves everything else alone. */
export function toSshUrl(text: string): string {
  const scp = /^([^/@:]+@[^/@:]+):(?!\/\/)(.*)$/.exec(text);
  return scp ? `ssh://${scp[1]}/${scp[2]}` : text;
}

/** Whether a host answers ssh for Azure DevOps Services. */
function isCloudSshHost(host: string): boolean {
  return host === MODERN_SSH_HOST || host.endsWith('.visualstudio.com');
}

/**
 * Reads an ssh URL. The third version of the protocol writes
 * `v3/{organization}/{project}/{repository}`; the older ones write what the web
 * has, with `_ssh` or `_git`, and the organization as user name.
 *
 * @param segments - of the path, percent-decoded, without empty ones
 */
export function parseSshUrl(
  url: URL,
  segments: readonly string[],
  context: LocationContext,
): ParsedUrl {
  const host = url.hostname.toLowerCase();
  const cloud = isCloudSshHost(host);
  if (cloud && segments[0]?.toLowerCase() === 'v3') {
    const [, name, project, repository, ...tooMany] = segments;
    if (!name || !project || !repository || tooMany.length > 0) {
      return unsupported(
        'After v3/ there should be {organization}/{project}/{repository}.',
      );
    }
    return {
      outcome: 'repository',
      organization: cloudOrganization(name, legacyHost(host, name), context),
      project,
      repository,
    };
  }
  const marker = segments.findIndex(segment => /^_(git|ssh)$/i.test(segment));
  const repository = segments[marker + 1];
  if (marker < 0 || repository === undefined) {
    return unsupported(
      'The ssh URL names no repository. Write ssh://git@ssh.dev.azure.com/v3/{organization}/{project}/{repository}.',
    );
  }
  const webHost = cloud
    ? organizationHost(url, host)
    : serverHost(host, context);
  if (webHost === undefined) {
    return unsupported(
      `The host '${host}' is not known as Azure DevOps. Configured under integrations.azure: ${context.hosts.join(', ')}.`,
    );
  }
  const leading = splitLeadingSegments(
    webHost,
    segments.slice(0, marker),
    context,
  );
  return isUnsupported(leading)
    ? leading
    : {
        outcome: 'repository',
        organization: leading.organization,
        project: leading.project ?? repository,
        repository,
      };
}

function legacyHost(sshHost: string, name: string): string {
  return sshHost === MODERN_SSH_HOST
    ? CLOUD_HOST
    : `${name}.visualstudio.com`.toLowerCase();
}

/** The web host of an organization in the older ssh URLs: it is the host or the user name. */
function organizationHost(url: URL, host: string): string | undefined {
  if (host === MODERN_SSH_HOST) {
    return CLOUD_HOST;
  }
  if (host !== LEGACY_SSH_HOST) {
    return host;
  }
  return url.username
    ? `${url.username}.visualstudio.com`.toLowerCase()
    : undefined;
}

/** The one configured host of that name; ssh has a port of its own, so ports are not compared. */
function serverHost(
  hostname: string,
  context: LocationContext,
): string | undefined {
  const hosts = context.hosts.filter(
    host => host.replace(/:\d+$/, '') === hostname,
  );
  return hosts.length === 1 ? hosts[0] : undefined;
}
