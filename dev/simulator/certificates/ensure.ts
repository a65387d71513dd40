// Makes the simulator's certificate authority in a directory, or keeps the one
// that is there. Runs before the process that is to trust it: Node reads
// NODE_EXTRA_CA_CERTS once, when it starts.
import { CertificateAuthority } from './authority';

const [directory] = process.argv.slice(2);
if (!directory) {
  console.error('Usage: ensure.ts DIRECTORY (gets ca.pem)');
  process.exit(2);
}
CertificateAuthority.ensure(directory).catch((error: unknown) => {
  console.error(`No certificate authority in ${directory}: ${String(error)}`);
  process.exitCode = 1;
});
