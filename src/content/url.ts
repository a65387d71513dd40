import { guidOf } from '../azure/parse';
import type { VersionRef } from '../azure/types';
import { isCloudHost, Organization } from '../organization';
import type { LocationContext } from './context';
import { type LeadingSegments, splitLeadingSegments } from './organizations';
import {
  isUnsupported,
  unsupported,
  type ParsedUrl,
  type UnsupportedUrl,
} from './repository-url';
import { parseSshUrl, toSshUrl } from './ssh';

const WEB_VERSION_TYPES: Record<string, VersionRef['type']> = {
  GB: 'branch',
  GT: 'tag',
  GC: 'commit',
};
const API_VERSION_TYPES: Record<string, VersionRef['type']> = {
  '0': 'branch',
  '1': 'tag',
  '2': 'commit',
  branch: 'branch',
  tag: 'tag',
  commit: 'commit',
};
const COMMIT_ID = /^[0-9a-f]{7,40}$/i;
/** Segments of a clone URL that stand for how to clone rather than what. */
const CLONE_FLAVOURS = ['_full', '_optimized'];

/**
 * Reads any form in which Azure DevOps, its documentation, Git or Backstage
 * write the address of a Git repository or of something in it. Pure: what the
 * text leaves open the configured organizations decide.
 *
 * User information in the URL is dropped, and parameters that only concern the
 * browser are ignored.
 */
export function parseRepositoryUrl(
  text: string,
  context: LocationContext,
): ParsedUrl {
  if (/%00|\0/.test(text)) {
    return unsupported(
      'The URL has a NUL character (%00), which no name and no path has.',
    );
  }
  const url = toUrl(toSshUrl(text.trim()));
  if (!url) {
    return unsupported(
      'This is not a URL. Write it as the address bar of the browser shows it, beginning with https://.',
    );
  }
  const segments = decodeSegments(url.pathname);
  if (!segments) {
    return unsupported(
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
      `The host '${host}' is not known as Azure DevOps. Configured under integrations.azure: ${context.hosts.join(', ')}.`,
    );
  }
  // The service under its own names answers https only, so http:// can mean nothing else.
  if (
    url.protocol === 'https:' ||
    (url.protocol === 'http:' &&
      (isCloudHost(host) || isReadWithoutTls(host, context)))
  ) {
    return undefined;
  }
  return unsupported(
    `A URL of ${host} should begin with https://, not with ${url.protocol}//: credentials are not sent unencrypted, unless a provider has host: http://${host}.`,
  );
}

/** Whether a provider's `host` says that a Server is read over plain http. */
function isReadWithoutTls(host: string, context: LocationContext): boolean {
  return context.organizations.some(
    organization =>
      organization.scheme === 'http' &&
      organization.host.toLowerCase() === host,
  );
}

/** An organization as a URL reaches it: with TLS or without. */
function withSchemeOf(url: URL, { host, name }: Organization): Organization {
  return new Organization(
    host,
    name,
    url.protocol === 'http:' && !isCloudHost(host) ? 'http' : 'https',
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
      notGit
        ? `The URL points to '${notGit}', not to a Git repository. The address of a repository has /_git/{repository}.`
        : 'The URL names no Git repository. The address of a repository has /_git/{repository} after the project.',
    );
  }
  const found = splitLeadingSegments(host, segments.slice(0, marker), context);
  if (isUnsupported(found)) {
    return found;
  }
  const leading = {
    ...found,
    organization: withSchemeOf(url, found.organization),
  };
  const rest = segments.slice(marker + 1);
  return segments[marker]?.toLowerCase() === '_git'
    ? parseWebUrl(url, leading, rest)
    : parseApiUrl(url, leading, rest);
}

function parseWebUrl(
  url: URL,
  leading: LeadingSegments,
  rest: readonly string[],
): ParsedUrl {
  const [repository, page, id] = CLONE_FLAVOURS.includes(rest[0] ?? '')
    ? rest.slice(1)
    : rest;
  if (repository === undefined) {
    return unsupported(
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
  leading: LeadingSegments,
  rest: readonly string[],
): ParsedUrl {
  const [area, resource, repository, part, ...tail] = rest;
  if (
    area?.toLowerCase() !== 'git' ||
    resource?.toLowerCase() !== 'repositories' ||
    repository === undefined
  ) {
    return unsupported(
      'Of the addresses below _apis only _apis/git/repositories/{repository} leads to a repository.',
    );
  }
  const base = {
    outcome: 'repository' as const,
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

/**
 * The parameters of a URL under lower-case names. Pages of older Azure DevOps
 * Server versions keep them behind the `#`.
 */
function readParameters(url: URL): Map<string, string> {
  const parameters = new Map<string, string>();
  const add = (text: string) => {
    for (const [key, value] of new URLSearchParams(text)) {
      if (!parameters.has(key.toLowerCase())) {
        parameters.set(key.toLowerCase(), value);
      }
    }
  };
  add(url.search);
  if (!parameters.has('path') && /(^#|&)(path|version)=/i.test(url.hash)) {
    add(url.hash.slice(1));
  }
  return parameters;
}

/**
 * Writes a path the one way: with a leading slash, without a trailing one,
 * without empty, `.` and `..` segments. `undefined` stands for the root.
 */
function normalizePath(path: string): string | undefined | UnsupportedUrl {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') {
      if (segments.pop() === undefined) {
        return unsupported(
          `The path '${path}' leaves the repository. Write it from the repository's root, as in path=/catalog-info.yaml.`,
        );
      }
    } else if (segment !== '' && segment !== '.') {
      segments.push(segment);
    }
  }
  return segments.length > 0 ? `/${segments.join('/')}` : undefined;
}

/** Reads `version=GBmain`, `GTv1.0` or `GC{commit}`, as the pages of Azure DevOps write it. */
function readWebVersion(
  parameters: ReadonlyMap<string, string>,
): VersionRef | undefined | UnsupportedUrl {
  const text = parameters.get('version');
  if (!text) {
    return undefined;
  }
  const prefix = text.slice(0, 2);
  const version = text.slice(2);
  const type = WEB_VERSION_TYPES[prefix];
  if (!type || version === '') {
    return unsupported(
      `The version '${text}' is no branch, tag or commit. Write version=GB followed by a branch, GT by a tag, or GC by a commit id, as in version=GBmain.`,
    );
  }
  return checkVersion({ type, version });
}

/** Reads the version of an `_apis` URL in the spellings that the REST interface takes. */
function readApiVersion(
  parameters: ReadonlyMap<string, string>,
): VersionRef | undefined | UnsupportedUrl {
  const find = (name: string) =>
    parameters.get(`versiondescriptor.${name}`) ||
    parameters.get(`versiondescriptor[${name}]`) ||
    parameters.get(name);
  const version = find('version');
  if (!version) {
    return undefined;
  }
  const name = find('versiontype') ?? 'branch';
  const type = API_VERSION_TYPES[name.toLowerCase()];
  if (!type) {
    return unsupported(
      `The version type '${name}' is unknown. It is branch, tag or commit.`,
    );
  }
  return checkVersion({ type, version });
}

function checkVersion(ref: VersionRef): VersionRef | UnsupportedUrl {
  if (ref.type !== 'commit') {
    return ref;
  }
  return COMMIT_ID.test(ref.version)
    ? { type: 'commit', version: ref.version.toLowerCase() }
    : unsupported(
        `'${ref.version}' is no commit id. A commit id is 7 to 40 hexadecimal digits.`,
      );
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
  return guidOf(repository) === undefined ? repository : undefined;
}

/**
 * Whether a URL is one that the reader and the analyzer answer for: of a
 * configured host, or a repository of Azure DevOps Services under any of its
 * names. A Server that is reached without TLS is left to Backstage's own reader,
 * unless a provider reads it so.
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
