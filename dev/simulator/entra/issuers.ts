import {
  type AssertionClaims,
  Signer,
  TOKEN_EXCHANGE_RESOURCE,
} from './tokens';

interface FederatedTokenOptions {
  /** For Kubernetes `system:serviceaccount:{namespace}:{name}`. */
  readonly subject: string;
  /** Default: `api://AzureADTokenExchange`. */
  readonly audience?: string;
  /** Default: an hour, as projected service account tokens have it. */
  readonly lifetimeSeconds?: number;
}

/** An issuer of tokens outside of Entra, such as the one of a Kubernetes cluster. */
export class FederatedIssuer {
  readonly #signer: Signer;
  #count = 0;

  constructor(
    /** Its address, as tokens and federated credentials name it. */
    readonly issuer: string,
    now: () => number,
  ) {
    this.#signer = new Signer('cluster-1', now);
  }

  /** A token as the kubelet writes it into the file of a projected volume; each one is another. */
  async token(options: FederatedTokenOptions): Promise<string> {
    const { subject, audience, lifetimeSeconds = 3_600 } = options;
    this.#count += 1;
    return await this.#signer.sign(
      {
        aud: [audience ?? TOKEN_EXCHANGE_RESOURCE],
        iss: this.issuer,
        sub: subject,
        jti: String(this.#count),
      },
      lifetimeSeconds,
    );
  }

  /** @throws InvalidTokenError */
  async verify(token: string): Promise<AssertionClaims> {
    return await this.#signer.verify(token);
  }
}
