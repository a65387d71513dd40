import {
  application,
  authority,
  consentUrl,
  type ProblemFacts,
  type ProblemText,
  said,
  settingOf,
  tenant,
  whereConfigured,
} from './facts';
import {
  type ConnectionProblem,
  describeConnectionFailure,
} from './connection';

const RETRIES = 'Backstage tries again by itself';

const RETRIED = `Nothing needs to be changed if this passes: ${RETRIES}`;

const WORKLOAD_INSTEAD =
  'if a workload identity is meant, the pod lacks the label azure.workload.identity/use: "true", or was made before it had one';

/** Problems in getting a token from Microsoft Entra or from the managed identity endpoint. */
export const TOKEN_PROBLEMS = {
  'client-secret-invalid': {
    cause: facts =>
      `Microsoft Entra does not accept the client secret of ${application(facts)}${said(facts)}`,
    cure: facts =>
      `Set ${settingOf(facts, 'clientSecret')} to the Value of a client secret (not its Secret ID), ` +
      'shown once, at its creation, under App registrations > Certificates & secrets',
  },
  'client-secret-expired': {
    cause: facts =>
      `the client secret of ${application(facts)} has expired${said(facts)}`,
    cure: facts =>
      'Create a new client secret in Microsoft Entra under App registrations > Certificates & secrets, ' +
      `and put its Value into ${settingOf(facts, 'clientSecret')}`,
  },
  'certificate-file-unreadable': {
    cause: facts => `the certificate file cannot be read${said(facts)}`,
    cure: facts =>
      `Check ${settingOf(facts, 'clientCertificatePath')}, that the file is there where Backstage runs (in a container: that it is mounted), and that the user who runs Backstage may read it; the PEM itself belongs into clientCertificate`,
  },
  'certificate-not-pem': {
    cause: facts =>
      `the configured certificate cannot be read as PEM${said(facts)}`,
    cure: facts =>
      `Give ${whereConfigured(facts)} the certificate and its private key as PEM, each from its BEGIN line to its END line, with its line breaks, which a file (clientCertificatePath) keeps; ` +
      'a PFX file has to be converted',
  },
  'certificate-key-missing': {
    cause: facts =>
      `the certificate of ${application(facts)} is configured without its private key`,
    cure: () =>
      'Append the private key (BEGIN PRIVATE KEY) to the PEM: Microsoft Entra gets the certificate alone, Backstage needs both',
  },
  'certificate-key-encrypted': {
    cause: facts =>
      `the private key of ${application(facts)} is protected by a passphrase, and Backstage has no setting for one`,
    cure: () =>
      'Store the key without a passphrase, in a file or a secret that only Backstage may read',
  },
  'certificate-key-unsuitable': {
    cause: facts =>
      `the private key of ${application(facts)} is not one that Microsoft Entra takes${said(facts)}`,
    cure: () =>
      'Make a certificate with an RSA key of 2048 bits or more (`openssl req -x509 -newkey rsa:2048`), and add it to the application in Microsoft Entra',
  },
  'certificate-key-mismatch': {
    cause: facts =>
      `the private key does not belong to the first certificate of the PEM${said(facts)}`,
    cure: () =>
      "Put the key's own certificate first, before those of its issuers, and check that both were replaced when one was",
  },
  'certificate-expired': {
    cause: facts =>
      `the certificate of ${application(facts)} has expired${said(facts)}`,
    cure: facts =>
      'Make a new one, add it to the application in Microsoft Entra (App registrations > Certificates & secrets > Certificates), ' +
      `then replace the one of ${whereConfigured(facts)}; a file is read again by itself`,
  },
  'certificate-not-yet-valid': {
    cause: facts =>
      `the certificate of ${application(facts)} is not valid yet${said(facts)}`,
    cure: () =>
      'Check the clock of this machine; if it is right, go on using the previous certificate until then',
  },
  'certificate-unknown': {
    cause: facts =>
      `Microsoft Entra does not have this certificate for ${application(facts)}${said(facts)}`,
    cure: () =>
      'Compare the thumbprint with those under App registrations > Certificates & secrets > Certificates of the application, ' +
      'and upload the certificate there, without its private key',
  },
  'application-not-found': {
    cause: facts =>
      `${tenant(facts)} does not know ${application(facts)}${said(facts)}: ` +
      'one of the two ids is mistyped, or the application belongs to another tenant and nobody has let it into this one',
    cure: facts =>
      `If the application belongs to another tenant, let an administrator of ${tenant(facts)} open ${consentUrl(facts)} and consent; ` +
      `otherwise correct ${settingOf(facts, 'clientId')} and ${settingOf(facts, 'tenantId')}`,
  },
  'consent-missing': {
    cause: facts =>
      `nobody has consented to ${application(facts)} in ${tenant(facts)}${said(facts)}`,
    cure: facts =>
      `Let an administrator of ${tenant(facts)} open ${consentUrl(facts)} and consent; ` +
      'then add the service principal to the organization (Organization settings > Users)',
  },
  'application-disabled': {
    cause: facts =>
      `${application(facts)} is disabled in ${tenant(facts)}${said(facts)}`,
    cure: () =>
      'Enable it in Microsoft Entra under Enterprise applications > Properties > Enabled for users to sign in, or configure another credential',
  },
  'tenant-not-found': {
    cause: facts => `${tenant(facts)} does not exist${said(facts)}`,
    cure: facts =>
      `Set ${settingOf(facts, 'tenantId')} to the Directory (tenant) ID, as Microsoft Entra shows it under Overview`,
  },
  'federated-credential-missing': {
    cause: facts =>
      `${application(facts)} does not trust the managed identity whose token was presented for it${said(facts)}`,
    cure: facts =>
      'Add a federated credential to the application in Microsoft Entra (App registrations > Certificates & secrets > Federated credentials > Managed identity) ' +
      `that names the managed identity (managedIdentityClientId of ${whereConfigured(facts)}); ` +
      'the identity must live in the tenant in which the application is registered',
  },
  'federated-token-unreadable': {
    cause: facts =>
      `the token of the workload identity cannot be read${said(facts)}`,
    cure: () =>
      'Check that the pod has the label azure.workload.identity/use: "true" and a service account with workload identity, ' +
      'and that AZURE_FEDERATED_TOKEN_FILE is not set where there is none: then the credential is a managed identity again',
  },
  'federated-token-expired': {
    cause: facts =>
      `the token of the workload identity is not valid any more, or not yet${said(facts)}`,
    cure: () =>
      'Compare that time with the clock of this machine. If it has passed, the file is not renewed: mount it as a projected volume, as the webhook of Azure Workload Identity does, rather than as a copy',
  },
  'federated-token-not-trusted': {
    cause: facts =>
      `no federated credential of ${application(facts)} fits the token of the workload identity${said(facts)}`,
    cure: () =>
      'Add one in Microsoft Entra with exactly this issuer, subject and audience; ' +
      'the subject is system:serviceaccount:{namespace}:{name}, of the service account that the pod runs as',
  },
  'conditional-access-token': {
    cause: facts =>
      `a conditional access policy of ${tenant(facts)} refuses a token to the identity${said(facts)}`,
    cure: () =>
      'Ask an administrator of Microsoft Entra to look at the sign-in in Sign-in logs > Service principal sign-ins, ' +
      'and to admit the identity or the network that Backstage runs in',
  },
  'azure-devops-not-in-tenant': {
    cause: facts =>
      `${tenant(facts)} has no Azure DevOps that tokens could be issued for${said(facts)}`,
    cure: facts =>
      `Set ${settingOf(facts, 'tenantId')} to the tenant that the organization is connected to (Organization settings > Microsoft Entra)`,
  },
  'managed-identity-not-found': {
    cause: facts =>
      facts.credential?.kind === 'managed identity (system-assigned)'
        ? `this machine has no system-assigned managed identity${said(facts)}`
        : `the managed identity is not assigned to this machine${said(facts)}`,
    cure: () =>
      'Assign it to the machine, App Service or container that Backstage runs on (Identity, in the Azure portal); ' +
      'for a user-assigned identity use its Client ID, not its Object ID; ' +
      WORKLOAD_INSTEAD,
  },
  'managed-identity-unavailable': {
    cause: facts =>
      `there is no managed identity service where Backstage runs${said(facts)}`,
    cure: () =>
      'Run Backstage on Azure with a managed identity, or configure a service principal here; ' +
      'on Azure check that nothing (proxy, firewall, network policy) keeps Backstage from 169.254.169.254; ' +
      WORKLOAD_INSTEAD,
  },
  'default-credential-unavailable': {
    cause: facts =>
      `no credential is configured for the organization, and none is found in the environment${said(facts)}`,
    cure: ({ organization }) =>
      `Add a credential for '${organization.name}' under integrations.azure, ` +
      'or give the environment one: AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, a managed identity, or az login',
  },
  'token-service-unavailable': {
    cause: facts => `the token service is failing or overloaded${said(facts)}`,
    cure: () =>
      `${RETRIED}; if it lasts, look at status.azure.com and at the health of the machine's managed identity`,
    transient: true,
  },
  'token-service-unreachable': {
    cause: facts =>
      connectionTo(facts)?.cause ??
      `the token service cannot be reached${said(facts)}`,
    cure: facts =>
      connectionTo(facts)?.cure ??
      `Check DNS, firewall and proxy (HTTPS_PROXY, NO_PROXY) from here to ${authority()}, and NODE_EXTRA_CA_CERTS if a proxy inspects TLS; ${RETRIES}`,
    transient: true,
  },
  'token-timeout': {
    cause: facts => `the token service did not answer in time${said(facts)}`,
    cure: () =>
      `${RETRIED}; if it lasts, check the network between Backstage and the token service`,
    transient: true,
  },
  'token-malformed': {
    cause: facts =>
      `the token service answered with something that is no valid token${said(facts)}`,
    cure: () =>
      `Check that the clock of the machine is right, and that no proxy answers in place of ${authority()} or of the managed identity service; Backstage tries again by itself`,
    transient: true,
  },
  'clock-skew': {
    cause: facts =>
      `what this machine presents is not yet or no longer valid by Microsoft Entra's clock${said(facts)}: its own clock is probably wrong`,
    cure: () => 'Set the clock of the machine, and keep it set by NTP',
  },
  'token-refused': {
    cause: facts => `no token was issued${said(facts)}`,
    cure: ({ detail }) => {
      const code = /AADSTS(\d+)/.exec(detail ?? '')?.[1];
      return code
        ? `Read what the code means at https://login.microsoftonline.com/error?code=${code}, and correct the credential accordingly`
        : 'Check the ids and the secret of the credential in Microsoft Entra; `azure-devops-catalog doctor` tries them again';
    },
  },
} satisfies Record<string, ProblemText>;

/** What is wrong with the way to Microsoft Entra, where the code of the failure shows it. */
function connectionTo({
  detail,
}: ProblemFacts): Pick<ConnectionProblem, 'cause' | 'cure'> | undefined {
  const address = authority();
  if (!URL.canParse(address) || !address.startsWith('https://')) {
    return {
      cause: `AZURE_AUTHORITY_HOST is '${address}', which is no address that begins with https://`,
      cure: 'Set AZURE_AUTHORITY_HOST to the address of Microsoft Entra, as https://login.microsoftonline.com, or leave it unset',
    };
  }
  const problem = describeConnectionFailure({
    host: new URL(address).host,
    code: detail,
  });
  return problem && { ...problem, cure: `${problem.cure}; ${RETRIES}` };
}
