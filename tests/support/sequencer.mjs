import sequencer from '@jest/test-sequencer';

// Its CommonJS module comes with its exports as they are.
const Sequencer = sequencer.default ?? sequencer;

/** What takes more than twenty seconds, the longest first, and then folders that wait for processes. */
const LONG = [
  '/tests/faults/changes',
  '/tests/faults/processes',
  '/tests/cli/scenarios',
  '/tests/faults/answers',
  '/tests/e2e/takeover',
  '/tests/credentials/tokens',
  '/tests/ingestion/histories',
  '/tests/descriptors/yaml',
  '/tests/url-reader/catalog',
  '/tests/e2e/steady-state',
  '/tests/azure/pacing',
  '/tests/url-reader/registered',
  '/tests/browser/',
  '/tests/url-reader/faults',
  '/tests/start/once',
  '/tests/ingestion/hints/',
  '/tests/e2e/',
  '/tests/credentials/',
  '/tests/start/',
  '/tests/url-reader/',
];

/**
 * Begins with what takes longest, so that no worker is left alone with it in the
 * end. Jest knows by itself only what it has run before.
 */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const index = LONG.findIndex(folder => path.includes(folder));
      return index === -1 ? LONG.length : index;
    };
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
  }
}
