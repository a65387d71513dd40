import { testGroups } from './stage/in-jest';

// There are many, and each starts with a catalog of its own.
describe('nothing is lost when the service answers wrongly, slowly or not at all:', () => {
  testGroups([1, 2, 3], { parts: 6 });
});
