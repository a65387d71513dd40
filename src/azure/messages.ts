import {
  describeOrganization,
  isCloudHost,
  type OrganizationRef,
} from '../organization';
import type { RequestErrorKind, RequestFault } from './errors';

type Cure = (organization: OrganizationRef, fault: RequestFault) => string;

/** What to do about each kind: sentences in the imperative, without a full stop. */
const CURES: Readonly<Record<RequestErrorKind, Cure>> = {
  unauthorized: (_organization, fault) =>
    fault.duringThrottling
      ? 'Wait: the service is throttling this identity and then refuses valid credentials too; nothing is concluded from it'
      : 'Check the credential that integrations.azure has for this organization: it may have expired, been revoked, lack the scope Code (Read), or belong to another tenant',
  'sign-in': (organization, fault) =>
    fault.duringThrottling
      ? 'Wait: the service is throttling this identity and then asks for a sign-in in spite of a valid credential; nothing is concluded from it'
      : `Check the credential that integrations.azure has for this organization, and that no proxy answers in place of ${organization.host}`,
  forbidden: () =>
    'Give the identity the permission to read (Project settings > Repositories > Security), or ask an administrator which policy refuses it',
  'not-found': organization =>
    `Compare the names with the address in the browser (https://${organization.host}), and check that the identity may see what was asked for: the service does not tell missing from forbidden`,
  throttled: () =>
    "Wait: requests go on by themselves when the service lets them. If it lasts, look at the organization's Usage page for what else uses the identity",
  unavailable: organization =>
    isCloudHost(organization.host)
      ? 'Wait: it is tried again. If it lasts, look at https://status.dev.azure.com'
      : `Wait: it is tried again. If it lasts, ask those who run ${organization.host}`,
  network: organization =>
    `Check DNS, firewall and proxy (HTTPS_PROXY, NO_PROXY) on the way to ${organization.host}, and NODE_EXTRA_CA_CERTS where certificates are your own`,
  timeout: organization =>
    `Wait: it is tried again. If it lasts, check the way to ${organization.host}`,
  aborted: () => 'Nothing: whoever asked for it no longer wants it',
  malformed: organization =>
    `Wait: it is tried again. If it lasts, check that no proxy alters what ${organization.host} answers`,
  'too-large': () => 'Make it smaller, or leave it out of the configuration',
  'bad-request': () =>
    'Check the names and the path in the configuration; if they are right, report this with the message',
  redirected: organization =>
    `Check host and organization in the configuration: redirects are not followed, so that the credential of ${organization.host} goes nowhere else`,
};

/** The one line that says all there is to say of a failed request. */
export function composeRequestErrorMessage(
  organization: OrganizationRef,
  operation: string,
  fault: RequestFault,
): string {
  const said = fault.serviceMessage ? `: "${fault.serviceMessage}"` : '';
  const typeKey = fault.typeKey ? ` [${fault.typeKey}]` : '';
  const wait =
    fault.retryAfterMs === undefined
      ? ''
      : ` It asks to wait ${Math.ceil(fault.retryAfterMs / 1000)} s.`;
  const activity = fault.activityId ? ` ActivityId: ${fault.activityId}.` : '';
  return (
    `${describeOrganization(organization)}: could not ${operation}: ${fault.seen}${said}${typeKey}.` +
    `${wait} What to do: ${CURES[fault.kind](organization, fault)}.${activity}`
  );
}
