/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\.(t|j|mj)sx?$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript', tsx: true } },
        module: { type: 'commonjs' },
      },
    ],
  },
  // These packages ship only as ES modules, which Jest cannot require as they are.
  transformIgnorePatterns: ['/node_modules/(?!jose/)'],
  // Only what hangs takes so long, however busy the machine is.
  testTimeout: 300_000,
  setupFilesAfterEnv: ['<rootDir>/tests/support/witness-everything.ts'],
  testSequencer: '<rootDir>/tests/support/sequencer.mjs',
  // Most of a test's time is spent waiting: for the scheduler, for the catalog.
  maxWorkers: 3,
  // Nothing of ours is left open by then. @azure/identity is: it waits some seconds to
  // ask again for a token that nobody waits for any more.
  workerGracefulExitTimeout: 10_000,
};
