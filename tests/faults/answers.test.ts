import { testGroups } from './stage/in-jest';

describe('nothing is lost when the service answers wrongly, slowly or not at all', () => {
  testGroups(1, 2, 3);
});
