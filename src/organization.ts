/** The host of Azure DevOps Services. */
export const CLOUD_HOST = 'dev.azure.com';

/**
 * One Azure DevOps organization or, on Azure DevOps Server, one collection: the
 * unit of credentials, of rate limits and of failure.
 */
export class Organization {
  /** The address of its `_apis` and web pages, without a trailing slash. */
  readonly url: string;

  /**
   * @param host - `dev.azure.com`, `{organization}.visualstudio.com`, or a
   *   Server host as `host[:port]`
   * @param name - as it was configured, not percent-encoded. For Azure DevOps
   *   Server the collection with its virtual directory, if there is one:
   *   `DefaultCollection`, `tfs/DefaultCollection`
   * @param scheme - `http` for an Azure DevOps Server that is read without TLS,
   *   which a provider's `host` has to say
   */
  constructor(
    readonly host: string,
    readonly name: string,
    readonly scheme: 'https' | 'http' = 'https',
  ) {
    const path = isLegacyCloudHost(host)
      ? ''
      : `/${name.split('/').map(encodeURIComponent).join('/')}`;
    this.url = `${scheme}://${host}${path}`;
  }

  /**
   * The same for two spellings of one organization. Azure DevOps compares names
   * without regard to case.
   */
  get key(): string {
    return this.label.toLowerCase();
  }

  /** For people: `host/name`. */
  get label(): string {
    return `${this.host}/${this.name}`;
  }
}

/** Whether a host is Azure DevOps Services under its legacy name, `{organization}.visualstudio.com`. */
export function isLegacyCloudHost(host: string): boolean {
  return host.toLowerCase().endsWith('.visualstudio.com');
}

/** Whether a host is Azure DevOps Services, as opposed to Azure DevOps Server. */
export function isCloudHost(host: string): boolean {
  return host.toLowerCase() === CLOUD_HOST || isLegacyCloudHost(host);
}
