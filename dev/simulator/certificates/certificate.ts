import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto';
import { isIP } from 'node:net';
import {
  bitString,
  boolean,
  der,
  objectIdentifier,
  octetString,
  positiveInteger,
  sequence,
  set,
  time,
  utf8String,
} from './der';

/** A certificate with its private key, both in PEM. */
export interface KeyedCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** What signs: the authority's name and its private key. */
export interface Issuer {
  readonly commonName: string;
  readonly key: KeyObject;
}

const ECDSA_WITH_SHA256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
const DAY = 24 * 60 * 60 * 1000;

/** A fresh private key on P-256, which every TLS client takes. */
export function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

/** A certificate authority of its own, signed by itself. */
export function issueAuthority(
  commonName: string,
  notAfter: Date,
): KeyedCertificate {
  const key = newKey();
  return {
    key: pem(key),
    certificate: issue({
      subject: commonName,
      subjectKey: key,
      issuer: { commonName, key },
      notAfter,
      extensions: [
        extension('2.5.29.19', sequence(boolean(true)), { critical: true }),
        // keyCertSign and cRLSign
        extension('2.5.29.15', bitString(Buffer.from([0b0000_0110]), 1), {
          critical: true,
        }),
        extension('2.5.29.14', octetString(keyIdentifier(key))),
      ],
    }),
  };
}

/** A certificate for host names and addresses, good for a TLS server; the first is its subject. */
export function issueServerCertificate(
  hosts: readonly [string, ...string[]],
  key: KeyObject,
  issuer: Issuer,
  notAfter: Date,
): KeyedCertificate {
  const alternativeNames = hosts.map(host =>
    isIP(host) ? der(0x87, addressBytes(host)) : der(0x82, Buffer.from(host)),
  );
  return {
    key: pem(key),
    certificate: issue({
      subject: hosts[0],
      subjectKey: key,
      issuer,
      notAfter,
      extensions: [
        extension('2.5.29.19', sequence(), { critical: true }),
        // digitalSignature
        extension('2.5.29.15', bitString(Buffer.from([0b1000_0000]), 7), {
          critical: true,
        }),
        // serverAuth
        extension('2.5.29.37', sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'))),
        extension('2.5.29.17', sequence(...alternativeNames)),
        extension('2.5.29.14', octetString(keyIdentifier(key))),
        extension('2.5.29.35', sequence(der(0x80, keyIdentifier(issuer.key)))),
      ],
    }),
  };
}

interface Request {
  readonly subject: string;
  readonly subjectKey: KeyObject;
  readonly issuer: Issuer;
  readonly notAfter: Date;
  readonly extensions: Buffer[];
}

function issue(request: Request): string {
  const serial = randomBytes(16);
  // RFC 5280, 4.1.2.2: positive, and not zero.
  serial[0] = (serial[0]! & 0x7f) | 0x01;
  const body = sequence(
    der(0xa0, positiveInteger(Buffer.from([2]))), // version 3
    positiveInteger(serial),
    ECDSA_WITH_SHA256,
    name(request.issuer.commonName),
    // A day of slack for clocks that are behind.
    sequence(time(new Date(Date.now() - DAY)), time(request.notAfter)),
    name(request.subject),
    subjectPublicKeyInfo(request.subjectKey),
    der(0xa3, sequence(...request.extensions)),
  );
  const certificate = sequence(
    body,
    ECDSA_WITH_SHA256,
    bitString(sign('sha256', body, request.issuer.key)),
  );
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return [
    '-----BEGIN CERTIFICATE-----',
    ...lines,
    '-----END CERTIFICATE-----',
    '',
  ].join('\n');
}

function name(commonName: string): Buffer {
  return sequence(
    set(sequence(objectIdentifier('2.5.4.3'), utf8String(commonName))),
  );
}

function extension(
  oid: string,
  value: Buffer,
  options: { critical?: boolean } = {},
): Buffer {
  return sequence(
    objectIdentifier(oid),
    ...(options.critical ? [boolean(true)] : []),
    octetString(value),
  );
}

function subjectPublicKeyInfo(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha1').update(subjectPublicKeyInfo(key)).digest();
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) {
    return Buffer.from(address.split('.').map(Number));
  }
  if (address !== '::1') {
    throw new Error(
      `No certificate for ${address}: of IPv6 addresses only ::1 is known here`,
    );
  }
  return Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
}
