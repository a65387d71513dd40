import { X509Certificate } from 'node:crypto';
import { guidOf } from '../model/names';
import type { AadErrorCode } from './errors';
import type { FederatedIssuer } from './issuers';

export interface Tenant {
  readonly id: string;
  /** A verified domain, accepted wherever the id is. */
  readonly domain: string;
}

interface ClientSecret {
  readonly value: string;
  /** Epoch milliseconds of the simulator's clock from which the secret has expired; default never. */
  readonly expiresAt?: number;
}

/** Whose assertions an application accepts in place of a secret. */
interface FederatedCredential {
  readonly issuer: string;
  readonly subject: string;
  /** Default: `api://AzureADTokenExchange`. */
  readonly audience?: string;
}

export interface ApplicationOptions {
  /** Default: a GUID made from the name and the tenant. */
  readonly clientId?: string;
  readonly name?: string;
  /** The tenant in which the application is registered. */
  readonly tenantId: string;
  readonly secret?: string;
  readonly secrets?: readonly (string | ClientSecret)[];
  readonly federatedCredentials?: readonly FederatedCredential[];
  /** Certificates in PEM, without their keys. */
  readonly certificates?: readonly string[];
  /** Other tenants whose administrator has consented. */
  readonly consentedIn?: readonly string[];
  /** Whether other tenants may consent at all. Default: when `consentedIn` names one. */
  readonly multiTenant?: boolean;
}

/** An application registration with its service principals. */
export class Application {
  readonly clientId: string;
  readonly name: string;
  readonly tenantId: string;
  readonly multiTenant: boolean;
  readonly federatedCredentials: readonly FederatedCredential[];
  /** The certificates that are registered; add and remove them at will. */
  readonly certificates: X509Certificate[];
  readonly secrets: readonly ClientSecret[];
  /** A disabled application gets AADSTS7000112. */
  disabled = false;
  /** Answers every token request with this error, whatever it brings; `undefined` ends it. */
  tokenError: AadErrorCode | undefined;
  readonly #consentedIn: Set<string>;

  constructor(options: ApplicationOptions) {
    this.tenantId = options.tenantId.toLowerCase();
    this.name = options.name ?? options.clientId ?? 'catalog';
    this.clientId =
      options.clientId?.toLowerCase() ??
      guidOf('application', this.tenantId, this.name);
    this.#consentedIn = new Set(
      (options.consentedIn ?? []).map(tenant => tenant.toLowerCase()),
    );
    this.multiTenant = options.multiTenant ?? this.#consentedIn.size > 0;
    this.federatedCredentials = options.federatedCredentials ?? [];
    this.certificates = (options.certificates ?? []).map(
      pem => new X509Certificate(pem),
    );
    this.secrets = [
      ...(options.secret === undefined ? [] : [options.secret]),
      ...(options.secrets ?? []),
    ].map(secret => (typeof secret === 'string' ? { value: secret } : secret));
  }

  /** The name under which requests of this application are counted and granted access. */
  get identity(): string {
    return `sp:${this.clientId}`;
  }

  /** What the administrator of another tenant does by visiting the consent URL. */
  consentIn(tenantId: string): void {
    if (!this.multiTenant) {
      throw new Error(
        `The application ${this.clientId} is registered for its own tenant alone: add it with \`multiTenant: true\` before consenting in ${tenantId}`,
      );
    }
    this.#consentedIn.add(tenantId.toLowerCase());
  }

  withdrawConsent(tenantId: string): void {
    this.#consentedIn.delete(tenantId.toLowerCase());
  }

  /** The object id of the application's service principal in a tenant; `undefined` where there is none. */
  objectIdIn(tenantId: string): string | undefined {
    const tenant = tenantId.toLowerCase();
    return tenant === this.tenantId || this.#consentedIn.has(tenant)
      ? guidOf('service principal', tenant, this.clientId)
      : undefined;
  }
}

/** The tenants and the applications registered in them. */
export class Directory {
  readonly #tenants = new Map<string, Tenant>();
  readonly #applications = new Map<string, Application>();
  readonly #issuers = new Map<string, FederatedIssuer>();

  addTenant({ id }: { readonly id: string }): Tenant {
    const tenant = {
      id: id.toLowerCase(),
      domain: `${id.toLowerCase().replace(/[^a-z0-9]/g, '')}.onmicrosoft.com`,
    };
    this.#tenants.set(tenant.id, tenant);
    this.#tenants.set(tenant.domain, tenant);
    return tenant;
  }

  /** By id or domain, without regard to case. */
  tenant(idOrDomain: string): Tenant | undefined {
    return this.#tenants.get(idOrDomain.toLowerCase());
  }

  /** Registers an application, and its tenant where it is not known yet. */
  addApplication(options: ApplicationOptions): Application {
    const application = new Application(options);
    for (const tenant of [options.tenantId, ...(options.consentedIn ?? [])]) {
      this.ensureTenant(tenant);
    }
    this.#applications.set(application.clientId, application);
    return application;
  }

  addIssuer(issuer: FederatedIssuer): void {
    this.#issuers.set(issuer.issuer, issuer);
  }

  /** The issuer whose keys are found at an address; `undefined` where there is none. */
  issuer(address: string): FederatedIssuer | undefined {
    return this.#issuers.get(address);
  }

  application(clientId: string): Application | undefined {
    return this.#applications.get(clientId.toLowerCase());
  }

  /** The tenant of an id, made where it is not known yet. */
  ensureTenant(id: string): Tenant {
    return this.tenant(id) ?? this.addTenant({ id });
  }
}
