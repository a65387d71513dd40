import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { TokenError } from './errors';
import { readProof } from './proof-file';
import type { CertificateFacts } from './types';

/** Where a certificate with its private key is configured: one of the two. */
export interface CertificateSource {
  /** The PEM itself. */
  readonly clientCertificate?: string;
  /** The path of a PEM file. */
  readonly clientCertificatePath?: string;
}

/**
 * Reads a certificate, and checks what can be checked without asking anybody.
 *
 * @param now - milliseconds since the epoch
 * @returns with the whole PEM, which has the key: it must not be logged or thrown
 * @throws TokenError
 */
export async function readCertificate(
  source: CertificateSource,
  now: number,
): Promise<{ pem: string; facts: CertificateFacts }> {
  const pem = await readPem(source);
  const certificate = firstCertificate(pem);
  const facts = factsOf(certificate);
  if (!certificate.checkPrivateKey(privateKeyOf(pem))) {
    throw new TokenError('certificate-key-mismatch', facts.subject);
  }
  checkValidity(facts, now);
  return { pem, facts };
}

/**
 * What may be said of a certificate, whatever its key.
 *
 * @throws TokenError
 */
export async function inspectCertificate(
  source: CertificateSource,
): Promise<CertificateFacts> {
  return factsOf(firstCertificate(await readPem(source)));
}

/**
 * The library signs an assertion that is valid for ten minutes by this same
 * clock, so where the clock is what is wrong, asking would not help either.
 */
function checkValidity(
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

async function readPem({
  clientCertificate,
  clientCertificatePath = '',
}: CertificateSource): Promise<string> {
  return (
    clientCertificate ??
    (await readProof(clientCertificatePath, 'certificate-file-unreadable'))
  );
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
  if (pem === '') return 'it is empty';
  // Read as UTF-8, which has no place for zeros and for most other bytes of these.
  if (/[\0\uFFFD]/.test(pem)) {
    return 'it is no text, but binary as PFX and DER are, or in UTF-16';
  }
  if (!pem.includes('-BEGIN CERTIFICATE-')) {
    return pem.includes('-BEGIN ')
      ? 'it has no BEGIN CERTIFICATE'
      : 'it has no BEGIN line at all';
  }
  return pem.includes('\\n') || !pem.includes('\n')
    ? 'its line breaks are lost'
    : 'there is no END CERTIFICATE, or something else in between';
}

/** The shortest that the library signs with (jsonwebtoken 9). */
const SHORTEST_KEY = 2_048;

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
  const { asymmetricKeyType, asymmetricKeyDetails } = key;
  if (asymmetricKeyType !== 'rsa') {
    throw new TokenError(
      'certificate-key-unsuitable',
      `its kind is ${asymmetricKeyType}`,
    );
  }
  const { modulusLength = SHORTEST_KEY } = asymmetricKeyDetails ?? {};
  if (modulusLength < SHORTEST_KEY) {
    throw new TokenError(
      'certificate-key-unsuitable',
      `it has ${modulusLength} bits`,
    );
  }
  return key;
}

function factsOf(certificate: X509Certificate): CertificateFacts {
  // One line for each part of the name; undefined where it has none, whatever the types say.
  const subject = certificate.subject as string | undefined;
  return {
    kind: 'certificate',
    subject: subject?.split('\n').join(', ') ?? 'without a subject',
    thumbprint: certificate.fingerprint.replaceAll(':', ''),
    validFrom: Date.parse(certificate.validFrom),
    validTo: Date.parse(certificate.validTo),
  };
}

/** A time to the second, as certificates have it. */
function instant(time: number): string {
  return new Date(time).toISOString().replace('.000Z', 'Z');
}
