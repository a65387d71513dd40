import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import { issueAuthority, issueServerCertificate, newKey } from './certificate';

const COMMON_NAME = 'Azure DevOps simulator';
const DAY = 24 * 60 * 60 * 1000;
const VALIDITY = 365 * DAY;
/** A lock that is older belongs to a process that died with it. */
const LOCK_AGE_MS = 10_000;

/** The simulator's certificate authority as it lies in a directory. */
export class CertificateAuthority {
  /** The path of the certificate, for `NODE_EXTRA_CA_CERTS`. */
  readonly certificatePath: string;
  readonly #notAfter: Date;
  readonly #key: KeyObject;
  readonly #serverKey = newKey();
  readonly #contexts = new Map<string, SecureContext>();

  private constructor(directory: string, files: AuthorityFiles) {
    this.certificatePath = join(directory, 'ca.pem');
    this.#notAfter = new Date(files.certificate.validTo);
    this.#key = files.key;
  }

  /**
   * Reads the authority from `ca.pem` and `ca-key.pem` of a directory, and makes
   * it first if it is missing, broken, or ends within a day. Any number of
   * processes may do so at once: all get the same one.
   */
  static async ensure(directory: string): Promise<CertificateAuthority> {
    mkdirSync(directory, { recursive: true });
    const present = readAuthority(directory);
    if (present) {
      return new CertificateAuthority(directory, present);
    }
    return await withLock(join(directory, '.lock'), () => {
      // Another process may have made it while this one waited.
      const files = readAuthority(directory) ?? makeAuthority(directory);
      return new CertificateAuthority(directory, files);
    });
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

  /** A certificate for a host with its key, in PEM; `localhost` is good for the loopback addresses too. */
  certificateFor(host: string): {
    readonly cert: string;
    readonly key: string;
  } {
    const { certificate, key } = issueServerCertificate(
      host === 'localhost' ? [host, '127.0.0.1', '::1'] : [host],
      this.#serverKey,
      { commonName: COMMON_NAME, key: this.#key },
      this.#notAfter,
    );
    return { cert: certificate, key };
  }
}

interface AuthorityFiles {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

function readAuthority(directory: string): AuthorityFiles | undefined {
  try {
    const certificate = new X509Certificate(
      readFileSync(join(directory, 'ca.pem')),
    );
    const key = createPrivateKey(readFileSync(join(directory, 'ca-key.pem')));
    const lasts = Date.parse(certificate.validTo) - Date.now() > DAY;
    return lasts && certificate.checkPrivateKey(key)
      ? { certificate, key }
      : undefined;
  } catch {
    // Missing, half-written, or of another making: either way it is made anew.
    return undefined;
  }
}

function makeAuthority(directory: string): AuthorityFiles {
  const made = issueAuthority(COMMON_NAME, new Date(Date.now() + VALIDITY));
  replaceFile(join(directory, 'ca-key.pem'), made.key, 0o600);
  replaceFile(join(directory, 'ca.pem'), made.certificate, 0o644);
  return {
    certificate: new X509Certificate(made.certificate),
    key: createPrivateKey(made.key),
  };
}

function replaceFile(path: string, content: string, mode: number): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, content, { mode });
  renameSync(temporary, path);
}

async function withLock<T>(path: string, work: () => T): Promise<T> {
  for (;;) {
    try {
      mkdirSync(path);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw error;
      }
      removeIfStale(path);
      await sleep(20);
    }
  }
  try {
    return work();
  } finally {
    removeLock(path);
  }
}

function removeIfStale(path: string): void {
  const age =
    Date.now() -
    (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity);
  if (age > LOCK_AGE_MS) {
    removeLock(path);
  }
}

function removeLock(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw error;
    }
  }
}
