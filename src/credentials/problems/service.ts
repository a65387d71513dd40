import { isCloudHost, type Organization } from '../../organization';
import { type ProblemText, said, settingOf, TOKEN_SCOPES } from './facts';

/** The page on which the owner of a personal access token sees its state. */
export function tokensPage(organization: Organization): string {
  return `${organization.url}/_usersSettings/tokens`;
}

const NEW_TOKEN = `create a new one with the scopes ${TOKEN_SCOPES}, and put it into the configuration`;

/** Problems that Azure DevOps answers with when a credential is presented to it. */
export const SERVICE_PROBLEMS = {
  'personal-access-token-expired': {
    cause: facts => `the personal access token has expired${said(facts)}`,
    // Since sprint 271 (March 2026) a token that has expired cannot be renewed.
    cure: facts => `Open ${tokensPage(facts.organization)} and ${NEW_TOKEN}`,
  },
  'personal-access-token-revoked': {
    cause: facts => `the personal access token was revoked${said(facts)}`,
    cure: facts =>
      `Open ${tokensPage(facts.organization)} and ${NEW_TOKEN}; ask an administrator first whether a policy revoked it`,
  },
  'personal-access-token-unknown': {
    cause: facts =>
      `Azure DevOps does not know the personal access token, and answers as to somebody who has none${said(facts)}`,
    cure: facts =>
      `Check that the whole token was copied, as it was shown and not encoded, and that it belongs to this organization; otherwise create one at ${tokensPage(facts.organization)}`,
  },
  'personal-access-token-scope': {
    cause: facts =>
      `the personal access token lacks the scope that this needs${said(facts)}`,
    cure: facts =>
      `Edit it at ${tokensPage(facts.organization)} and give it the scopes ${TOKEN_SCOPES}`,
  },
  'personal-access-token-refused': {
    cause: facts =>
      `Azure DevOps refuses the personal access token without saying why: it has expired, was revoked, or lacks a scope${said(facts)}`,
    cure: facts =>
      `Open ${tokensPage(facts.organization)} and look at its state and scopes; unless only a scope is missing, ${NEW_TOKEN}`,
  },
  'iis-basic-authentication': {
    cause: facts =>
      `the web server (IIS) denies the request before Azure DevOps Server sees it: its Basic Authentication is on, which takes a personal access token for a wrong Windows password${said(facts)}`,
    cure: facts =>
      'Switch off Basic Authentication for the site of Azure DevOps Server in IIS Manager (Authentication; Anonymous and Windows Authentication stay on); ' +
      `if it is off already, the token itself is unknown: create one at ${tokensPage(facts.organization)}`,
  },
  'identity-not-added': {
    cause: facts =>
      `the identity has never been added to the organization${said(facts)}`,
    cure: facts =>
      `Add it at ${facts.organization.url}/_settings/users with the access level Basic, ` +
      'and to a group that may read the repositories; a new membership can take a few minutes to have an effect',
  },
  'identity-not-authorized': {
    cause: facts =>
      `Azure DevOps knows the identity but does not let it into the organization: it has no licence, for example, or was disabled${said(facts)}`,
    cure: facts =>
      `Check at ${facts.organization.url}/_settings/users that the identity is listed with the access level Basic, ` +
      'and that it is a member of a project or of a group that may read',
  },
  'wrong-tenant': {
    cause: ({ tokenTenant, organizationTenant }) =>
      tenantIsAbsent(organizationTenant)
        ? `the organization is not connected to Microsoft Entra at all, but the token comes from tenant ${tokenTenant}`
        : `the token comes from tenant ${tokenTenant}, but the organization is connected to tenant ${organizationTenant}`,
    cure: facts => {
      const { organizationTenant, credential } = facts;
      if (tenantIsAbsent(organizationTenant)) {
        return 'Use a personal access token, or connect the organization to Microsoft Entra (Organization settings > Microsoft Entra)';
      }
      if (credential?.kind.startsWith('managed identity')) {
        return (
          'Use a service principal of that tenant: a managed identity gets tokens of its own tenant only, ' +
          `but can take the place of an application's secret (clientId, managedIdentityClientId, and tenantId: ${organizationTenant})`
        );
      }
      const change =
        credential?.kind === 'workload identity'
          ? `Make the service account one of tenant ${organizationTenant} (azure.workload.identity/tenant-id, which sets AZURE_TENANT_ID)`
          : `Set ${settingOf(facts, 'tenantId')} to ${organizationTenant}`;
      return `${change}, let an administrator of that tenant consent to the application, and add it to the organization`;
    },
  },
  'conditional-access': {
    cause: facts =>
      `a conditional access policy of Microsoft Entra refuses the request${said(facts)}`,
    cure: () =>
      'Ask an administrator of Microsoft Entra to admit the identity, or the network that Backstage runs in, to Azure DevOps',
  },
  'sign-in-page': {
    cause: facts =>
      `Azure DevOps answers with its sign-in page instead of data${said(facts)}`,
    cure: facts =>
      `Check at ${facts.organization.url}/_settings/users that the identity is one of the organization's users, and that it belongs to its tenant; ` +
      'an overloaded Azure DevOps answers so too, and Backstage tries again by itself',
  },
  'token-not-accepted': {
    cause: facts =>
      `Azure DevOps does not accept the token, without saying why${said(facts)}`,
    cure: () =>
      "Check under Organization settings > Policies that access by applications is allowed, and the machine's clock; " +
      '`azure-devops-catalog doctor` compares tenants and clocks',
  },
  'permission-missing': {
    cause: facts => `the identity lacks a permission${said(facts)}`,
    cure: facts =>
      `Open the project at ${facts.organization.url} and give it the permission to read (Project settings > Repositories > Security), or membership in Readers; its access level has to be Basic, as a Stakeholder reads no code`,
  },
  'organization-not-found': {
    cause: ({ organization }) =>
      isCloudHost(organization.host)
        ? `there is no organization '${organization.name}'`
        : `there is no collection '${organization.name}' on ${organization.host}`,
    cure: ({ organization }) =>
      isCloudHost(organization.host)
        ? `Compare the name with what follows https://${organization.host}/ in the browser: it may be mistyped, or have been renamed`
        : 'Compare the name, and the virtual directory before it such as tfs/, with the address in the browser',
  },
  'project-not-found': {
    cause: facts =>
      `the project does not exist, or the identity may not see it${said(facts)}`,
    cure: () =>
      'Compare the name with the address in the browser, and add the identity to the group Readers of the project',
  },
  'service-throttled': {
    cause: facts =>
      `Azure DevOps slows the identity down or blocks it for a while${said(facts)}`,
    cure: facts =>
      `Wait: Backstage tries again by itself. If it lasts, look at ${facts.organization.url}/_settings/usage for what else uses the identity`,
    transient: true,
  },
  'service-unavailable': {
    cause: facts => `Azure DevOps fails to answer${said(facts)}`,
    cure: ({ organization }) =>
      isCloudHost(organization.host)
        ? 'Wait: Backstage tries again by itself. If it lasts, look at https://status.dev.azure.com'
        : `Wait: Backstage tries again by itself. If it lasts, ask those who run ${organization.host}`,
    transient: true,
  },
  'service-unreachable': {
    cause: ({ organization, detail }) =>
      detail ?? `${organization.host} cannot be reached`,
    cure: ({ organization, advice }) =>
      advice ??
      `Check DNS, firewall and proxy (HTTPS_PROXY, NO_PROXY) from here to https://${organization.host}, ` +
        'and NODE_EXTRA_CA_CERTS if a proxy inspects TLS or the server has a certificate of your own',
    transient: true,
  },
  'request-failed': {
    cause: facts => `the request failed${said(facts)}`,
    cure: ({ advice }) =>
      advice ?? 'Report it with the whole message: nothing more is known of it',
  },
  'answer-not-understood': {
    cause: facts =>
      `the answer is not one that Azure DevOps gives${said(facts)}`,
    cure: ({ organization }) =>
      `Check that no proxy answers in place of ${organization.host}, and that the address is that of Azure DevOps`,
  },
} satisfies Record<string, ProblemText>;

/** An all-zero tenant is how the service says that an organization has personal accounts only. */
function tenantIsAbsent(tenantId: string | undefined): boolean {
  return !tenantId || /^[0-]+$/.test(tenantId);
}
