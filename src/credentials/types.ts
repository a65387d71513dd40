import type { Organization } from '../organization';

/** The kinds of credential, as the documentation and every message name them. */
export type CredentialKind =
  | 'personal access token'
  | 'service principal (client secret)'
  | 'service principal (managed identity assertion)'
  | 'managed identity (system-assigned)'
  | 'managed identity (user-assigned)'
  | 'default Azure credential';

/** What may be said about a credential: never its value. */
export interface CredentialDescription {
  readonly kind: CredentialKind;
  /** Where it stands in the configuration, as `integrations.azure[0].credentials[1]`; absent for the default credential. */
  readonly configKey?: string;
  readonly clientId?: string;
  readonly tenantId?: string;
  /** Why it serves this organization: `organizations lists it`, `the only one without organizations`, ... */
  readonly matchedBy: string;
}

/** The credential that serves one organization. */
export interface OrganizationCredential {
  describe(): CredentialDescription;
  /**
   * The value of the Authorization header. Single-flight, renewed ahead of
   * expiry, bounded in time. Throws a `CredentialError`.
   */
  getAuthorization(options?: { signal?: AbortSignal }): Promise<string>;
  /**
   * To be called when the service answered 401 to this value. Resolves to true when a
   * fresh value is worth one repeat (a token that was believed valid), to false
   * otherwise (a personal access token).
   */
  reject(authorization: string): Promise<boolean>;
}

/** Which credential serves which organization. One per process. */
export interface CredentialDirectory {
  /** Throws a `CredentialError` that lists what is configured when nothing matches. */
  forOrganization(organization: Organization): OrganizationCredential;
}
