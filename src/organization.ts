/** The host of Azure DevOps Services. */
export const CLOUD_HOST = 'dev.azure.com';

/**
 * One Azure DevOps organization or, on Azure DevOps Server, one collection: the
 * unit of credentials, of rate limits and of failure.
 */
export class Organization {
  /** For people: `host/name`. */
  readonly label: string;
  /**
   * The same for two spellings of one organization. Azure DevOps compares names
   * without regard to case.
   */
  readonly key: string;
  #url: string | undefined;

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
    this.label = `${host}/${name}`;
    this.key = this.label.toLowerCase();
  }

  /** The address of its `_apis` and web pages, without a trailing slash. */
  get url(): string {
    this.#url ??= this.#putUrlTogether();
    return this.#url;
  }

  /**
   * Whether both are one organization: Azure DevOps Services answers for it under
   * dev.azure.com and under its legacy host.
   */
  isSameAs(other: Organization): boolean {
    return (
      this.key === other.key ||
      (isCloudHost(this.host) &&
        isCloudHost(other.host) &&
        this.name.toLowerCase() === other.name.toLowerCase())
    );
  }

  #putUrlTogether(): string {
    if (isLegacyCloudHost(this.host)) {
      return `${this.scheme}://${this.host}`;
    }
    const path = this.name.split('/').map(encodeURIComponent).join('/');
    return `${this.scheme}://${this.host}/${path}`;
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
