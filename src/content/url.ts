import { isCloudHost, type Organization } from '../organization';
import type { LocationContext } from './context';
import { splitLeadingSegments } from './organizations';
import {
  normalizePath,
  readApiVersion,
  readParameters,
  readWebVersion,
} from './query';
import {
  isUnsupported,
  unsupported,
  type ParsedUrl,
  type UnsupportedUrl,
} from './parsed-url';
import { parseSshUrl, toSshUrl } from './ssh';

/** Forms of a clone URL that say how to clone rather than what. */
const CLONE_FLAVOURS = ['_full', '_optimized'];
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Reads any form in which Azure DevOps, its documentation, Git or Backstage
 * write the address of a Git repository or of something in it. Pure: what it
 * cannot tell from the text it tells from the configured organizations.
 *
 * User information in the URL is dropped, and parameters that only concern the
 * browser are ignored.
 */
export function parseRepositoryUrl(
  text: string,
  context: LocationContext,
): ParsedUrl {
  const url = toUrl(toSshUrl(text.trim()));
  if (!url) {
    return unsupported(
      'malformed',
      'This is not a URL. Write it as the address bar of the browser shows it, beginning with https://.',
    );
  }
  const segments = decodeSegments(url.pathname);
  if (!segments) {
    return unsupported(
      'malformed',
      'The URL has a % that is not followed by two hexadecimal digits. Write %25 for a percent sign.',
    );
  }
  if (url.protocol === 'ssh:') {
    return parseSshUrl(url, segments, context);
  }
  const host = url.host.toLowerCase();
  return (
    checkHost(url, host, context) ?? parseHttpUrl(url, host, segments, context)
  );
}

function checkHost(
  url: URL,
  host: string,
  context: LocationContext,
): UnsupportedUrl | undefined {
  if (!isCloudHost(host) && !context.hosts.includes(host)) {
    return unsupported(
      'host',
      `The host '${host}' is not known as Azure DevOps. Configured under integrations.azure: ${context.hosts.join(', ')}.`,
    );
  }
  // The service under its own names answers https only, so http:// can mean nothing else.
  if (
    url.protocol === 'https:' ||
    (url.protocol === 'http:' && isCloudHost(host))
  ) {
    return undefined;
  }
  return unsupported(
    'scheme',
    `A URL of ${host} should begin with https://, not with ${url.protocol}//: credentials are not sent unencrypted.`,
  );
}

function parseHttpUrl(
  url: URL,
  host: string,
  segments: readonly string[],
  context: LocationContext,
): ParsedUrl {
  const marker = segments.findIndex(segment => /^_(git|apis)$/i.test(segment));
  const notGit = segments.find(segment => segment.startsWith('_'));
  if (marker < 0) {
    return unsupported(
      'no-repository',
      notGit
        ? `The URL points to '${notGit}', not to a Git repository. The address of a repository has /_git/{repository}.`
        : 'The URL names no Git repository. The address of a repository has /_git/{repository} after the project.',
    );
  }
  const leading = splitLeadingSegments(
    host,
    segments.slice(0, marker),
    context,
  );
  if (isUnsupported(leading)) {
    return leading;
  }
  const rest = segments.slice(marker + 1);
  return segments[marker]?.toLowerCase() === '_git'
    ? parseWebUrl(url, leading, rest)
    : parseApiUrl(url, leading, rest);
}

function parseWebUrl(
  url: URL,
  leading: { organization: Organization; project?: string },
  rest: readonly string[],
): ParsedUrl {
  const [repository, page, id] = CLONE_FLAVOURS.includes(rest[0] ?? '')
    ? rest.slice(1)
    : rest;
  if (repository === undefined) {
    return unsupported(
      'no-repository',
      'The URL ends at _git. The name of the repository should follow, as in /_git/{repository}.',
    );
  }
  const parameters = readParameters(url);
  if (page === 'commit' && id !== undefined) {
    parameters.set('version', `GC${id}`);
  }
  const path = normalizePath(parameters.get('path') ?? '');
  if (isUnsupported(path)) {
    return path;
  }
  const version = readWebVersion(parameters);
  if (isUnsupported(version)) {
    return version;
  }
  return {
    outcome: 'repository',
    kind: 'web',
    organization: leading.organization,
    project: leading.project ?? projectOf(repository),
    repository,
    path,
    version,
  };
}

/** `_apis/git/repositories/{repository}[/items[/{path}]]`, as the service's own answers and download links have it. */
function parseApiUrl(
  url: URL,
  leading: { organization: Organization; project?: string },
  rest: readonly string[],
): ParsedUrl {
  const [area, resource, repository, part, ...tail] = rest;
  if (
    area?.toLowerCase() !== 'git' ||
    resource?.toLowerCase() !== 'repositories' ||
    repository === undefined
  ) {
    return unsupported(
      'no-repository',
      'Of the addresses below _apis only _apis/git/repositories/{repository} leads to a repository.',
    );
  }
  const base = {
    outcome: 'repository' as const,
    kind: 'api' as const,
    organization: leading.organization,
    project: leading.project,
    repository,
  };
  if (part?.toLowerCase() !== 'items') {
    return base;
  }
  const parameters = readParameters(url);
  const path = normalizePath(
    tail.join('/') ||
      parameters.get('path') ||
      parameters.get('scopepath') ||
      '',
  );
  if (isUnsupported(path)) {
    return path;
  }
  const version = readApiVersion(parameters);
  return isUnsupported(version) ? version : { ...base, path, version };
}

function toUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function decodeSegments(pathname: string): string[] | undefined {
  try {
    return pathname
      .split('/')
      .filter(segment => segment !== '')
      .map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

/** The project of a repository whose URL leaves it out: of the same name, unless the repository is named by its GUID. */
function projectOf(repository: string): string | undefined {
  return GUID.test(repository) ? undefined : repository;
}

/**
 * Whether a URL is one that the reader and the analyzer answer for: of a
 * configured host, or a repository of Azure DevOps Services under any of its
 * names. A Server that is reached without TLS is left to Backstage's own reader.
 */
export function isAzureDevOpsUrl(
  text: string,
  context: LocationContext,
): boolean {
  const url = toUrl(text);
  const claimed =
    url?.protocol === 'https:' &&
    context.hosts.includes(url.host.toLowerCase());
  return claimed || !isUnsupported(parseRepositoryUrl(text, context));
}
