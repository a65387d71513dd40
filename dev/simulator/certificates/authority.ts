import {
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { md, pki } from 'node-forge';

const NAME = commonName('Azure DevOps simulator');
const DAY = 24 * 60 * 60 * 1000;
const VALIDITY = 365 * DAY;

/** The simulator's certificate authority as it lies in a directory. */
export class CertificateAuthority {
  /** The path of the certificate, for `NODE_EXTRA_CA_CERTS`; the private key is in the same file. */
  readonly certificatePath: string;
  readonly #authority: AuthorityFile;
  readonly #contexts = new Map<string, SecureContext>();

  private constructor(path: string, authority: AuthorityFile) {
    this.certificatePath = path;
    this.#authority = authority;
  }

  /**
   * Reads the authority from `ca.pem` of a directory, and makes it first if it
   * is missing, broken, or ends within a day. Any number of processes may do so
   * at once: all get the same one.
   */
  static ensure(directory: string): Promise<CertificateAuthority> {
    mkdirSync(directory, { recursive: true });
    const path = join(directory, 'ca.pem');
    const file = readAuthority(path) ?? makeAuthority(path);
    return Promise.resolve(new CertificateAuthority(path, file));
  }

  /** What a TLS server needs to be `host`; made on first use. */
  secureContext(host: string): SecureContext {
    const known = this.#contexts.get(host);
    if (known) {
      return known;
    }
    const context = createSecureContext(this.certificateFor(host));
    this.#contexts.set(host, context);
    return context;
  }

  /**
   * A certificate for a host with its key, in PEM; `localhost` is good for the loopback addresses too.
   *
   * @param validTo - default: as long as the authority's own
   */
  certificateFor(
    host: string,
    validTo = new Date(this.#authority.certificate.validTo),
  ): { readonly cert: string; readonly key: string } {
    const { key } = this.#authority;
    const hosts = host === 'localhost' ? [host, '127.0.0.1', '::1'] : [host];
    // Servers share the authority's key: making one takes RSA some 100 ms.
    const cert = issue(
      { subject: commonName(host), issuer: NAME, key, validTo },
      [
        { name: 'basicConstraints', critical: true, cA: false },
        { name: 'keyUsage', critical: true, digitalSignature: true },
        { name: 'extKeyUsage', serverAuth: true },
        {
          name: 'subjectAltName',
          altNames: hosts.map(name =>
            isIP(name) ? { type: 7, ip: name } : { type: 2, value: name },
          ),
        },
      ],
    );
    return { cert, key: pem(key) };
  }
}

interface AuthorityFile {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

function readAuthority(path: string): AuthorityFile | undefined {
  try {
    const text = readFileSync(path);
    const certificate = new X509Certificate(text);
    const key = createPrivateKey(text);
    const lasts = Date.parse(certificate.validTo) - Date.now() > DAY;
    return lasts && certificate.checkPrivateKey(key)
      ? { certificate, key }
      : undefined;
  } catch {
    // Missing, or of another making: either way it is made anew.
    return undefined;
  }
}

/** Of several processes that make one at once, one gives its file the name; the others take that. */
function makeAuthority(path: string): AuthorityFile {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(temporary, authorityPem(new Date(Date.now() + VALIDITY)), {
    mode: 0o600,
  });
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
    const others = readAuthority(path);
    if (others) {
      return others;
    }
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
  const made = readAuthority(path);
  if (!made) {
    throw new Error(`${path} cannot be read`);
  }
  return made;
}

/** A new authority with its key, signed by itself. */
export function authorityPem(notAfter: Date): string {
  const key = newKey();
  const certificate = issue({ subject: NAME, key, validTo: notAfter }, [
    { name: 'basicConstraints', critical: true, cA: true },
    { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
  ]);
  return certificate + pem(key);
}

/** The parts of the name of somebody whom a certificate is about. */
export type NameParts = ReadonlyArray<{ name: string; value: string }>;

export function commonName(value: string): NameParts {
  return [{ name: 'commonName', value }];
}

/** A certificate for a key that signs it itself; `issuer` is whose name stands there for that, by default the subject's. */
export function issue(
  options: {
    readonly subject: NameParts;
    readonly issuer?: NameParts;
    readonly key: KeyObject;
    /** Default: a day ago, for clocks that are behind. */
    readonly validFrom?: Date;
    readonly validTo: Date;
  },
  extensions: object[] = [],
): string {
  const { subject, issuer = subject } = options;
  const key = pki.privateKeyFromPem(pem(options.key));
  const certificate = pki.createCertificate();
  // RFC 5280, 4.1.2.2: positive, and not zero.
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`;
  certificate.validity.notBefore =
    options.validFrom ?? new Date(Date.now() - DAY);
  certificate.validity.notAfter = options.validTo;
  certificate.setSubject([...subject]);
  certificate.setIssuer([...issuer]);
  certificate.setExtensions(extensions);
  certificate.publicKey = pki.setRsaPublicKey(key.n, key.e);
  certificate.sign(key, md.sha256.create());
  return pki.certificateToPem(certificate);
}

export function newKey(): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
}

export function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
