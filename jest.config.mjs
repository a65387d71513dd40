// The longer half of the fault table and ten thousand repositories take many
// minutes; they run with `LONG_TESTS=1 npm test`, the former also with
// `npm run test:faults`.
const LONG = [
  '<rootDir>/tests/faults/answers',
  '<rootDir>/tests/faults/processes',
  '<rootDir>/tests/hints/scale',
];

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: [
    '/node_modules/',
    ...(process.env.LONG_TESTS === '1' ? [] : LONG),
  ],
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
  testTimeout: 60_000,
  setupFilesAfterEnv: ['<rootDir>/tests/support/witness-everything.ts'],
  maxWorkers: 2,
  // A stopped backend leaves timers and sockets of its libraries behind.
  forceExit: true,
};
