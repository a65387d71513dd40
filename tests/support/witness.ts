import type { SecretScan } from './secrets';

/**
 * What sees everything that a test file logs, prints, throws, stores and sends:
 * `witness-everything.ts` sets it up for each file of the test run. Outside Jest
 * there is none.
 */
export function witness(): SecretScan | undefined {
  return (globalThis as { testWitness?: SecretScan }).testWitness;
}

export function setWitness(scan: SecretScan | undefined): void {
  (globalThis as { testWitness?: SecretScan }).testWitness = scan;
}
