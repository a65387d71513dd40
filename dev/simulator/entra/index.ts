import { Authority, type TokenLifetime } from './authority';
import { BearerGate, type SignInDenial } from './bearer';
import {
  type Application,
  type ApplicationOptions,
  Directory,
  type Tenant,
} from './directory';
import { FederatedIssuer } from './issuers';
import { MetadataService } from './metadata';
import { TokenMint } from './tokens';

interface EntraOptions {
  /** Epoch milliseconds of the simulator's clock. */
  readonly now: () => number;
  /** A fresh GUID for trace and correlation ids. */
  readonly newId: () => string;
}

/** Entra: tenants, applications, tokens, and how organizations take them. */
export class Entra {
  /** The service behind https://login.microsoftonline.com. */
  readonly authority: Authority;
  /** The metadata service of the machine that the process under test runs on. */
  readonly metadata: MetadataService;
  /** Checks the tokens that organizations are shown. */
  readonly bearer: BearerGate;
  /** What tokens look like from now on; change it at will. Default: 3,599 s. */
  readonly tokens: TokenLifetime = { lifetimeSeconds: 3599 };
  /** The same for tokens of managed identities. Default: 86,399 s. */
  readonly managedIdentityTokens: TokenLifetime = { lifetimeSeconds: 86_399 };
  readonly #directory = new Directory();
  readonly #now: () => number;

  constructor({ now, newId }: EntraOptions) {
    const directory = this.#directory;
    this.#now = now;
    const mint = new TokenMint(now);
    this.authority = new Authority({
      directory,
      mint,
      lifetime: this.tokens,
      now,
      newId,
    });
    this.metadata = new MetadataService({
      directory,
      mint,
      lifetime: this.managedIdentityTokens,
      now,
      identityHeader: newId(),
    });
    this.bearer = new BearerGate({ mint, now });
  }

  /** A tenant that nothing else names; those that applications and identities name are made by themselves. */
  addTenant(options: { readonly id: string }): Tenant {
    return this.#directory.addTenant(options);
  }

  addApplication(options: ApplicationOptions): Application {
    return this.#directory.addApplication(options);
  }

  /** An issuer outside of Entra, such as the one of a Kubernetes cluster, whose keys Entra finds. */
  addIssuer(issuer: string): FederatedIssuer {
    const added = new FederatedIssuer(issuer, this.#now);
    this.#directory.addIssuer(added);
    return added;
  }

  /**
   * Turns an identity (`sp:<client id>`, `mi:<client or object id>`) away from
   * every organization although its token is good; `undefined` ends it.
   */
  denySignIn(identity: string, denial: SignInDenial | undefined): void {
    this.bearer.deny(identity, denial);
  }
}
