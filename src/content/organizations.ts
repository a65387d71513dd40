import { InputError } from '@backstage/errors';
import { fitOfName } from '../credentials/match';
import { CLOUD_HOST, isLegacyCloudHost, Organization } from '../organization';
import type { LocationContext } from './context';
import { unsupported, type UnsupportedUrl } from './repository-url';
import { percentDecoded } from '../percent-encoding';

/** An organization, and what stands between it and `_git` in a URL: a project, or nothing. */
export interface LeadingSegments {
  readonly organization: Organization;
  /** Absent where the URL leaves the project out, because it has the repository's name. */
  readonly project?: string;
}

/**
 * An organization as people write it: a name, `host/name`, or its address. A
 * name alone is one that the configuration knows, or else one of dev.azure.com.
 *
 * @throws InputError for an empty text
 */
export function parseOrganization(
  text: string,
  known: readonly Organization[],
): Organization {
  const path = text
    .trim()
    .replace(/^https?:\/\/([^/@]*@)?/i, '')
    .replace(/\/+$/, '');
  const [first = '', ...rest] = path.split('/');
  if (path === '') {
    throw new InputError(
      'The name of an organization is empty; expected one such as contoso',
    );
  }
  if (isLegacyCloudHost(first)) {
    return new Organization(first.toLowerCase(), first.split('.')[0] ?? '');
  }
  if (rest.length > 0 && /[.:]|^localhost$/.test(first)) {
    const host = first.toLowerCase();
    // An address of dev.azure.com may go on with a project.
    const name = host === CLOUD_HOST ? (rest[0] ?? '') : rest.join('/');
    return new Organization(host, percentDecoded(name));
  }
  const configured = known.find(({ name }) => fitOfName(path, name) > 0);
  // Azure DevOps allows no dot and no colon in the name of an organization.
  if (!configured && (/[.:]/.test(path) || /^https?:/i.test(text.trim()))) {
    throw new InputError(
      `'${path}' names a host and no organization; expected one on it, such as ${path}/${path === CLOUD_HOST ? 'contoso' : 'DefaultCollection'}`,
    );
  }
  return configured ?? new Organization(CLOUD_HOST, path);
}

/** The virtual directory that Azure DevOps Server installs by default. */
const DEFAULT_VIRTUAL_DIRECTORY = 'tfs';
/** The name of the only collection that an organization under its legacy name has. */
const LEGACY_COLLECTION = 'DefaultCollection';

const same = (a: string, b: string | undefined) =>
  a.toLowerCase() === b?.toLowerCase();

/**
 * Separates organization and project in the segments that lead up to `_git` or
 * `_apis`. On Azure DevOps Server the segments alone do not suffice: the
 * configured collections decide, and only then the usual shape.
 *
 * @param host - in lower case, as `host[:port]`
 * @param segments - percent-decoded, without empty ones
 */
export function splitLeadingSegments(
  host: string,
  segments: readonly string[],
  context: LocationContext,
): LeadingSegments | UnsupportedUrl {
  if (isLegacyCloudHost(host)) {
    const [name = ''] = host.split('.');
    const rest = same(LEGACY_COLLECTION, segments[0])
      ? segments.slice(1)
      : segments;
    return withProject(cloudOrganization(name, host, context), rest);
  }
  if (host === CLOUD_HOST) {
    const [name, ...rest] = segments;
    return name === undefined
      ? noOrganization(host, 'organization')
      : withProject(cloudOrganization(name, host, context), rest);
  }
  return splitServerSegments(host, segments, context);
}

/**
 * An organization of Azure DevOps Services as it is configured. Its legacy host
 * and dev.azure.com are two names of one service, so both end at the one that a
 * provider or a credential uses.
 */
export function cloudOrganization(
  name: string,
  host: string,
  context: LocationContext,
): Organization {
  const named = new Organization(
    isLegacyCloudHost(host) && context.hosts.includes(host) ? host : CLOUD_HOST,
    name,
  );
  return context.organizations.find(it => it.isSameAs(named)) ?? named;
}

function splitServerSegments(
  host: string,
  segments: readonly string[],
  context: LocationContext,
): LeadingSegments | UnsupportedUrl {
  const known = longestKnownCollection(host, segments, context);
  if (known) {
    return withProject(known.organization, segments.slice(known.length));
  }
  const [first, second, ...rest] = segments;
  if (first === undefined) {
    return noOrganization(host, 'collection');
  }
  const behindVirtualDirectory =
    second !== undefined &&
    (rest.length > 0 || same(DEFAULT_VIRTUAL_DIRECTORY, first));
  return behindVirtualDirectory
    ? withProject(new Organization(host, `${first}/${second}`), rest)
    : withProject(
        new Organization(host, first),
        second === undefined ? [] : [second],
      );
}

/** The configured collection that the segments begin with, with or without a virtual directory in front. */
function longestKnownCollection(
  host: string,
  segments: readonly string[],
  context: LocationContext,
): { organization: Organization; length: number } | undefined {
  const collections = context.organizations
    .filter(organization => same(organization.host, host))
    .map(organization => ({
      organization,
      parts: organization.name.split('/'),
    }))
    .sort((a, b) => b.parts.length - a.parts.length);
  // What Backstage takes for a collection may be its virtual directory: then
  // more than a project follows.
  const startsAt = (parts: readonly string[], offset: number) =>
    parts.every((part, i) => same(part, segments[offset + i])) &&
    segments.length - offset - parts.length <= 1 &&
    !(parts.length === 1 && same(DEFAULT_VIRTUAL_DIRECTORY, parts[0]));

  const whole = collections.find(({ parts }) => startsAt(parts, 0));
  if (whole) {
    return { organization: whole.organization, length: whole.parts.length };
  }
  const [virtualDirectory] = segments;
  const behind = collections.find(
    ({ parts }) => parts.length === 1 && startsAt(parts, 1),
  );
  return behind && virtualDirectory !== undefined
    ? {
        organization: new Organization(
          host,
          `${virtualDirectory}/${behind.organization.name}`,
        ),
        length: 2,
      }
    : undefined;
}

function withProject(
  organization: Organization,
  rest: readonly string[],
): LeadingSegments | UnsupportedUrl {
  const [project, ...tooMany] = rest;
  return tooMany.length > 0
    ? unsupported(
        `Between ${organization.host}/${organization.name} and the repository there should be the project's name alone, but there is '${rest.join('/')}'.`,
      )
    : { organization, project };
}

function noOrganization(host: string, what: string): UnsupportedUrl {
  return unsupported(
    `The URL names no ${what}. Write https://${host}/{${what}}/{project}/_git/{repository}.`,
  );
}
