import { testGroups } from './stage/in-jest';

describe('nothing is lost when processes die and replicas disagree', () => {
  testGroups([6]);
});
