import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  authorityPem,
  CertificateAuthority,
} from '../../dev/simulator/certificates/authority';

const HOUR = 60 * 60 * 1000;

describe('the certificate authority of the simulator', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'simulator-ca-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  const certificate = () =>
    new X509Certificate(readFileSync(join(directory, 'ca.pem')));

  it('signs certificates for host names and loopback addresses', async () => {
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
    expect(local.checkIP('::1')).toBe('::1');
    expect(local.checkHost('dev.azure.com')).toBeUndefined();
    expect(authority.secureContext('dev.azure.com')).toBe(
      authority.secureContext('dev.azure.com'),
    );
  });

  it('is made once when several processes start together', async () => {
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
    expect(readdirSync(directory)).toEqual(['ca.pem']);
    const { serialNumber } = certificate();
    await CertificateAuthority.ensure(directory);
    expect(certificate().serialNumber).toBe(serialNumber);
  });

  it('is made anew when it is about to expire, broken, or has the wrong key', async () => {
    const path = join(directory, 'ca.pem');
    const ending = authorityPem(new Date(Date.now() + 23 * HOUR));
    const certificateOf = (pem: string) =>
      pem.slice(0, pem.indexOf('-----BEGIN PRIVATE'));
    await CertificateAuthority.ensure(directory);
    const spoiled = [
      ending,
      'nonsense',
      ending.replace(
        certificateOf(ending),
        certificateOf(readFileSync(path, 'utf8')),
      ),
      certificateOf(readFileSync(path, 'utf8')),
    ];
    for (const content of spoiled) {
      writeFileSync(path, content);
      await CertificateAuthority.ensure(directory);
      const days =
        (Date.parse(certificate().validTo) - Date.now()) / (24 * HOUR);
      expect(days).toBeGreaterThan(300);
      expect(readdirSync(directory)).toEqual(['ca.pem']);
    }
  });
});
