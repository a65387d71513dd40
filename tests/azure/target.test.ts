import fc from 'fast-check';
import { apiBaseUrl, RequestScope } from '../../src/azure/target';
import { Organization } from '../../src/organization';

const scope = new RequestScope('https://dev.azure.com/contoso');

describe('The addresses that a credential is sent to', () => {
  it.each([
    [
      'https://dev.azure.com/contoso/_apis/git?x=%2F',
      { origin: 'https://dev.azure.com', path: '/contoso/_apis/git?x=%2F' },
    ],
    [
      'https://dev.azure.com:443/contoso/a%20b',
      { origin: 'https://dev.azure.com', path: '/contoso/a%20b' },
    ],
    [
      'https://dev.azure.com/contoso/a%2Fb',
      { origin: 'https://dev.azure.com', path: '/contoso/a%2Fb' },
    ],
  ])('include %s', (url, target) => {
    expect(scope.target(url)).toEqual(target);
  });

  it.each([
    'http://dev.azure.com/contoso/_apis',
    'https://dev.azure.com:8443/contoso/_apis',
    'https://dev.azure.com.evil.example/contoso/_apis',
    'https://user@dev.azure.com/contoso/_apis',
    'https://dev.azure.com@evil.example/contoso/_apis',
    'https://dev.azure.com/contoso2/_apis',
    'https://dev.azure.com/contoso',
    'https://dev.azure.com/contoso/../fabrikam/_apis',
    'https://dev.azure.com/contoso/%2e%2e/fabrikam/_apis',
    'https://dev.azure.com/contoso\\..\\fabrikam/_apis',
    'https://dev.azure.com/contoso/..%2Ffabrikam/_apis',
    'https://dev.azure.com/contoso/_apis/%2e%2e%5C..%5cfabrikam/_apis',
    'https://vssps.dev.azure.com/contoso/_apis',
    '//dev.azure.com/contoso/_apis',
    'contoso/_apis',
    '',
  ])('do not include %s', url => {
    expect(scope.target(url)).toBeUndefined();
  });

  it('never lie outside the organization, whatever the path', () => {
    fc.assert(
      fc.property(fc.webUrl(), fc.string(), (url, path) => {
        for (const candidate of [
          url,
          `https://dev.azure.com/contoso/${path}`,
          `https://dev.azure.com/contoso/../${path}`,
          `https://dev.azure.com${path}`,
        ]) {
          const target = scope.target(candidate);
          if (target) {
            const sent = new URL(target.path, target.origin);
            expect(sent.host).toBe('dev.azure.com');
            expect(sent.protocol).toBe('https:');
            expect(sent.pathname.startsWith('/contoso/')).toBe(true);
          }
        }
      }),
    );
  });

  it('include all of a host that is one organization', () => {
    const legacy = apiBaseUrl(
      new Organization('contoso.visualstudio.com', 'contoso'),
    );
    expect(
      new RequestScope(legacy).target(
        'https://contoso.visualstudio.com/_apis/git',
      ),
    ).toEqual({
      origin: 'https://contoso.visualstudio.com',
      path: '/_apis/git',
    });
  });

  it('include those of a collection below a virtual directory, whatever its name', () => {
    const base = apiBaseUrl(
      new Organization('server:8443', "tfs/Bob's Collection (old)"),
    );
    expect(new RequestScope(base).target(`${base}/_apis/git`)).toEqual({
      origin: 'https://server:8443',
      path: '/tfs/Bob%27s%20Collection%20(old)/_apis/git',
    });
  });
});
