import { loadJose, TOKEN_EXCHANGE_RESOURCE, verifySigned } from './tokens';
import type { AssertionClaims } from './tokens';

type KeyPair = Awaited<
  ReturnType<Awaited<ReturnType<typeof loadJose>>['generateKeyPair']>
>;

export interface FederatedTokenOptions {
  /** For Kubernetes `system:serviceaccount:{namespace}:{name}`. */
  readonly subject: string;
  /** Default: `api://AzureADTokenExchange`. */
  readonly audience?: string;
  /** Default: an hour, as projected service account tokens have it. */
  readonly lifetimeSeconds?: number;
}

/** An issuer of tokens outside of Entra, such as the one of a Kubernetes cluster. */
export class FederatedIssuer {
  #keys: Promise<KeyPair> | undefined;
  #count = 0;

  constructor(
    /** Its address, as tokens and federated credentials name it. */
    readonly issuer: string,
    private readonly now: () => number,
  ) {}

  /** A token as the kubelet writes it into the file of a projected volume; each one is another. */
  async token(options: FederatedTokenOptions): Promise<string> {
    const { subject, lifetimeSeconds = 3_600 } = options;
    const issuedAt = Math.floor(this.now() / 1000);
    const { SignJWT } = await loadJose();
    const { privateKey } = await this.#keyPair();
    this.#count += 1;
    return await new SignJWT({
      aud: [options.audience ?? TOKEN_EXCHANGE_RESOURCE],
      iss: this.issuer,
      iat: issuedAt,
      nbf: issuedAt,
      exp: issuedAt + lifetimeSeconds,
      sub: subject,
      jti: String(this.#count),
    })
      .setProtectedHeader({ alg: 'RS256', kid: 'cluster-1' })
      .sign(privateKey);
  }

  /**
   * Checks form, signature and time of a token.
   *
   * @throws TokenRefused
   */
  async verify(token: string): Promise<AssertionClaims> {
    const { publicKey } = await this.#keyPair();
    return await verifySigned(token, publicKey, this.now());
  }

  #keyPair(): Promise<KeyPair> {
    this.#keys ??= loadJose().then(jose => jose.generateKeyPair('RS256'));
    return this.#keys;
  }
}
