import { testGroups } from './stage/in-jest';

describe('nothing is lost, and nothing wrongly kept, when repositories, descriptors and the catalog change:', () => {
  testGroups([4, 5, 7], { parts: 3 });
});
