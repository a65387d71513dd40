/**
 * better-sqlite3 12, which Backstage asks for, aborts in Jest on Node.js 24 from
 * 24.19 on (https://github.com/nodejs/node/issues/65446); 13 does not, and runs
 * from Node.js 22 on only.
 */
const sqlite = parseInt(process.versions.node) < 22 ? 12 : 13;

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
  moduleNameMapper:
    sqlite === 12 ? {} : { '^better-sqlite3$': 'better-sqlite3-13' },
  // Only what hangs takes so long, however busy the machine is.
  testTimeout: 300_000,
  setupFilesAfterEnv: ['<rootDir>/tests/support/scan-everything.ts'],
  testSequencer: '<rootDir>/tests/support/sequencer.mjs',
  // Most of a test's time is spent waiting, for the scheduler and for the catalog:
  // by files, the processor is busy for a fifth to a half of it.
  maxWorkers: 5,
  // Nothing of ours is left open by then. @azure/identity is: it waits some seconds to
  // ask again for a token that nobody waits for any more.
  workerGracefulExitTimeout: 10_000,
};
