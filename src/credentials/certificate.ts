import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { TokenError } from './errors';
import type { CertificateFacts } from './types';

/** Where a certificate with its private key is configured: one of the two. */
export interface CertificateSource {
  /** The PEM itself. */
  readonly clientCertificate?: string;
  /** The path of a PEM file. */
  readonly clientCertificatePath?: string;
}

/** A certificate with its key. It holds the key, so it must not be logged or thrown. */
export interface Certificate {
  readonly facts: CertificateFacts;
  /** The whole PEM. */
  readonly pem: string;
}

/**
 * Reads a certificate, and checks what can be checked without asking anybody.
 * A file is read each time, so that one that was replaced is found.
 *
 * @throws TokenError
 */
export async function readCertificate(
  source: CertificateSource,
): Promise<Certificate> {
  const pem =
    source.clientCertificate ??
    (await readPemFile(source.clientCertificatePath ?? ''));
  const certificate = firstCertificate(pem);
  const key = privateKeyOf(pem);
  if (!certificate.checkPrivateKey(key)) {
    throw new TokenError('certificate-key-mismatch', certificate.subject);
  }
  return { pem, facts: factsOf(certificate) };
}

/** @throws TokenError when the certificate is not valid at this time. Its signature would not be accepted then. */
export function checkValidity(
  { subject, validFrom, validTo }: CertificateFacts,
  now: number,
): void {
  if (now >= validTo) {
    throw new TokenError(
      'certificate-expired',
      `${subject}, valid until ${instant(validTo)}`,
    );
  }
  if (now < validFrom) {
    throw new TokenError(
      'certificate-not-yet-valid',
      `${subject}, valid from ${instant(validFrom)}`,
    );
  }
}

async function readPemFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new TokenError(
      'certificate-file-unreadable',
      `${path}: ${whyUnreadable(error)}`,
    );
  }
}

/** Why a file cannot be read, in words. */
export function whyUnreadable(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return 'there is no such file (ENOENT)';
    case 'EACCES':
    case 'EPERM':
      return `Backstage may not read it (${code})`;
    case 'EISDIR':
      return 'it is a directory (EISDIR)';
    default:
      return code ?? 'it cannot be read';
  }
}

/** The pattern by which `@azure/identity` finds certificates, as of 4.13; it takes the first for the one that signs. */
const CERTIFICATE =
  /-+BEGIN CERTIFICATE-+(?:\n\r?|\r\n?)[A-Za-z0-9+/\n\r]+=*(?:\n\r?|\r\n?)-+END CERTIFICATE-+/;

function firstCertificate(pem: string): X509Certificate {
  const [text] = CERTIFICATE.exec(pem) ?? [];
  if (text === undefined) {
    throw new TokenError('certificate-not-pem', whyNoCertificate(pem));
  }
  try {
    return new X509Certificate(text);
  } catch {
    throw new TokenError(
      'certificate-not-pem',
      'what stands between BEGIN CERTIFICATE and END CERTIFICATE is damaged',
    );
  }
}

function whyNoCertificate(pem: string): string {
  if (!pem.includes('-BEGIN CERTIFICATE-')) {
    return pem.includes('-BEGIN ')
      ? 'it has no BEGIN CERTIFICATE'
      : 'it has no BEGIN line at all';
  }
  return pem.includes('\\n') || !pem.includes('\n')
    ? 'its line breaks are lost'
    : 'there is no END CERTIFICATE, or something else in between';
}

function privateKeyOf(pem: string): KeyObject {
  if (/-BEGIN ENCRYPTED PRIVATE KEY-|Proc-Type: *4, *ENCRYPTED/.test(pem)) {
    throw new TokenError('certificate-key-encrypted');
  }
  if (!/-BEGIN (?:[A-Z]+ )?PRIVATE KEY-/.test(pem)) {
    throw new TokenError('certificate-key-missing');
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // OpenSSL's own words name its functions, and help nobody.
    throw new TokenError('certificate-not-pem', 'the private key is damaged');
  }
  if (key.asymmetricKeyType !== 'rsa') {
    throw new TokenError(
      'certificate-not-pem',
      `the key is of the kind ${key.asymmetricKeyType}; Microsoft Entra takes RSA`,
    );
  }
  return key;
}

function factsOf(certificate: X509Certificate): CertificateFacts {
  return {
    kind: 'certificate',
    // One line for each part of the name.
    subject: certificate.subject.split('\n').join(', '),
    thumbprint: certificate.fingerprint.replaceAll(':', ''),
    validFrom: Date.parse(certificate.validFrom),
    validTo: Date.parse(certificate.validTo),
  };
}

/** A time to the second, as certificates have it. */
function instant(time: number): string {
  return new Date(time).toISOString().replace('.000Z', 'Z');
}
