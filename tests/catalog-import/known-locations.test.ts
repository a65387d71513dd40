import type { Repository } from '../../src/azure/types';
import { covers } from '../../src/catalog-import/known-locations';
import type { LocationContext } from '../../src/content/context';
import { Organization } from '../../src/organization';

const context: LocationContext = {
  hosts: ['dev.azure.com'],
  organizations: [],
};
const repository: Repository = {
  id: '278d5cd2-584d-4b63-824a-2ba458937249',
  name: 'api',
  project: { id: '1', name: 'Payments', state: 'wellFormed' },
  defaultBranch: 'main',
  isDisabled: false,
  isFork: false,
};
const file = {
  organization: new Organization('dev.azure.com', 'contoso'),
  repository,
  path: '/svc/a/catalog-info.yaml',
};
const AT = 'https://dev.azure.com/contoso/Payments/_git/api';
const PATH = 'path=/svc/a/catalog-info.yaml';

describe('whether a location covers a file', () => {
  it.each([
    [`${AT}?${PATH}`, true],
    [`${AT}?path=%2Fsvc%2Fa%2Fcatalog-info.yaml&_a=contents`, true],
    [`${AT}?${PATH}&version=GBmain`, true],
    [`https://DEV.azure.com/CONTOSO/payments/_git/API?${PATH}`, true],
    [`https://contoso.visualstudio.com/Payments/_git/api?${PATH}`, true],
    [`https://dev.azure.com/contoso/_git/${repository.id}?${PATH}`, true],
    [`${AT}?path=/svc/*/catalog-info.yaml`, true],
    [`${AT}?path=/**/catalog-info.yaml`, true],
    [`${AT}?path=/*/catalog-info.yaml`, false],
    // Globs that the reader rejects: parentheses, and too many alternatives.
    [`${AT}?path=/@(svc|lib)/*/catalog-info.yaml`, false],
    [`${AT}?path=/*${'{a,b}'.repeat(20)}/catalog-info.yaml`, false],
    [`${AT}?path=/SVC/a/catalog-info.yaml`, false],
    [`${AT}?${PATH}&version=GBMain`, false],
    [`${AT}?${PATH}&version=GTmain`, false],
    [`${AT}?path=/catalog-info.yaml`, false],
    [AT, false],
    [`https://dev.azure.com/other/Payments/_git/api?${PATH}`, false],
    [`https://dev.azure.com/contoso/Orders/_git/api?${PATH}`, false],
    ['https://github.com/contoso/api/blob/main/catalog-info.yaml', false],
    ['', false],
  ])('%s: %s', (target, expected) => {
    expect(covers(target, file, context)).toBe(expected);
  });

  it('is decided by the version too', () => {
    const onTag = {
      ...file,
      version: { type: 'tag', version: 'v1' } as const,
    };
    expect(covers(`${AT}?${PATH}&version=GTv1`, onTag, context)).toBe(true);
    expect(covers(`${AT}?${PATH}`, onTag, context)).toBe(false);
  });
});
