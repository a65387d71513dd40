import type { LocationContext } from '../../src/content/context';
import {
  isUnsupported,
  type RepositoryUrl,
} from '../../src/content/repository-url';
import { isAzureDevOpsUrl, parseRepositoryUrl } from '../../src/content/url';
import { Organization } from '../../src/organization';

const SERVER = 'tfs.example.com';
const context: LocationContext = {
  hosts: ['dev.azure.com', SERVER, 'localhost:8443'],
  organizations: [
    new Organization('dev.azure.com', 'contoso'),
    new Organization(SERVER, 'tfs/DefaultCollection'),
    new Organization(SERVER, 'Plain'),
  ],
};

const contoso = new Organization('dev.azure.com', 'contoso');
const payments = {
  outcome: 'repository',
  organization: contoso,
  project: 'Payments',
  repository: 'api',
  path: undefined,
  version: undefined,
} satisfies RepositoryUrl;
const COMMIT = '23d0bc5b128a10056dc68afece360d8a0fabb014';
const GUID = '278d5cd2-584d-4b63-824a-2ba458937249';

function parse(text: string, within: LocationContext = context) {
  return parseRepositoryUrl(text, within);
}

/** The cells of each line. */
function table(text: string): string[][] {
  const lines = text.split('\n').slice(1, -1);
  return lines.map(line => line.split(' | '));
}

describe('a URL of Azure DevOps Services', () => {
  it.each<[string, Partial<RepositoryUrl>]>([
    ['https://dev.azure.com/contoso/Payments/_git/api', {}],
    ['https://dev.azure.com/contoso/Payments/_git/api/', {}],
    ['  https://dev.azure.com/contoso/Payments/_git/api\n', {}],
    ['https://DEV.azure.com/Contoso/Payments/_git/api', {}],
    ['http://dev.azure.com/contoso/Payments/_git/api', {}],
    ['https://dev.azure.com:443/contoso//Payments/_git/api', {}],
    ['https://contoso@dev.azure.com/contoso/Payments/_git/api', {}],
    ['https://user:secret@dev.azure.com/contoso/Payments/_git/api', {}],
    ['https://dev.azure.com/contoso/Payments/_GIT/api', {}],
    ['https://dev.azure.com/contoso/Payments/_git/_full/api', {}],
    ['https://dev.azure.com/contoso/Payments/_git/_optimized/api', {}],
    ['https://dev.azure.com/contoso/Payments/_git/api/branches', {}],
    ['https://dev.azure.com/contoso/Payments/_git/api/pullrequest/12', {}],
    ['https://dev.azure.com/contoso/_git/Payments', { repository: 'Payments' }],
    [
      `https://dev.azure.com/contoso/_git/${GUID}`,
      { project: undefined, repository: GUID },
    ],
    [
      'https://dev.azure.com/contoso/My%20Project/_git/C%23%20%26%20more',
      { project: 'My Project', repository: 'C# & more' },
    ],
    [
      `https://dev.azure.com/contoso/Payments/_git/api/commit/${COMMIT}?refName=refs%2Fheads%2Fmain`,
      { version: { type: 'commit', version: COMMIT } },
    ],
    ['https://contoso.visualstudio.com/Payments/_git/api', {}],
    [
      'https://contoso.visualstudio.com/DefaultCollection/Payments/_git/api',
      {},
    ],
    [
      'https://Contoso.VisualStudio.com/defaultcollection/Payments/_git/api',
      {},
    ],
    [
      'https://contoso.visualstudio.com/_git/Payments',
      { repository: 'Payments' },
    ],
    [
      'https://contoso.visualstudio.com/DefaultCollection/_git/Payments',
      { repository: 'Payments' },
    ],
  ])('is parsed: %s', (url, expected) => {
    expect(parse(url)).toEqual({ ...payments, ...expected });
  });
});

describe('the path and the version in a query', () => {
  const base = 'https://dev.azure.com/contoso/Payments/_git/api';
  const file = { ...payments, path: '/catalog-info.yaml' };

  it.each<[string, Partial<RepositoryUrl>]>([
    ['?path=/catalog-info.yaml', {}],
    ['?path=%2Fcatalog-info.yaml', {}],
    ['?path=catalog-info.yaml', {}],
    ['?path=//catalog-info.yaml', {}],
    ['?path=/docs/../catalog-info.yaml', {}],
    ['?PATH=/catalog-info.yaml', {}],
    ['?path=/catalog-info.yaml&_a=contents', {}],
    [
      '?path=/catalog-info.yaml&line=3&lineEnd=4&lineStartColumn=1&lineEndColumn=1&lineStyle=plain&_a=contents',
      {},
    ],
    ['?path=/catalog-info.yaml&anchor=usage&fullScreen=true', {}],
    ['?path=/catalog-info.yaml#L3', {}],
    ['#path=%2Fcatalog-info.yaml&version=GBmain&_a=contents', main()],
    ['?path=/catalog-info.yaml&version=GBmain', main()],
    ['?version=GBmain&path=/catalog-info.yaml', main()],
    [
      '?path=/catalog-info.yaml&version=GBfeature%2Fa%26b',
      { version: { type: 'branch', version: 'feature/a&b' } },
    ],
    [
      '?path=/catalog-info.yaml&version=GTv1.0',
      { version: { type: 'tag', version: 'v1.0' } },
    ],
    [
      `?path=/catalog-info.yaml&version=GC${COMMIT}`,
      { version: { type: 'commit', version: COMMIT } },
    ],
    ['?path=/a%2Bb%20c.yaml', { path: '/a+b c.yaml' }],
    ['?path=/**/catalog-info.yaml', { path: '/**/catalog-info.yaml' }],
    ['?path=/docs/', { path: '/docs' }],
    ['?path=/', { path: undefined }],
    ['?path=', { path: undefined }],
    ['?_a=history', { path: undefined }],
  ])('are parsed: %s', (query, expected) => {
    expect(parse(base + query)).toEqual({ ...file, ...expected });
  });

  function main(): Partial<RepositoryUrl> {
    return { version: { type: 'branch', version: 'main' } };
  }
});

describe('an ssh URL', () => {
  it.each<[string, Partial<RepositoryUrl>]>([
    ['git@ssh.dev.azure.com:v3/contoso/Payments/api', {}],
    ['ssh://git@ssh.dev.azure.com/v3/contoso/Payments/api', {}],
    ['ssh://git@SSH.dev.azure.com:22/v3/contoso/Payments/api', {}],
    ['contoso@vs-ssh.visualstudio.com:v3/contoso/Payments/api', {}],
    ['ssh://contoso@vs-ssh.visualstudio.com/v3/contoso/Payments/api', {}],
    [
      'ssh://contoso@vs-ssh.visualstudio.com:22/DefaultCollection/Payments/_ssh/api',
      {},
    ],
    ['ssh://contoso@contoso.visualstudio.com:22/Payments/_git/api', {}],
    [
      'git@ssh.dev.azure.com:v3/contoso/My%20Project/my%20repo',
      { project: 'My Project', repository: 'my repo' },
    ],
    [
      'ssh://tfs.example.com:22/tfs/DefaultCollection/Payments/_git/api',
      {
        organization: new Organization(SERVER, 'tfs/DefaultCollection'),
      },
    ],
  ])('is parsed: %s', (url, expected) => {
    expect(parse(url)).toEqual({ ...payments, ...expected });
  });
});

describe('an _apis URL', () => {
  it.each<[string, Partial<RepositoryUrl>]>([
    ['/contoso/Payments/_apis/git/repositories/api', {}],
    [
      `/contoso/_apis/git/repositories/${GUID}`,
      { project: undefined, repository: GUID },
    ],
    [
      '/contoso/Payments/_apis/git/repositories/api/items?path=/a.yaml&api-version=7.1',
      { path: '/a.yaml' },
    ],
    [
      '/contoso/Payments/_apis/git/repositories/api/items/docs/a.yaml?versionType=Branch&versionOptions=None',
      { path: '/docs/a.yaml' },
    ],
    [
      '/contoso/Payments/_apis/git/repositories/api/items?path=/a.yaml&versionDescriptor%5BversionType%5D=1&versionDescriptor%5Bversion%5D=v1&%24format=octetStream&download=true',
      { path: '/a.yaml', version: { type: 'tag', version: 'v1' } },
    ],
    [
      `/contoso/Payments/_apis/git/repositories/api/items?scopePath=/docs&versionDescriptor.version=${COMMIT}&versionDescriptor.versionType=commit`,
      { path: '/docs', version: { type: 'commit', version: COMMIT } },
    ],
    [
      '/contoso/Payments/_apis/git/repositories/api/items?path=/a.yaml&version=main',
      { path: '/a.yaml', version: { type: 'branch', version: 'main' } },
    ],
    ['/contoso/Payments/_apis/git/repositories/api/refs?filter=heads/', {}],
  ])('is parsed: %s', (path, expected) => {
    expect(parse(`https://dev.azure.com${path}`)).toEqual({
      ...payments,
      ...expected,
    });
  });
});

describe('a URL of Azure DevOps Server', () => {
  const on = (host: string, organization: string, project = 'P') => ({
    organization: new Organization(host, organization),
    project,
  });

  // What is configured decides; otherwise the usual shape.
  it.each(
    table(`
https://tfs.example.com/tfs/DefaultCollection/P/_git/r | tfs.example.com | tfs/DefaultCollection | P
https://tfs.example.com/TFS/defaultcollection/P/_git/r | tfs.example.com | tfs/DefaultCollection | P
https://tfs.example.com/tfs/DefaultCollection/_git/r | tfs.example.com | tfs/DefaultCollection | r
https://tfs.example.com/Plain/P/_git/r | tfs.example.com | Plain | P
https://tfs.example.com/Plain/_git/r | tfs.example.com | Plain | r
https://tfs.example.com/azuredevops/Plain/P/_git/r | tfs.example.com | azuredevops/Plain | P
https://tfs.example.com/azuredevops/Plain/_git/r | tfs.example.com | azuredevops/Plain | r
https://localhost:8443/C/P/_git/r | localhost:8443 | C | P
https://localhost:8443/C/_git/r | localhost:8443 | C | r
https://localhost:8443/tfs/C/P/_git/r | localhost:8443 | tfs/C | P
https://localhost:8443/tfs/C/_git/r | localhost:8443 | tfs/C | r
https://localhost:8443/azuredevops/C/P/_git/r | localhost:8443 | azuredevops/C | P
https://localhost:8443/My%20Collection/P/_git/r | localhost:8443 | My Collection | P
`),
  )('is parsed: %s', (url, host, organization, project) => {
    expect(parse(url ?? '')).toMatchObject({
      ...on(host ?? '', organization ?? '', project),
      repository: 'r',
    });
  });

  it('takes what Backstage calls a collection for a virtual directory when more follows than a project', () => {
    const virtual: LocationContext = {
      hosts: [SERVER],
      organizations: [
        new Organization(SERVER, 'azuredevops'),
        new Organization(SERVER, 'tfs'),
      ],
    };
    expect(
      parse(`https://${SERVER}/azuredevops/C/P/_git/r`, virtual),
    ).toMatchObject(on(SERVER, 'azuredevops/C'));
    expect(parse(`https://${SERVER}/tfs/C/_git/r`, virtual)).toMatchObject(
      on(SERVER, 'tfs/C', 'r'),
    );
  });
});

describe('dev.azure.com and visualstudio.com', () => {
  it('lead to one organization, under the host that a provider uses', () => {
    const legacy: LocationContext = {
      hosts: ['dev.azure.com', 'fabrikam.visualstudio.com'],
      organizations: [
        new Organization('fabrikam.visualstudio.com', 'fabrikam'),
      ],
    };
    for (const url of [
      'https://fabrikam.visualstudio.com/P/_git/r',
      'https://dev.azure.com/Fabrikam/P/_git/r',
      'git@ssh.dev.azure.com:v3/fabrikam/P/r',
    ]) {
      expect(parse(url, legacy)).toMatchObject({
        organization: legacy.organizations[0],
      });
    }
  });

  it('lead to two organizations where only an integration names the legacy host', () => {
    const both: LocationContext = {
      hosts: ['dev.azure.com', 'fabrikam.visualstudio.com'],
      organizations: [],
    };
    expect(
      parse('https://fabrikam.visualstudio.com/P/_git/r', both),
    ).toMatchObject({
      organization: new Organization('fabrikam.visualstudio.com', 'fabrikam'),
    });
    expect(
      parse('https://dev.azure.com/fabrikam/P/_git/r', both),
    ).toMatchObject({
      organization: new Organization('dev.azure.com', 'fabrikam'),
    });
  });

  it('both lead to dev.azure.com where nothing is configured', () => {
    const none: LocationContext = {
      hosts: ['dev.azure.com'],
      organizations: [],
    };
    expect(
      parse('https://fabrikam.visualstudio.com/P/_git/r', none),
    ).toMatchObject({
      organization: new Organization('dev.azure.com', 'fabrikam'),
    });
  });
});

describe('an unsupported URL', () => {
  it.each(
    table(`
 | not a URL
catalog-info.yaml | not a URL
https://dev.azure.com/contoso/Payments/_git/100% | Write %25 for a percent sign
https://dev.azure.com/contoso/Payments/_git/a%00b | NUL
https://dev.azure.com/contoso/P/_git/a?path=/b%00.yaml | NUL
ftp://dev.azure.com/contoso/Payments/_git/api | should begin with https://
http://tfs.example.com/Plain/P/_git/r | should begin with https://
https://github.com/contoso/api | is not known as Azure DevOps
ssh://git@github.com/contoso/_git/api | is not known as Azure DevOps
https://dev.azure.com.evil.example/contoso/P/_git/r | is not known as Azure DevOps
https://dev.azure.com/contoso | has /_git/{repository} after the project
https://dev.azure.com/contoso/Payments | has /_git/{repository} after the project
https://dev.azure.com/contoso/Payments/_git | ends at _git
https://dev.azure.com/contoso/Payments/_wiki/wikis/w | points to '_wiki'
https://dev.azure.com/contoso/Payments/_versionControl?path=%24/P | points to '_versionControl'
https://dev.azure.com/contoso/_apis/wit/workitems/1 | Of the addresses below _apis only
ssh://git@ssh.dev.azure.com/contoso/Payments/api | The ssh URL names no repository
https://dev.azure.com/_git/api | names no organization
https://dev.azure.com/contoso/a/b/_git/api | but there is 'a/b'
https://tfs.example.com/tfs/DefaultCollection/a/b/_git/r | but there is 'a/b'
git@ssh.dev.azure.com:v3/contoso/api | After v3/ there should be
https://dev.azure.com/contoso/P/_git/r?path=/a&version=main | is no branch, tag or commit
https://dev.azure.com/contoso/P/_git/r?path=/a&version=GB | is no branch, tag or commit
https://dev.azure.com/contoso/P/_git/r?path=/a&version=GCmain | A commit id is 7 to 40 hexadecimal digits
https://dev.azure.com/contoso/P/_git/r?path=/../../etc/passwd | leaves the repository
`),
  )('%j is reported: %s', (url, message) => {
    expect(parse(url ?? '')).toMatchObject({
      outcome: 'unsupported',
      message: expect.stringContaining(message ?? ''),
    });
  });

  it('is reported without its user name and token', () => {
    const unsupported = parse('https://me:hunter2@github.com/contoso/api');
    expect(isUnsupported(unsupported) && unsupported.message).not.toContain(
      'hunter2',
    );
  });
});

describe('whether the URL reader is responsible for a URL', () => {
  it.each([
    ['https://dev.azure.com/contoso', true],
    ['https://dev.azure.com/contoso/P/_git/r', true],
    ['http://dev.azure.com/contoso/P/_git/r', true],
    [`https://${SERVER}/anything`, true],
    [`http://${SERVER}/Plain/P/_git/r`, false],
    ['https://contoso.visualstudio.com/P/_git/r', true],
    ['https://code.visualstudio.com/docs', false],
    ['https://marketplace.visualstudio.com/items?itemName=a', false],
    ['https://github.com/contoso/api', false],
    ['ssh://git@ssh.dev.azure.com/v3/contoso/P/r', true],
    ['git@ssh.dev.azure.com:v3/contoso/P/r', true],
    ['ssh://git@github.com/contoso/api', false],
    ['not a URL', false],
  ])('%s: %s', (url, expected) => {
    expect(isAzureDevOpsUrl(url, context)).toBe(expected);
  });
});
