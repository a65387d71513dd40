import type { Organization } from '../../organization';
import type { CredentialDescription } from '../types';

/** What a diagnosis may say. Nothing in it is secret. */
export interface ProblemFacts {
  readonly organization: Organization;
  readonly credential?: CredentialDescription;
  /** What was said, or the code of it, such as `AADSTS7000222`. */
  readonly detail?: string;
  /** What to do, where more is known than the problem: a sentence in the imperative, without a full stop. */
  readonly advice?: string;
  /** The tenant that the organization is connected to. */
  readonly organizationTenant?: string;
  /** The tenant that issued the token. */
  readonly tokenTenant?: string;
  /** What is configured, one line a credential. */
  readonly configured?: readonly string[];
}

/** How a problem is put into words. */
export interface ProblemText {
  /** A clause without a full stop, read after "dev.azure.com/contoso: ". */
  cause(facts: ProblemFacts): string;
  /** A sentence in the imperative, without a full stop. */
  cure(facts: ProblemFacts): string;
  /** Whether waiting may be all that it takes. Default: false. */
  readonly transient?: boolean;
}

/** What a personal access token needs, by the names of the page on which it is made: the first for repositories and files, the second for the list of projects. */
export const TOKEN_SCOPES = 'Code (Read) and Project and Team (Read)';

/** ` (detail)`, or nothing. */
export function said({ detail }: ProblemFacts): string {
  return detail ? ` (${detail.replace(/\.$/, '')})` : '';
}

/** The application of a service principal, in words. */
export function application({ credential }: ProblemFacts): string {
  return credential?.clientId
    ? `application ${credential.clientId}`
    : 'the application';
}

/** The tenant of a service principal, in words. */
export function tenant({ credential }: ProblemFacts): string {
  return credential?.tenantId
    ? `tenant ${credential.tenantId}`
    : 'the configured tenant';
}

/** Where the credential is configured, in words. */
export function whereConfigured({ credential }: ProblemFacts): string {
  return credential?.configKey ?? 'integrations.azure';
}

/** The variables that a credential without configuration is made of. */
const VARIABLES = {
  clientId: 'AZURE_CLIENT_ID',
  clientSecret: 'AZURE_CLIENT_SECRET',
  clientCertificatePath: 'AZURE_CLIENT_CERTIFICATE_PATH',
  tenantId: 'AZURE_TENANT_ID',
} as const;

/** What a value of the credential is set by: a key of the configuration, or a variable of the environment. */
export function settingOf(
  facts: ProblemFacts,
  name: keyof typeof VARIABLES,
): string {
  const kind = facts.credential?.kind;
  return kind === 'default Azure credential' ||
    (kind === 'workload identity' && name === 'tenantId')
    ? VARIABLES[name]
    : `${whereConfigured(facts)}.${name}`;
}

/** Microsoft Entra's address, as `@azure/identity` determines it. */
export function authority(): string {
  return (
    process.env.AZURE_AUTHORITY_HOST || 'https://login.microsoftonline.com'
  );
}

/** The page on which an administrator of the tenant lets the application in. */
export function consentUrl({ credential }: ProblemFacts): string {
  const tenantId = encodeURIComponent(credential?.tenantId ?? 'organizations');
  const clientId = encodeURIComponent(credential?.clientId ?? '');
  return `${authority().replace(/\/+$/, '')}/${tenantId}/adminconsent?client_id=${clientId}`;
}
