import { testGroups } from './stage/in-jest';

// Each of them takes long: what is hostile is large, or slow.
describe('a backend lives, and nothing else is disturbed, when', () => {
  testGroups([8], { parts: 12 });
});
