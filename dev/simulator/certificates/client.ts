import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { md, pki } from 'node-forge';

export interface ClientCertificateOptions {
  /** Default `backstage`. */
  readonly commonName?: string;
  /** Epoch milliseconds; default a day ago. */
  readonly validFrom?: number;
  /** Epoch milliseconds; default in a year. */
  readonly validTo?: number;
  /** Default: a new RSA key. */
  readonly key?: KeyObject;
}

/** A certificate with its key, as somebody makes it with OpenSSL for an application. */
export interface ClientCertificate {
  /** What is uploaded to Entra: the certificate alone. */
  readonly certificate: string;
  /** The private key, in PKCS #8. */
  readonly key: string;
  /** Both in one PEM. */
  readonly pem: string;
}

const DAY = 24 * 60 * 60 * 1000;

/** Makes a certificate that is signed by itself. */
export function createClientCertificate(
  options: ClientCertificateOptions = {},
): ClientCertificate {
  const now = Date.now();
  const key =
    options.key ??
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const keyPem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const forgeKey = pki.privateKeyFromPem(keyPem);
  const certificate = pki.createCertificate();
  // RFC 5280, 4.1.2.2: positive, and not zero.
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`;
  certificate.validity.notBefore = new Date(options.validFrom ?? now - DAY);
  certificate.validity.notAfter = new Date(options.validTo ?? now + 365 * DAY);
  const name = [
    { name: 'commonName', value: options.commonName ?? 'backstage' },
  ];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.publicKey = pki.setRsaPublicKey(forgeKey.n, forgeKey.e);
  certificate.sign(forgeKey, md.sha256.create());
  const certificatePem = pki.certificateToPem(certificate);
  return {
    certificate: certificatePem,
    key: keyPem,
    pem: certificatePem + keyPem,
  };
}
