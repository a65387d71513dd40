import type { KeyObject } from 'node:crypto';
import { commonName, issue, type NameParts, newKey, pem } from './authority';

export interface ClientCertificateOptions {
  /** The parts of its name. Default: the common name `backstage`. */
  readonly subject?: NameParts;
  /** Epoch milliseconds; default a day ago. */
  readonly validFrom?: number;
  /** Epoch milliseconds; default in a year. */
  readonly validTo?: number;
  /** Default: a new RSA key. */
  readonly key?: KeyObject;
}

/** A certificate with its key, as somebody makes it with OpenSSL for an application. */
interface ClientCertificate {
  /** What is uploaded to Entra: the certificate alone. */
  readonly certificate: string;
  /** The private key, in PKCS #8. */
  readonly key: string;
  /** Both in one PEM. */
  readonly pem: string;
}

const YEAR = 365 * 24 * 60 * 60 * 1000;

/** Makes a certificate that is signed by itself. */
export function createClientCertificate({
  subject = commonName('backstage'),
  validFrom,
  validTo = Date.now() + YEAR,
  key = newKey(),
}: ClientCertificateOptions = {}): ClientCertificate {
  const certificate = issue({
    subject,
    key,
    validFrom: validFrom === undefined ? undefined : new Date(validFrom),
    validTo: new Date(validTo),
  });
  return { certificate, key: pem(key), pem: certificate + pem(key) };
}
