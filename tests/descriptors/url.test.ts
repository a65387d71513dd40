import { ConfigReader } from '@backstage/config';
import {
  getAzureFileFetchUrl,
  readAzureIntegrationConfigs,
  ScmIntegrations,
} from '@backstage/integration';
import fc from 'fast-check';
import { canonicalUrl } from '../../src/descriptors/url';
import { Organization } from '../../src/organization';

const organization = new Organization('dev.azure.com', 'contoso');

/** Printable, without what no name of Azure DevOps or Git may have. */
const name = fc
  .string({
    unit: fc.oneof(
      {
        arbitrary: fc.constantFrom(..."abcXYZ019 -_.#&%+'();,=!@$~éß日本"),
        weight: 9,
      },
      {
        arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
        weight: 1,
      },
    ),
    minLength: 1,
    maxLength: 20,
  })
  .filter(
    text =>
      !/[\x00-\x1f\x7f\\/:*?"<>|]/.test(text) &&
      !/\p{Surrogate}/u.test(text) &&
      text === text.trim() &&
      !/^\.+$/.test(text),
  );

/** As `@backstage/integration` asks for it since 2.1.3, and did before. */
function branchOf(parameters: URLSearchParams): string | undefined {
  return (
    parameters.get('versionDescriptor.version') ??
    parameters.get('version') ??
    undefined
  );
}

describe('the URL of a descriptor', () => {
  it.each([
    [
      { project: 'P', repository: 'r', path: '/catalog-info.yaml' },
      'https://dev.azure.com/contoso/P/_git/r?path=/catalog-info.yaml',
    ],
    [
      {
        project: 'My Project',
        repository: 'r',
        path: '/a b/catalog-info.yaml',
        version: 'GBrelease/1.0',
      },
      'https://dev.azure.com/contoso/My%20Project/_git/r?path=/a%20b/catalog-info.yaml&version=GBrelease/1.0',
    ],
    [
      {
        project: 'R&D',
        repository: 'C#lib',
        path: '/a&b+c#d.yaml',
        version: 'GBfeat/a&b',
      },
      'https://dev.azure.com/contoso/R&D/_git/C%23lib?path=/a%26b%2Bc%23d.yaml&version=GBfeat/a%26b',
    ],
    [
      { project: '100% done', repository: '%41', path: '/catalog-info.yaml' },
      'https://dev.azure.com/contoso/100%25%20done/_git/%2541?path=/catalog-info.yaml',
    ],
  ])('is encoded where it must be and nowhere else: %#: %s', (address, url) => {
    expect(canonicalUrl({ organization, ...address })).toBe(url);
  });

  it.each([
    [
      new Organization('contoso.visualstudio.com', 'contoso'),
      'https://contoso.visualstudio.com/P/_git/r?path=/x.yaml',
    ],
    [
      new Organization('azure.example.com:8443', 'tfs/My Collection'),
      'https://azure.example.com:8443/tfs/My%20Collection/P/_git/r?path=/x.yaml',
    ],
  ])('has the host and path of its organization: %#: %s', (other, url) => {
    expect(
      canonicalUrl({
        organization: other,
        project: 'P',
        repository: 'r',
        path: '/x.yaml',
      }),
    ).toBe(url);
  });

  it('is for ordinary names the one that the official module writes', () => {
    const ordinary = fc
      .string({
        unit: fc.constantFrom(..."abcXYZ019 -_.'();,=!@$~é"),
        minLength: 1,
      })
      .filter(text => text === text.trim());
    fc.assert(
      fc.property(ordinary, ordinary, ordinary, (project, repository, file) => {
        expect(
          canonicalUrl({ organization, project, repository, path: `/${file}` }),
        ).toBe(
          encodeURI(
            `https://dev.azure.com/contoso/${project}/_git/${repository}?path=/${file}`,
          ),
        );
      }),
    );
  });

  it('is parsed by Backstage to the same project, repository, path and branch', () => {
    fc.assert(
      fc.property(
        name,
        name,
        fc.array(name, { minLength: 1, maxLength: 3 }),
        fc.option(name, { nil: undefined }),
        (project, repository, segments, branch) => {
          const path = `/${segments.join('/')}`;
          const url = canonicalUrl({
            organization,
            project,
            repository,
            path,
            version: branch && `GB${branch}`,
          });
          const fetched = new URL(getAzureFileFetchUrl(url));
          const [, , p, , , , r] = fetched.pathname
            .split('/')
            .map(decodeURIComponent);
          expect({
            project: p,
            repository: r,
            path: fetched.searchParams.get('path'),
            branch: branchOf(fetched.searchParams),
          }).toEqual({ project, repository, path, branch });
        },
      ),
    );
  });

  it('resolves against itself, as the catalog does with relative targets, without losing the branch', () => {
    const integrations = ScmIntegrations.fromConfig(
      new ConfigReader({ integrations: {} }),
    );
    expect(readAzureIntegrationConfigs([])).toHaveLength(1);
    const base = canonicalUrl({
      organization,
      project: 'P',
      repository: 'r',
      path: '/a/catalog-info.yaml',
      version: 'GBmain',
    });
    const resolved = new URL(
      integrations.resolveUrl({ url: './b.yaml', base }),
    );
    expect(resolved.searchParams.get('path')).toBe('/a/b.yaml');
    expect(resolved.searchParams.get('version')).toBe('GBmain');
  });
});
