import type { SimulatedRequest } from '../http';
import { nameKey, type Organization, type Organizations } from '../model';

/** Where in Azure DevOps a request points. */
export interface Address {
  readonly host: 'main' | 'search';
  /** As the address names it; there may be no such organization. */
  readonly organizationName: string;
  readonly organization: Organization | undefined;
  /** Where the organization is found in this request, without a slash at the end. */
  readonly baseUrl: string;
  /** What stands between the organization and `_apis`. */
  readonly project: string | undefined;
  /** What follows `_apis`; `undefined` for what is not the interface, but pages. */
  readonly resource: readonly string[] | undefined;
}

/** The address of a request; `undefined` when it is not for Azure DevOps. */
export function addressOf(
  request: SimulatedRequest,
  organizations: Organizations,
): Address | undefined {
  const segments = decodedSegments(request.url.pathname);
  if (!segments) {
    return undefined;
  }
  if (request.door === 'server') {
    return serverAddress(request.url, segments, organizations);
  }
  return request.door === 'cloud'
    ? cloudAddress(request.url, segments, organizations)
    : undefined;
}

function cloudAddress(
  url: URL,
  segments: string[],
  organizations: Organizations,
): Address | undefined {
  const host = url.hostname;
  if (host === 'dev.azure.com' || host === 'almsearch.dev.azure.com') {
    const [name = '', ...rest] = segments;
    const organization = organizations.find(name, 'cloud');
    return {
      host: host === 'dev.azure.com' ? 'main' : 'search',
      organizationName: organization?.name ?? name,
      organization,
      baseUrl: `https://dev.azure.com/${encodeURIComponent(organization?.name ?? name)}`,
      ...below(rest),
    };
  }
  const [, name = ''] = /^([^.]+)\.visualstudio\.com$/.exec(host) ?? [];
  if (name === '') {
    return undefined;
  }
  const organization = organizations.find(name, 'cloud');
  const [first = '', ...rest] = segments;
  return {
    host: 'main',
    organizationName: organization?.name ?? name,
    organization,
    baseUrl: `https://${host}`,
    ...below(nameKey(first) === 'defaultcollection' ? rest : segments),
  };
}

function serverAddress(
  url: URL,
  segments: string[],
  organizations: Organizations,
): Address {
  // A virtual directory belongs to the collection's name, if there is one.
  for (const length of [2, 1]) {
    const name = segments.slice(0, length).join('/');
    const organization = organizations.find(name, 'server');
    if (organization && segments.length >= length) {
      const path = organization.name
        .split('/')
        .map(encodeURIComponent)
        .join('/');
      return {
        host: 'main',
        organizationName: organization.name,
        organization,
        baseUrl: `${url.origin}/${path}`,
        ...below(segments.slice(length)),
      };
    }
  }
  return {
    host: 'main',
    organizationName: segments[0] ?? '',
    organization: undefined,
    baseUrl: url.origin,
    ...below(segments.slice(1)),
  };
}

function below(segments: string[]): Pick<Address, 'project' | 'resource'> {
  const apis = segments.findIndex(segment => nameKey(segment) === '_apis');
  if (apis === 0 || apis === 1) {
    return {
      project: apis === 1 ? segments[0] : undefined,
      resource: segments.slice(apis + 1),
    };
  }
  return { project: undefined, resource: undefined };
}

/** The path's parts, decoded. A slash that was sent encoded parts segments too. */
function decodedSegments(pathname: string): string[] | undefined {
  try {
    return decodeURIComponent(pathname)
      .split('/')
      .filter(segment => segment !== '');
  } catch {
    return undefined;
  }
}
