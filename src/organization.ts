/**
 * One Azure DevOps organization or, on Azure DevOps Server, one collection: the
 * unit of credentials, of rate limits and of failure.
 *
 * @public
 */
export interface OrganizationRef {
  /** `dev.azure.com`, `{organization}.visualstudio.com`, or a Server host as `host[:port]`. */
  readonly host: string;
  /**
   * The organization's name as it was configured, not percent-encoded. For
   * Azure DevOps Server the collection with its virtual directory, if there is
   * one: `DefaultCollection`, `tfs/DefaultCollection`.
   */
  readonly organization: string;
}

/** The host of Azure DevOps Services. */
export const CLOUD_HOST = 'dev.azure.com';

/** Whether a host is Azure DevOps Services under its legacy name, `{organization}.visualstudio.com`. */
export function isLegacyCloudHost(host: string): boolean {
  return host.toLowerCase().endsWith('.visualstudio.com');
}

/** Whether a host is Azure DevOps Services, as opposed to Azure DevOps Server. */
export function isCloudHost(host: string): boolean {
  return host.toLowerCase() === CLOUD_HOST || isLegacyCloudHost(host);
}

/**
 * The address under which an organization's `_apis` and web pages are found,
 * without a trailing slash.
 */
export function organizationUrl(ref: OrganizationRef): string {
  if (isLegacyCloudHost(ref.host)) {
    return `https://${ref.host}`;
  }
  const path = ref.organization.split('/').map(encodeURIComponent).join('/');
  return `https://${ref.host}/${path}`;
}

/**
 * A key under which two spellings of one organization are the same, as Azure
 * DevOps compares names: without regard to case.
 */
export function organizationKey(ref: OrganizationRef): string {
  return `${ref.host}/${ref.organization}`.toLowerCase();
}

/** How an organization is named in messages: `host/organization`. */
export function describeOrganization(ref: OrganizationRef): string {
  return `${ref.host}/${ref.organization}`;
}
