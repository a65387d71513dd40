// Provisional, until the owner of this folder replaces it.
import { organizationUrl, type OrganizationRef } from '../organization';

export function canonicalUrl(options: {
  organization: OrganizationRef;
  project: string;
  repository: string;
  path: string;
  branch?: string;
}): string {
  const segment = (text: string) =>
    encodeURI(text).replace(/[#?+&]/g, c => encodeURIComponent(c)).replace(/'/g, '%27');
  const value = (text: string) => segment(text);
  const version = options.branch ? `&version=GB${value(options.branch)}` : '';
  return `${organizationUrl(options.organization)}/${segment(options.project)}/_git/${segment(options.repository)}?path=${value(options.path)}${version}`;
}
