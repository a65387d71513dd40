import { testGroups } from './stage/in-jest';

describe('nothing is lost when processes die, the database goes away and replicas disagree:', () => {
  testGroups([6], { parts: 3 });
});
