import type { Organization } from '../organization';

/** The kinds of credential, as the documentation and every message name them. */
export type CredentialKind =
  | 'personal access token'
  | 'service principal (client secret)'
  | 'service principal (certificate)'
  | 'service principal (managed identity assertion)'
  | 'managed identity (system-assigned)'
  | 'managed identity (user-assigned)'
  | 'workload identity'
  | 'default Azure credential';

/** What may be said about a credential: never its value. */
export interface CredentialDescription {
  readonly kind: CredentialKind;
  /** Where it stands in the configuration, as `integrations.azure[0].credentials[1]`; absent for the default credential. */
  readonly configKey?: string;
  readonly clientId?: string;
  readonly tenantId?: string;
  /** Why it serves this organization: `its organizations list 'contoso'`. */
  readonly matchedBy: string;
}

/** What may be said about a certificate; all of it is public. */
export interface CertificateFacts {
  readonly kind: 'certificate';
  readonly subject: string;
  /** SHA-1 in upper-case hexadecimal digits, as Microsoft Entra lists it. */
  readonly thumbprint: string;
  /** Milliseconds since the epoch. */
  readonly validFrom: number;
  /** Milliseconds since the epoch. */
  readonly validTo: number;
}

/** What may be said about a federated token. */
export interface FederatedTokenFacts {
  readonly kind: 'federated token';
  readonly issuer: string;
  /** On Kubernetes `system:serviceaccount:{namespace}:{name}`. */
  readonly subject: string;
  readonly audience: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number;
}

/** What is presented to Microsoft Entra in place of a client secret. Never the key or the token itself. */
export type ProofFacts = CertificateFacts | FederatedTokenFacts;

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
  /**
   * What is presented in place of a client secret, as it is at the moment;
   * absent where nothing is. Throws a `CredentialError` when it cannot be used.
   */
  inspectProof?(): Promise<ProofFacts>;
}

/** Which credential serves which organization. One per process. */
export interface CredentialDirectory {
  /** Throws a `CredentialError` that lists what is configured when nothing matches. */
  forOrganization(organization: Organization): OrganizationCredential;
}
