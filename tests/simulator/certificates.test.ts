import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority } from '../../dev/simulator/certificates/authority';
import { issueAuthority } from '../../dev/simulator/certificates/certificate';

const HOUR = 60 * 60 * 1000;

describe('the certificate authority', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'simulator-ca-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  const certificate = () =>
    new X509Certificate(readFileSync(join(directory, 'ca.pem')));

  it('signs for names and addresses', async () => {
    const authority = await CertificateAuthority.ensure(directory);
    const ca = certificate();
    expect(ca.ca).toBe(true);
    for (const host of ['dev.azure.com', 'localhost']) {
      const leaf = new X509Certificate(authority.certificateFor(host).cert);
      expect(leaf.checkIssued(ca)).toBe(true);
      expect(leaf.verify(ca.publicKey)).toBe(true);
      expect(leaf.checkHost(host)).toBe(host);
      expect(leaf.ca).toBe(false);
    }
    const local = new X509Certificate(
      authority.certificateFor('localhost').cert,
    );
    expect(local.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(local.checkHost('dev.azure.com')).toBeUndefined();
    expect(authority.secureContext('dev.azure.com')).toBe(
      authority.secureContext('dev.azure.com'),
    );
  });

  it('is made once, however many processes begin at once', async () => {
    const script = join(
      __dirname,
      '../../dev/simulator/certificates/ensure.ts',
    );
    const children = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ['--import', 'tsx', script, directory], {
        stdio: 'inherit',
      }),
    );
    const codes = await Promise.all(children.map(child => once(child, 'exit')));
    expect(codes).toEqual(children.map(() => [0, null]));
    expect(readdirSync(directory).sort()).toEqual(['ca-key.pem', 'ca.pem']);
    const { serialNumber } = certificate();
    await CertificateAuthority.ensure(directory);
    expect(certificate().serialNumber).toBe(serialNumber);
  });

  it('is made anew when it is about to end, broken, or not its key', async () => {
    const spoil: Array<() => void> = [
      () => {
        const ending = issueAuthority('old', new Date(Date.now() + 23 * HOUR));
        writeFileSync(join(directory, 'ca.pem'), ending.certificate);
        writeFileSync(join(directory, 'ca-key.pem'), ending.key);
      },
      () => writeFileSync(join(directory, 'ca.pem'), 'nonsense'),
      () => {
        const other = issueAuthority('other', new Date(Date.now() + 99 * HOUR));
        writeFileSync(join(directory, 'ca-key.pem'), other.key);
      },
      () => rmSync(join(directory, 'ca-key.pem')),
    ];
    await CertificateAuthority.ensure(directory);
    for (const each of spoil) {
      each();
      await CertificateAuthority.ensure(directory);
      const days =
        (Date.parse(certificate().validTo) - Date.now()) / (24 * HOUR);
      expect(days).toBeGreaterThan(300);
    }
  });

  it('does not wait for a process that died with the lock', async () => {
    const lock = join(directory, '.lock');
    mkdirSync(lock);
    utimesSync(lock, new Date(0), new Date(0));
    await CertificateAuthority.ensure(directory);
    expect(readdirSync(directory).sort()).toEqual(['ca-key.pem', 'ca.pem']);
  });
});
