import sequencer from '@jest/test-sequencer';

// Its CommonJS module comes with its exports as they are.
const Sequencer = sequencer.default ?? sequencer;

/** Folders whose tests take minutes, the longest first. */
const LONG = [
  '/tests/faults/',
  '/tests/e2e/',
  '/tests/cli/',
  '/tests/browser/',
  '/tests/start/',
  '/tests/credentials/',
  '/tests/url-reader/',
  '/tests/ingestion/hints/',
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
