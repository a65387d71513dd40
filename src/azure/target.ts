import { isCloudHost, type Organization } from '../organization';

/** Where Azure DevOps Services answers searches. Part of the same service, and reached with the same credential. */
const SEARCH_HOST = 'almsearch.dev.azure.com';

/** Where a request goes. */
export interface RequestTarget {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
}

/**
 * An organization's address as the library's legacy URL functions write it:
 * they encode the apostrophe, which is otherwise left alone.
 */
export function apiBaseUrl(organization: Organization): string {
  return organization.url.replaceAll("'", '%27');
}

/** Where an organization's files are searched; with Azure DevOps Server the collection itself answers. */
export function searchBaseUrl(organization: Organization): string {
  return isCloudHost(organization.host)
    ? `https://${SEARCH_HOST}/${encodeURIComponent(organization.name)}`
    : organization.url;
}

export function targetOf(address: string): RequestTarget {
  const { origin, pathname, search } = new URL(address);
  return { origin, path: `${pathname}${search}` };
}

/**
 * The addresses to which a credential may go: the same scheme, host and port,
 * and below the same path. Route templates come from the service, and names
 * from URLs that people paste, so an address that the library has put together
 * is not trusted to be one of them.
 */
export class RequestScope {
  readonly #origin: string;
  readonly #directory: string;

  constructor(baseUrl: string) {
    const { origin, pathname } = new URL(baseUrl);
    this.#origin = origin;
    this.#directory = pathname.endsWith('/') ? pathname : `${pathname}/`;
  }

  /** Where a request goes; `undefined` when that is out of scope. */
  target(requestUrl: string): RequestTarget | undefined {
    if (!URL.canParse(requestUrl)) {
      return undefined;
    }
    const url = new URL(requestUrl);
    const { origin, pathname, search } = url;
    const isInScope =
      origin === this.#origin &&
      url.username === '' &&
      url.password === '' &&
      pathname.startsWith(this.#directory) &&
      decodeSlashes(url).startsWith(this.#directory);
    return isInScope ? { origin, path: `${pathname}${search}` } : undefined;
  }
}

/** A path as servers and proxies may take it, to which an encoded slash is a slash. */
function decodeSlashes({ origin, pathname }: URL): string {
  const decoded = pathname.replace(/%2f|%5c/gi, '/');
  return decoded === pathname
    ? pathname
    : new URL(`${origin}${decoded}`).pathname;
}
